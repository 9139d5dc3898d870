"""A manifest: what one writer says of its films. It may be from anybody, and grow while it is read."""

from __future__ import annotations

from pathlib import Path

from ..clip_record import CLOSED, ClipRecord, newest
from ..container.log import GrowingLines, is_held
from ..errors import FileProblem


def records_of(path: Path) -> dict[str, ClipRecord]:
    """The films of a manifest by their ids, as they are by now; of one that cannot be read, none."""
    manifest = Manifest(path)
    manifest.refresh()
    return manifest.records


class Manifest:
    """The films of one writer, as far as its file says.

    Args:
        path: of the file.

    Attributes:
        path: likewise.
        records: the films by their ids within the manifest, in the order in which they were begun.
        problem: why the file cannot be read; empty where it can.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.problem = path, ""
        self.records: dict[str, ClipRecord] = {}
        self._is_closed = False
        self._lines, self._size = GrowingLines(path, b""), 0

    def refresh(self) -> None:
        """Read what was appended since the last time; a file that was made anew is read anew."""
        try:
            size = self.path.stat().st_size
            if size < self._size:
                self.records, self._is_closed = {}, False
                self._lines = GrowingLines(self.path, b"")
            self._size = size
            lines = list(self._lines.new())
            self.problem = ""
        except (OSError, FileProblem) as error:
            self.problem = str(error)
            return
        self.records.update(newest(lines, self.path))
        self._is_closed = self._is_closed or any(line.get(CLOSED) is True for line in lines)

    @property
    def is_written(self) -> bool | None:
        """Whether its writer lives; None where a file system without locks cannot tell."""
        return False if self._is_closed else is_held(self.path)
