"""The films below a folder, whoever writes them there: complete, being written, or left behind."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Iterator

from ..clip_record import ClipRecord, is_manifest
from ..paths import local_path
from ..video.kinds import SUFFIXES
from .manifest import Manifest

# Of more of them than these in one folder, the rest is left out.
MAX_MANIFESTS = 10_000
# Where no lock tells whether a writer lives, it does if its file has grown within that time [s].
_LONGEST_PAUSE = 600.0

COMPLETE, WRITTEN, ORPHANED, UNDRAWN = "complete", "written", "orphaned", "undrawn"


@dataclass(frozen=True)
class Film:
    """A film, or what is there of one.

    Attributes:
        record: what its manifest says of it.
        manifest: the path of that.
        state: "complete"; "written" while its writer lives; "orphaned" where that died before the end; "undrawn" where
            states are recorded that a film is still to be drawn of.
        path: of the file; None where there is none yet.
        modified: when that was last written to [ns since 1970]; 0 without one.
        num_bytes: of the file.
    """

    record: ClipRecord
    manifest: Path
    state: str
    path: Path | None = None
    modified: int = 0
    num_bytes: int = 0

    @property
    def recording(self) -> Path | None:
        """The absolute path of its states, which need not be there; None where none were recorded."""
        name = self.record.recording
        return None if name is None else Path(os.path.abspath(self.manifest.parent / name))

    @property
    def age_key(self) -> tuple[str, int]:
        """Films in this order are from the oldest to the newest."""
        return self.record.ended or self.record.started or "", self.modified


class Library:
    """The films of all manifests in a folder and below it; what did not change is not read again.

    One thread at a time looks.

    Args:
        folder: where they are.

    Attributes:
        folder: likewise.
        films: what was there when somebody last looked, newest first.
        problems: of manifests that cannot be read, by path, why.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = local_path(folder)
        self.films: tuple[Film, ...] = ()
        self.problems: dict[Path, str] = {}
        self._manifests: dict[Path, Manifest] = {}

    def look(self) -> tuple[Film, ...]:
        """See what is there now, newest first."""
        there = list(islice(manifests_below(self.folder), MAX_MANIFESTS))
        self._manifests = {path: self._manifests.get(path) or Manifest(path) for path in there}
        found: list[Film] = []
        for manifest in self._manifests.values():
            manifest.refresh()
            found += films_of(manifest)
        self.problems = {path: one.problem for path, one in self._manifests.items() if one.problem}
        self.films = tuple(sorted(found, key=lambda film: film.age_key, reverse=True))
        return self.films


def films_below(folder: str | Path) -> tuple[Film, ...]:
    """The films of all manifests in a folder and below it, newest first; of what is not there, none."""
    return Library(folder).look()


def manifests_below(folder: Path) -> Iterator[Path]:
    """The manifests in a folder and below it; links to folders are not followed."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(files) if is_manifest(name))


def films_of(manifest: Manifest) -> list[Film]:
    """The films of a manifest that was read; those whose files were removed are none any more."""
    is_written = manifest.is_written if any(not record.complete for record in manifest.records.values()) else False
    found = (_film(record, manifest.path, is_written) for record in manifest.records.values())
    return [film for film in found if film is not None]


def _film(record: ClipRecord, manifest: Path, is_written: bool | None) -> Film | None:
    if record.file is None:
        return Film(record, manifest, UNDRAWN) if record.is_drawn_later else None
    path = manifest.parent / record.file
    try:
        status = path.stat()
        # A link in the folder may lead out of it, which a path in the manifest cannot.
        is_inside = _is_inside(path, manifest)
    except (OSError, RuntimeError):  # Not there, or links in a circle.
        return None
    if not is_inside or not path.name.lower().endswith(SUFFIXES):
        return None
    state = COMPLETE if record.complete else _state(is_written, status.st_mtime)
    return Film(record, manifest, state, path, status.st_mtime_ns, status.st_size)


def _is_inside(path: Path, manifest: Path) -> bool:
    folder = os.path.realpath(manifest.parent)
    return os.path.commonpath([folder, os.path.realpath(path)]) == folder


def _state(is_written: bool | None, modified: float) -> str:
    if is_written is None:
        is_written = time.time() - modified < _LONGEST_PAUSE
    return WRITTEN if is_written else ORPHANED
