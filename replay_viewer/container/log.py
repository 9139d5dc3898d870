"""The files of one JSON object per line, `log.jsonl` and `episodes.jsonl`: for what is known late or happens rarely.

The log also tells a writer that lives from one that died: its writer holds a lock on it, which the system drops with
the process.
"""

from __future__ import annotations

import errno
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import FileProblem
from ..files.regular import descriptor_of, refuse_large
from ..rollout.interventions import Intervention, from_line
from .extents import Extent, content_of
from .info import plain
from .json_object import with_whole_texts
from .layout import MAX_LINE_BYTES, MAX_LINES_BYTES

try:
    import fcntl
except ImportError:  # Windows has no such locks; what only reads does without.
    fcntl = None

# In a line: checksums of files by name.
CHECKSUMS = "crc32"
_CLOSED = -1
_CHUNK_BYTES = 1 << 20
# Halves of characters, as an escape or as bytes.
_MAY_HOLD_HALVES = re.compile(rb"\\u[dD]|\xed")
_MAX_TEXT = 1000  # Characters of a field's problem.
# Of a log that is opened, as much is read as people's hands ever fill, and surely its last lines.
_HEAD_BYTES, _TAIL_BYTES = 1 << 24, 1 << 16
# Some network file systems (Lustre without its option, old NFS) have no locks. A recording must be possible there.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


class JsonLines:
    """A new file that lines are appended to, each in one write.

    Attributes:
        fd: the file, open for appending.
    """

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def append(self, item: Mapping[str, Any]) -> None:
        """Raises OSError; then no part of it stays."""
        write_line(self.fd, item)

    def checksum(self) -> int:
        """CRC-32 of the whole file. May raise OSError."""
        checksum, done = 0, 0
        while True:
            chunk = os.pread(self.fd, _CHUNK_BYTES, done)
            if not chunk:
                return checksum
            checksum, done = zlib.crc32(chunk, checksum), done + len(chunk)

    def close(self) -> None:
        """A second call does nothing. May raise OSError, of a file system that writes late."""
        fd, self.fd = self.fd, _CLOSED
        if fd != _CLOSED:
            os.close(fd)


def checksum_text(checksum: int) -> str:
    """A CRC-32 as it stands in a line."""
    return f"{checksum:08x}"


def write_line(fd: int, item: Mapping[str, Any]) -> None:
    """Append an object to a file that is open for appending. Raises OSError; then no part of its line stays."""
    line = (_without_nan(json.dumps(item, default=plain)) + "\n").encode()
    size = os.fstat(fd).st_size
    try:
        while line:
            line = line[os.write(fd, line) :]
    except OSError:
        os.ftruncate(fd, size)
        raise


def mend_last_line(fd: int) -> None:
    """Give a last line that has lost its end to a crash its end, or cut it off."""
    size = os.fstat(fd).st_size
    start, tail = size, b""
    while start and b"\n" not in tail:
        begin = max(0, start - _CHUNK_BYTES)
        tail, start = os.pread(fd, start - begin, begin) + tail, begin
    torn = tail[tail.rfind(b"\n") + 1 :]
    if not torn:
        return
    try:
        is_whole = isinstance(json.loads(torn), dict)
    except (ValueError, RecursionError):
        is_whole = False
    if is_whole:
        os.write(fd, b"\n")
    else:
        os.ftruncate(fd, size - len(torn))


def read_lines(content: bytes) -> Iterator[dict[str, Any]]:
    """The objects of such a file; lines that are torn, too long or no objects are skipped, as a crash may leave one."""
    for line in content.splitlines():
        if len(line) > MAX_LINE_BYTES or not line.startswith(b"{"):
            continue
        try:
            item = json.loads(line)
            if _MAY_HOLD_HALVES.search(line):
                item = with_whole_texts(item)
        except (ValueError, RecursionError):
            continue
        if isinstance(item, dict):
            yield item


def end_of_lines(content: bytes) -> int:
    """Bytes of the lines that are whole; what is behind them is torn, or not written to its end yet."""
    return content.rfind(b"\n") + 1


class GrowingLines:
    """The lines that another process appends to a file after those which were read already.

    Args:
        path: of the file; it may come into being later.
        seen: content that was read.
        start: bytes in front of it.
    """

    def __init__(self, path: Path, seen: bytes, start: int = 0) -> None:
        self._path = path
        self._offset = start + end_of_lines(seen)

    def new(self) -> Iterator[dict[str, Any]]:
        """The lines appended since the last call; one that is not whole yet comes later. May raise OSError."""
        try:
            size = os.stat(self._path).st_size
        except FileNotFoundError:
            return iter(())
        if size <= self._offset:
            return iter(())
        refuse_large(self._path, size - self._offset, MAX_LINES_BYTES)
        content = content_of(Extent(self._path, self._offset, size - self._offset))
        end = end_of_lines(content)
        self._offset += end
        return read_lines(content[:end])


class ContainerLog:
    """The log of a recording, as far as it tells whether someone still writes.

    Args:
        extent: of the log; None where the recording has none.
        packed: whether it is part of a packed recording, which nobody writes any more.
        every: how many control steps there are for a record.

    Attributes:
        closed: whether the log says that its writer, or a repair, has finished the recording.
        problems: by field, what its recorder has said is wrong with it.
        interventions: what somebody did by hand, in its order; the list grows.
    """

    def __init__(self, extent: Extent | None, *, packed: bool, every: int = 1) -> None:
        self.closed = False
        self.problems: dict[str, str] = {}
        self.interventions: list[Intervention] = []
        self._every = every
        self._extent, self._packed = extent, packed
        if extent is not None:
            if extent.size > _HEAD_BYTES:
                self._take(read_lines(content_of(Extent(extent.path, extent.offset, _HEAD_BYTES - _TAIL_BYTES))))
            skipped = 0 if extent.size <= _HEAD_BYTES else extent.size - _TAIL_BYTES
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
        return None if self._extent is None else is_held(self._extent.path)

    def _take(self, lines: Iterable[Mapping[str, Any]]) -> None:
        for line in lines:
            kind, field, message = line.get("kind"), line.get("field"), line.get("message")
            self.closed = self.closed or kind in ("end", "repair")
            intervention = from_line(line, self._every)
            if intervention is not None:
                self.interventions.append(intervention)
            if kind == "problem" and isinstance(field, str) and isinstance(message, str):
                self.problems[field[:_MAX_TEXT]] = message[:_MAX_TEXT]


def try_lock(fd: int) -> bool:
    """Lock the open file until it is closed; False where another process holds it."""
    return _lock(fd, is_shared=False) is not False


def is_held(path: Path) -> bool | None:
    """Whether another process holds the lock of a file; None where that cannot be known.

    It is taken for a moment to find out, so ask only when a writer has surely taken it.
    """
    try:
        fd = descriptor_of(path)
    except (OSError, FileProblem):
        return None
    try:
        is_free = _lock(fd, is_shared=True)
        return None if is_free is None else not is_free
    finally:
        os.close(fd)


def wait_for_lock(fd: int) -> None:
    """Lock the open file until it is closed, as soon as no other process holds it; at once where there are no locks."""
    if fcntl is not None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise


def _without_nan(text: str) -> str:
    """The JSON text with null for numbers that are none, which JSON does not have."""
    if "NaN" not in text and "Infinity" not in text:
        return text
    return json.dumps(json.loads(text, parse_constant=lambda name: None))


def _lock(fd: int, *, is_shared: bool) -> bool | None:
    """Take the lock if it is free, and say whether it was; None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return None
    return True
