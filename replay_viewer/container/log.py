"""Files of one JSON object per line, for what is known late or happens rarely."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

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
