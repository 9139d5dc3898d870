"""A file of JSON lines that another process appends to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..container.extents import Extent, content_of
from ..container.log import read_lines


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
