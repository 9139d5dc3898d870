"""Regular files, opened without waiting and read up to a limit: a path from elsewhere may lead to anything.

Who opens a pipe waits for its other end, who reads a device may read for ever, and a file that takes a few bytes of the
disk may claim terabytes. So whatever was named by somebody else is opened here.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO, BinaryIO

from ..errors import FileProblem

_CHUNK_BYTES = 1 << 20
# What a system lacks of them it does not need.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"))
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: str | Path) -> BinaryIO:
    """Open a file for reading its bytes.

    Raises OSError as `open` does, and FileProblem where something else than a regular file is there.
    """
    return os.fdopen(descriptor_of(path), "rb")


def descriptor_of(path: str | Path, flags: int = os.O_RDONLY, mode: int = 0o777) -> int:
    """The same as a descriptor, which the caller closes; flags and mode: how it is opened, or made by O_CREAT."""
    try:
        _refuse_special(path, os.stat(path).st_mode)  # To open a device may do something already.
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    fd = os.open(path, flags | _FLAGS, mode)
    try:
        _refuse_special(path, os.fstat(fd).st_mode)  # It may be another one by now.
    except BaseException:
        os.close(fd)
        raise
    return fd


def read_regular(path: str | Path, max_bytes: int) -> bytes:
    """All bytes of a file that should be small. Raises as `open_regular`, and FileProblem where it has more."""
    with open_regular(path) as file:
        refuse_large(path, os.fstat(file.fileno()).st_size, max_bytes)
        return read_limited(file, path, max_bytes)


def read_limited(file: IO[bytes], path: object, max_bytes: int) -> bytes:
    """What is left of an open file, in pieces: no size is believed. Raises FileProblem where it is too much."""
    pieces, size = [], 0
    while True:
        piece = file.read(_CHUNK_BYTES)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
        refuse_large(path, size, max_bytes)


def refuse_large(path: object, size: int, max_bytes: int) -> None:
    """Raise FileProblem for a size beyond the limit."""
    if size > max_bytes:
        raise FileProblem(path, f"has {size} bytes, more than the {max_bytes} that are read of such a file.")


def _refuse_special(path: str | Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
        raise FileProblem(path, f"is {kind}, not a file.")
