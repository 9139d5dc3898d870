"""Arrays of whatever library a simulator uses, as numpy arrays; torch is never imported."""

from __future__ import annotations

import math
import sys
from typing import Any, Sequence

import numpy as np


def as_array(values: Any) -> np.ndarray:
    """A numpy array of numbers, sequences, arrays or torch tensors, on whatever device; may share their memory."""
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "detach"):
        return values.detach().cpu().numpy()
    return np.asarray(values)


def nearest(array: Any) -> Any:
    """A tensor in the host's memory as a numpy array on that memory, since numpy is the faster one with few rows."""
    if isinstance(array, np.ndarray) or array.device.type != "cpu":
        return array
    return array.detach().numpy()


class Rows:
    """The recorded rows of a simulator's arrays, whose first axis counts its envs.

    env_ids: (n,) indices along that axis.
    """

    def __init__(self, env_ids: Sequence[int]) -> None:
        self.env_ids = np.asarray(env_ids, dtype=np.int64)
        first, count = int(self.env_ids[0]), len(self.env_ids)
        # Neighbouring rows are a view, which costs nothing; others are one index and one copy.
        neighbours = np.array_equal(self.env_ids, np.arange(first, first + count))
        self._slice = slice(first, first + count) if neighbours else None
        self._index: Any = None

    def __len__(self) -> int:
        return len(self.env_ids)

    def of(self, array: Any) -> Any:
        """The rows of an array or a tensor, where it is; perhaps a view."""
        array = nearest(array)
        if self._slice is not None:
            return array[self._slice]
        if isinstance(array, np.ndarray):
            return array[self.env_ids]
        if self._index is None or self._index.device != array.device:
            self._index = sys.modules["torch"].as_tensor(self.env_ids, device=array.device)
        return array.index_select(0, self._index)

    def copied(self, array: Any) -> Any:
        """The rows as a copy of their own, since simulators reuse their buffers."""
        rows = self.of(array)
        return rows if self._slice is None else rows.copy() if isinstance(rows, np.ndarray) else rows.clone()

    def table(self, like: Any, num_columns: int) -> Any:
        """An uninitialised (n, num_columns) array of the type of `like`, where that is."""
        like = nearest(like)
        if isinstance(like, np.ndarray):
            return np.empty((len(self), num_columns), like.dtype)
        return like.new_empty((len(self), num_columns))


class Gatherer:
    """Copies rows out of a simulator at once, so that a GPU is waited for once.

    What can be known from the first call is kept, since the time of a simulation is spent here at every step.
    """

    def __init__(self) -> None:
        self._shapes: list[tuple[int, ...]] = []
        self._columns: list[slice] = []

    def gather(self, rows: Sequence[Any]) -> list[np.ndarray]:
        """Copy arrays (n, ...), or torch tensors of one device; float32 arrays of the same shapes in one block."""
        shapes = [array.shape for array in rows]
        if shapes != self._shapes:
            self._plan(shapes)
        flat = [array if len(array.shape) == 2 else array.reshape(len(array), -1) for array in rows]
        if isinstance(flat[0], np.ndarray):
            block = np.concatenate(flat, axis=1)
        else:
            block = as_array(sys.modules["torch"].cat(flat, 1))
        block = block.astype(np.float32, copy=False)
        return [block[:, columns].reshape(shape) for columns, shape in zip(self._columns, self._shapes)]

    def _plan(self, shapes: Sequence[Sequence[int]]) -> None:
        self._shapes = [tuple(shape) for shape in shapes]
        ends = np.cumsum([0, *(math.prod(shape[1:]) for shape in self._shapes)]).tolist()
        self._columns = [slice(start, end) for start, end in zip(ends, ends[1:])]
