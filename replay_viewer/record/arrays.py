"""Arrays of whatever library a simulator uses, as numpy arrays; torch is never imported."""

from __future__ import annotations

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
        """The rows of an array or a tensor, of the same kind and on the same device; perhaps a view."""
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

    def filled(self, like: Any, number: float) -> Any:
        """One number per row, (n,), in the kind, type and place of `like`."""
        if isinstance(like, np.ndarray):
            return np.full(len(self), number, like.dtype)
        return like.new_full((len(self),), number)


def gather(rows: Sequence[Any]) -> list[np.ndarray]:
    """Copy arrays (n, ...), or torch tensors of one device, out of the simulator at once.

    Returns:
        float32 arrays of the same shapes that share one block of memory: a GPU is waited for once.
    """
    count = len(rows[0])
    flat = [array.reshape(count, -1) for array in rows]
    if isinstance(flat[0], np.ndarray):
        block = np.concatenate(flat, axis=1)
    else:
        block = as_array(sys.modules["torch"].cat(flat, 1))
    block = block.astype(np.float32, copy=False)
    ends = np.cumsum([part.shape[1] for part in flat]).tolist()
    shapes = [tuple(array.shape) for array in rows]
    return [block[:, end - part.shape[1] : end].reshape(s) for part, end, s in zip(flat, ends, shapes)]
