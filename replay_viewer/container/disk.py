"""A disk as recordings need it: writes that are whole, and syncs where the file system can."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Union

from ..errors import FileProblem

Block = Union[bytes, memoryview]

# So much of a disk is left to others by what is unpacked for a while.
SPARED_BYTES = 256 << 20

# macOS has no fdatasync.
_sync_data = getattr(os, "fdatasync", os.fsync)
# Some network and user-space file systems cannot sync a file or a folder. A recording must be possible there.
_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


def refuse_without_posix(path: Path) -> None:
    """Raise FileProblem where the system cannot write recordings: Windows has no writes at a place of a file."""
    if not hasattr(os, "pwrite"):
        problem = "recordings are written on Linux and macOS, and this system can only read them."
        raise FileProblem(path, problem, "Under Windows, record in WSL.")


def write_all(fd: int, offset: int, size: int, blocks: Sequence[Block]) -> None:
    """Write blocks of `size` bytes one behind the other; by one system call, unless the system takes less at once.

    It does for signals, on a nearly full disk, and from 2 GiB on.
    """
    if len(blocks) == 1:
        written = os.pwrite(fd, blocks[0], offset)
    elif hasattr(os, "pwritev"):
        written = os.pwritev(fd, blocks, offset)
    else:  # Older versions of macOS.
        written = 0
    if written < size:
        rest = memoryview(b"".join(blocks))
        while written < size:
            written += os.pwrite(fd, rest[written:], offset + written)


def sync_data(fd: int) -> None:
    """Have a file's or a folder's content on the disk, where its file system can."""
    try:
        _sync_data(fd)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def put_in_place(path: Path, content: bytes) -> None:
    """Write a small file of a folder that is new itself, such that no reader ever sees half of it."""
    partial = path.with_name(path.name + ".partial")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        write_all(fd, 0, len(content), (content,))
        sync_data(fd)
    finally:
        os.close(fd)
    os.replace(partial, path)
    _sync_folder(path.parent)
    _sync_folder(path.parent.parent)


def _sync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        sync_data(fd)
    finally:
        os.close(fd)
