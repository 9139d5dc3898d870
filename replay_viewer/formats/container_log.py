"""The log of a recording, as far as it tells whether someone still writes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..container.extents import Extent, content_of
from ..container.log import read_lines
from ..record.file_lock import is_locked
from .growing_lines import GrowingLines

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
