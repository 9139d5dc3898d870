"""Bytes at offsets of many files, with few of them open."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from ..container.extents import Extent
from ..errors import FileProblem

_READ_ONLY = os.O_RDONLY | os.O_CLOEXEC


class FilePool:
    """Opens files when they are read and closes those that were used least recently; several threads may read.

    Reads are `pread`s and never a memory map: a recording may be cut while it is open, which kills a process that has
    it mapped, and one cold `pread` is a hundred times faster than the page faults of a cold map.
    """

    def __init__(self, max_open: int = 64) -> None:
        self._max_open = max_open
        self._fds: OrderedDict[Path, int] = OrderedDict()
        self._lock = Lock()
        self._is_sealed = False

    def read(self, extent: Extent, offset: int, size: int) -> bytes:
        """`size` bytes of the extent. Raises FileProblem where the file does not hold them any more."""
        if not 0 <= offset <= extent.size - size:
            raise FileProblem(extent.path, f"has no {size} bytes at {offset}.")
        # The lock is held while reading, lest another thread closes this file in between.
        with self._lock:
            content = os.pread(self._fd(extent.path), size, extent.offset + offset)
        if len(content) < size:
            raise FileProblem(extent.path, "got shorter while it was open.", "Open the recording again.")
        return content

    def hold(self, paths: Iterable[Path]) -> None:
        """Open files before they are read, as many as may be open, so that they can be read after they are deleted.

        Raises OSError where one is gone already.
        """
        with self._lock:
            for path in paths:
                if path not in self._fds and len(self._fds) < self._max_open:
                    self._fds[path] = os.open(path, _READ_ONLY)

    def seal(self) -> None:
        """Open no further files: what is under their names now is not what was there. Open ones are read on."""
        self._is_sealed = True

    def close(self) -> None:
        with self._lock:
            while self._fds:
                os.close(self._fds.popitem()[1])

    def _fd(self, path: Path) -> int:
        if path not in self._fds:
            if self._is_sealed:
                raise FileProblem(path, "is gone.")
            if len(self._fds) >= self._max_open:
                os.close(self._fds.popitem(last=False)[1])
            self._fds[path] = _open(path)
        self._fds.move_to_end(path)
        return self._fds[path]


def _open(path: Path) -> int:
    try:
        return os.open(path, _READ_ONLY)
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}.") from error
