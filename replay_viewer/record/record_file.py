"""An .npy file of fixed-size records that grows by one write per append."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Union

import numpy as np

from ..npz.npy import build_header, with_count

Block = Union[bytes, memoryview]
# macOS has no fdatasync.
_sync_data = getattr(os, "fdatasync", os.fsync)
# Some network and user-space file systems cannot sync a file or a folder. A recording must be possible there.
_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
_CLOSED = -1


class RecordFile:
    """Creates the file; `write` costs one system call.

    How many records it holds is for the caller to remember: a write that is done again, since something interrupted
    it before it was counted, goes to the same place.
    """

    def __init__(self, path: Path, dtype: np.dtype) -> None:
        self._header = build_header(dtype)
        self._record_bytes = dtype.itemsize
        # Emptied where it exists: then a recording was interrupted just when it began the file.
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            write_all(self._fd, self._header, 0)
        except BaseException:
            self.abandon()
            path.unlink()
            raise

    def write(self, index: int, block: Block) -> None:
        """Write records from the index-th on. Raises OSError, for example on a full disk."""
        write_all(self._fd, block, len(self._header) + index * self._record_bytes)

    def cut(self, count: int) -> None:
        """Drop what lies behind the first `count` records."""
        end = len(self._header) + count * self._record_bytes
        if os.fstat(self._fd).st_size > end:
            os.ftruncate(self._fd, end)

    def sync(self, count: int) -> None:
        """State the count in the header and have it all on the disk. May run beside `write` in another thread."""
        os.pwrite(self._fd, with_count(self._header, count), 0)
        sync_data(self._fd)

    def close(self, count: int) -> None:
        """Sync and close; a second call does nothing."""
        if self._fd == _CLOSED:
            return
        try:
            self.cut(count)
            self.sync(count)
        except OSError:
            self.abandon()
            raise
        self.abandon()

    def abandon(self) -> None:
        """Close it as it is."""
        # Forgotten first: the system may give the number to another file of this process at once.
        fd, self._fd = self._fd, _CLOSED
        if fd != _CLOSED:
            os.close(fd)


def write_all(fd: int, block: Block, offset: int) -> None:
    """Write the whole block; the system may take it in parts (signals, a nearly full disk, 2 GiB and more)."""
    written = os.pwrite(fd, block, offset)
    while written < len(block):
        written += os.pwrite(fd, memoryview(block)[written:], offset + written)


def sync_data(fd: int) -> None:
    """Have a file's or a folder's content on the disk, where its file system can."""
    try:
        _sync_data(fd)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
