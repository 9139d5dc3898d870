"""Copies of a simulator's values in the host's memory, without holding up a GPU."""

from __future__ import annotations

import sys
from typing import Any, Callable

import numpy as np

from .arrays import as_array


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
