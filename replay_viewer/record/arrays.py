"""Arrays of whatever library a simulator uses, as numpy arrays; torch is never imported."""

from __future__ import annotations

import math
import sys
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ..container.layout import is_pose


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
    return (array.detach() if array.requires_grad else array).numpy()


def like(array: Any, numbers: Sequence[float]) -> Any:
    """Numbers as a one-dimensional array of the library and type of another, where that is."""
    return np.array(numbers, array.dtype) if isinstance(array, np.ndarray) else array.new_tensor(numbers)


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
            # The faster one, but it would first make a whole copy of a strided array.
            return array.take(self.env_ids, 0) if array.flags.c_contiguous else array[self.env_ids]
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
    """Copies what is read of a simulator into one block per step, so that a GPU is waited for once.

    The fields lie as a recording has them, poses first; reward terms come last, since more of them may be logged.
    What can be known from the first call is kept: the time of a simulation is spent here at every step.

    Attributes:
        columns: by name, where a field lies in a block's rows.
        shapes: by name, of one env's value.
    """

    def __init__(self) -> None:
        self.columns: dict[str, slice] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._plan: list[tuple[int, int]] = []
        self._width = 0

    def gather(self, read: Mapping[str, Any]) -> Any:
        """Copy rows (n, ...) by name, or tuples of such that stand side by side, into a block (n, width) of float32.

        The block is a tensor where the rows are tensors on a device.

        Raises:
            ValueError: other shapes than at the first call.
        """
        if not self._plan:
            self._make_plan(read)
        arrays = _flat(read)
        parts = []
        for index, num_axes in self._plan:
            part = arrays[index]
            if not isinstance(part, np.ndarray):
                part = nearest(part)
            parts.append(part if num_axes == 2 else part.reshape(len(part), -1))
        if not isinstance(parts[0], np.ndarray):
            return sys.modules["torch"].cat(parts, 1).float()
        block = np.empty((len(parts[0]), self._width), np.float32)
        np.concatenate(parts, axis=1, out=block)
        return block

    def views(self, block: np.ndarray) -> dict[str, np.ndarray]:
        """The fields of a block, (n, *shape) by name."""
        return {name: block[:, columns].reshape(-1, *self.shapes[name]) for name, columns in self.columns.items()}

    def _make_plan(self, read: Mapping[str, Any]) -> None:
        fields = {}
        for name, value in read.items():
            parts = value if isinstance(value, tuple) else (value,)
            width = sum(math.prod(part.shape[1:]) for part in parts)
            self.shapes[name] = (width,) if isinstance(value, tuple) else tuple(value.shape[1:])
            start = sum(len(indices) for indices, _ in fields.values())
            fields[name] = (range(start, start + len(parts)), width)
        arrays, plan, end = _flat(read), [], 0
        for name in sorted(fields, key=lambda name: (not is_pose(name), name == "rew_terms")):
            indices, width = fields[name]
            plan += [(index, len(arrays[index].shape)) for index in indices]
            self.columns[name] = slice(end, end + width)
            end += width
        # At the end, since half a plan would fit no step that follows an interrupt.
        self._width, self._plan = end, plan


def _flat(read: Mapping[str, Any]) -> list[Any]:
    """The arrays one after the other, those of tuples too."""
    arrays: list[Any] = []
    for value in read.values():
        if isinstance(value, tuple):
            arrays += value
        else:
            arrays.append(value)
    return arrays


class HostCopy:
    """A block (n, width) of float32 that has arrived, or is on its way."""

    def __init__(self, block: np.ndarray, wait: Callable[[], object] | None = None) -> None:
        self._block, self._wait = block, wait

    @property
    def block(self) -> np.ndarray:
        """The block, once it is there."""
        if self._wait is not None:
            self._wait()
            self._wait = None
        return self._block


class HostCopier:
    """Fetches blocks; from a CUDA device on a stream of its own, so that the simulation's stream goes on.

    torch's allocators know of both streams: neither the block nor the pinned memory is handed out again before the
    copy is done.
    """

    def __init__(self) -> None:
        self._stream: Any = None

    @property
    def is_ahead(self) -> bool:
        """Whether copies may still be on their way when they are returned."""
        return self._stream is not None

    def copy(self, block: Any) -> HostCopy:
        """Begin to copy a numpy array, which is taken as it is, or a tensor; nobody else may write to it."""
        if isinstance(block, np.ndarray):
            return HostCopy(block)
        return self._copy_from_cuda(block) if block.device.type == "cuda" else HostCopy(as_array(block))

    def _copy_from_cuda(self, block: Any) -> HostCopy:
        torch = sys.modules["torch"]
        if self._stream is None:
            self._stream = torch.cuda.Stream(block.device)
        pinned = torch.empty(block.shape, dtype=block.dtype, pin_memory=True)
        # What fills the block was queued on the simulation's stream.
        self._stream.wait_stream(torch.cuda.current_stream(block.device))
        with torch.cuda.stream(self._stream):
            pinned.copy_(block, non_blocking=True)
            done = self._stream.record_event()
        block.record_stream(self._stream)
        return HostCopy(pinned.numpy(), done.synchronize)
