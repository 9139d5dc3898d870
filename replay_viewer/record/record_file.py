"""An .npy file of fixed-size records that grows by one write per append."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Union

import numpy as np

from .npy import build_header, with_count

Block = Union[bytes, memoryview]
# macOS has no fdatasync.
_sync_data = getattr(os, "fdatasync", os.fsync)


class RecordFile:
    """Creates the file; `append` costs one system call, and after an error the file ends with a whole record.

    The file's position, not O_APPEND, is what appends: on Linux, O_APPEND would send the header's patches to the end.
    """

    def __init__(self, path: Path, dtype: np.dtype) -> None:
        self._header = build_header(dtype)
        self._record_bytes = dtype.itemsize
        self.count = 0
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            write_all(self._fd, self._header)
        except OSError:
            os.close(self._fd)
            path.unlink()
            raise

    def append(self, block: Block, count: int = 1) -> None:
        """Write `count` records. Raises OSError, for example on a full disk; then nothing of them is in the file."""
        try:
            write_all(self._fd, block)
        except OSError:
            self._cut(self.count)
            raise
        self.count += count

    def sync(self) -> None:
        """State the count in the header and have it all on the disk. May run beside `append` in another thread."""
        os.pwrite(self._fd, with_count(self._header, self._written()), 0)
        _sync_data(self._fd)

    def close(self) -> None:
        """Drop what an interrupted append left, state the count, sync, close."""
        self._cut(self._written())
        self.sync()
        os.close(self._fd)

    def _written(self) -> int:
        """Whole records in the file. Its size is the truth, even where an interrupt came between write and count."""
        return (os.fstat(self._fd).st_size - len(self._header)) // self._record_bytes

    def _cut(self, count: int) -> None:
        end = len(self._header) + count * self._record_bytes
        if os.fstat(self._fd).st_size > end:
            os.ftruncate(self._fd, end)
        os.lseek(self._fd, end, os.SEEK_SET)


def write_all(fd: int, block: Block) -> None:
    """Write the whole block; the system may take it in parts (signals, a nearly full disk, 2 GiB and more)."""
    written = os.write(fd, block)
    while written < len(block):
        written += os.write(fd, memoryview(block)[written:])
