"""The notes beside recordings, flags and texts of episodes, read again when their file has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ...episodes.annotations import Annotation, Place, annotations_path, read_annotations
from ...errors import ReplayError

_NONE: Mapping[Place, Annotation] = {}


class Notes:
    """By recording, what is noted of its episodes. Any thread may read, and look.

    Attributes:
        version: another one whenever something was found to be noted.
    """

    def __init__(self) -> None:
        self.version = 0
        self._known: dict[Path, tuple[object, Mapping[Place, Annotation]]] = {}

    def of(self, recording: Path | None) -> Mapping[Place, Annotation]:
        """What is known to be noted beside a recording."""
        return _NONE if recording is None or recording not in self._known else self._known[recording][1]

    def look(self, recordings: Iterable[Path]) -> None:
        """Read those files that are others than when they were read; one that cannot be read has no notes."""
        for recording in recordings:
            stamp = _stamp(recording)
            if stamp == self._known.get(recording, (None, _NONE))[0]:
                continue
            try:
                notes = read_annotations(recording)
            except ReplayError:
                notes = {}
            self._known[recording] = stamp, notes
            self.version += 1


def _stamp(recording: Path) -> object:
    try:
        state = annotations_path(recording).stat()
    except (OSError, ValueError):
        return None
    return state.st_size, state.st_mtime_ns, state.st_ino
