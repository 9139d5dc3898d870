"""Copies of a simulator's values: one block per step, in the host's memory, without holding up a GPU."""

from __future__ import annotations

import copy
import sys
from typing import Any, Callable, Mapping

import numpy as np

from ..arrays import as_array
from .gatherer import Fields

_NO_ROWS = np.zeros((0, 0), np.float32)


class HostCopy:
    """A block (n, width) of float32 that has arrived, or is on its way.

    Args:
        block: the memory for it.
        fields: what lies where in it.
        wait: returns as soon as it has arrived.

    Attributes:
        fields: what lies where.
        is_shared: whether several have it.
    """

    def __init__(self, block: np.ndarray, fields: Fields, wait: Callable[[], object] | None = None) -> None:
        self.fields, self.is_shared = fields, False
        self._block, self._wait = block, wait

    @property
    def block(self) -> np.ndarray:
        """The block, once it is there."""
        wait = self._wait
        if wait is not None:  # Perhaps of two threads at once, neither of which may be told of half a block.
            wait()
            self._wait = None
        return self._block

    def own_block(self) -> np.ndarray:
        """The same, to be written to."""
        return self.block.copy() if self.is_shared else self.block

    def rows(self, places: np.ndarray) -> HostCopy:
        """Some rows of it."""
        return _SomeRows(self, places)


class _SomeRows(HostCopy):
    """Rows of a block, looked up when they are asked for: by then the block has arrived."""

    def __init__(self, whole: HostCopy, places: np.ndarray) -> None:
        super().__init__(_NO_ROWS, whole.fields)
        self._whole, self._places = whole, places

    @property
    def block(self) -> np.ndarray:
        if self._block is _NO_ROWS:
            self._block = self._whole.block.take(self._places, 0)
        return self._block


class HostCopier:
    """Fetches blocks; from a CUDA device on a stream of its own, so that the simulation's stream goes on.

    torch's allocators know of both streams: neither the block nor the pinned memory is handed out again before the
    copy is done.

    Attributes:
        is_ahead: whether copies may still be on their way when they are returned.
    """

    def __init__(self) -> None:
        self._stream: Any = None
        self.is_ahead = False

    def copy(self, block: Any, fields: Fields) -> HostCopy:
        """Begin to copy a numpy array, which is taken as it is, or a tensor; nobody else may write to it."""
        if isinstance(block, np.ndarray):
            return HostCopy(block, fields)
        return self._from_cuda(block, fields) if block.device.type == "cuda" else HostCopy(as_array(block), fields)

    def _from_cuda(self, block: Any, fields: Fields) -> HostCopy:
        torch = sys.modules["torch"]
        if self._stream is None:
            self._stream, self.is_ahead = torch.cuda.Stream(block.device), True
        pinned = torch.empty(block.shape, dtype=block.dtype, pin_memory=True)
        # What fills the block was queued on the simulation's stream.
        self._stream.wait_stream(torch.cuda.current_stream(block.device))
        with torch.cuda.stream(self._stream):
            pinned.copy_(block, non_blocking=True)
            done = self._stream.record_event()
        block.record_stream(self._stream)
        return HostCopy(pinned.numpy(), fields, done.synchronize)


def copied(read: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays of their own of what was read, since simulators reuse their buffers."""
    return {
        name: tuple(map(_copied, value)) if isinstance(value, tuple) else _copied(value) for name, value in read.items()
    }


def _copied(part: Any) -> Any:
    return part.clone() if hasattr(part, "clone") else copy.copy(part)
