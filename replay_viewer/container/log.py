"""Files of one JSON object per line, for what is known late or happens rarely."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .extents import Extent, content_of
from .info import plain

_CLOSED = -1


class JsonLines:
    """Appends objects to a new file, each in one write."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def append(self, item: Mapping[str, Any]) -> None:
        """Raises OSError; then no part of it stays."""
        write_line(self.fd, line_of(item))

    def close(self) -> None:
        """A second call does nothing. May raise OSError, of a file system that writes late."""
        fd, self.fd = self.fd, _CLOSED
        if fd != _CLOSED:
            os.close(fd)


def write_line(fd: int, line: bytes) -> None:
    """Append to a file that is open for appending. Raises OSError; then no part of the line stays."""
    size = os.fstat(fd).st_size
    try:
        while line:
            line = line[os.write(fd, line) :]
    except OSError:
        os.ftruncate(fd, size)
        raise


def line_of(item: Mapping[str, Any]) -> bytes:
    """The object as one line."""
    return (json.dumps(item, default=plain) + "\n").encode()


def read_lines(content: bytes) -> Iterator[dict[str, Any]]:
    """The objects of such a file; lines that are torn or no objects are skipped, as a crash may leave one."""
    for line in content.splitlines():
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(item, dict):
            yield item


# Some network file systems (Lustre without its option, old NFS) have no locks. A recording must be possible there.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


def try_lock(fd: int) -> bool:
    """Lock the open file until it is closed; False where another process holds it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def is_locked(fd: int) -> bool | None:
    """Whether another process holds the lock of this file, open for reading; None where there are no locks.

    It is taken for a moment to find out, so ask only when a writer has surely taken it.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return None
    fcntl.flock(fd, fcntl.LOCK_UN)
    return False


class GrowingLines:
    """Reads the lines that come after those which were read already.

    path: of the file; it may come into being later. seen: content that was read, at `start` bytes.
    """

    def __init__(self, path: Path, seen: bytes = b"", start: int = 0) -> None:
        self._path = path
        self._offset = start + _whole(seen)

    def new(self) -> Iterator[dict[str, Any]]:
        """The lines appended since the last call; one that is not whole yet comes later. May raise OSError."""
        try:
            size = os.stat(self._path).st_size
        except FileNotFoundError:
            return iter(())
        if size <= self._offset:
            return iter(())
        content = content_of(Extent(self._path, self._offset, size - self._offset))
        whole = _whole(content)
        self._offset += whole
        return read_lines(content[:whole])


def _whole(content: bytes) -> int:
    """Length of the lines that are whole."""
    return content.rfind(b"\n") + 1


_TAIL_BYTES = 1 << 16


class ContainerLog:
    """closed: whether the log says that its writer, or a repair, has finished the recording."""

    def __init__(self, extent: Extent | None, *, packed: bool) -> None:
        """extent: of the log; None where the recording has none. packed: it is part of a file, and nobody's."""
        self.closed = False
        self._extent, self._packed = extent, packed
        if extent is not None:
            skipped = max(0, extent.size - _TAIL_BYTES)
            tail = content_of(Extent(extent.path, extent.offset + skipped, extent.size - skipped))
            self._take(read_lines(tail))
            self._lines = GrowingLines(extent.path, tail, skipped)

    def refresh(self) -> None:
        """Read what was appended since. May raise OSError."""
        if self._extent is not None and not self._packed and not self.closed:
            self._take(self._lines.new())

    def is_held(self) -> bool | None:
        """Whether a process still has the recording open for writing; None where that cannot be known."""
        if self.closed or self._packed:
            return False
        if self._extent is None:
            return None
        try:
            fd = os.open(self._extent.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return is_locked(fd)
        finally:
            os.close(fd)

    def _take(self, lines: Iterable[Mapping[str, Any]]) -> None:
        self.closed = self.closed or any(line.get("kind") in ("end", "repair") for line in lines)
