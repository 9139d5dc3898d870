"""Copies of a simulator's values: one block per step, in the host's memory, without holding up a GPU."""

from __future__ import annotations

import math
import sys
from typing import Any, Callable, Mapping

import numpy as np

from ..arrays import as_array, numpy_if_on_host
from ..container.layout import is_pose


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
                part = numpy_if_on_host(part)
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
        """Settle in which order the arrays stand in a block, and where each field lies then."""
        arrays = _flat(read)
        indices, count = {}, 0
        for name, value in read.items():
            num_parts = len(value) if isinstance(value, tuple) else 1
            indices[name] = range(count, count + num_parts)
            count += num_parts
        plan, end = [], 0
        for name in sorted(read, key=lambda name: (not is_pose(name), name == "rew_terms")):
            width = sum(math.prod(arrays[index].shape[1:]) for index in indices[name])
            plan += [(index, len(arrays[index].shape)) for index in indices[name]]
            self.columns[name] = slice(end, end + width)
            self.shapes[name] = (width,) if isinstance(read[name], tuple) else tuple(read[name].shape[1:])
            end += width
        # At the end, since half a plan would fit no step that follows an interrupt.
        self._width, self._plan = end, plan


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


def _flat(read: Mapping[str, Any]) -> list[Any]:
    """The arrays one after the other, those of tuples too."""
    arrays: list[Any] = []
    for value in read.values():
        if isinstance(value, tuple):
            arrays += value
        else:
            arrays.append(value)
    return arrays
