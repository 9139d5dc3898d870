"""The films of the table's episodes: looked for in the background, and put to the rows that they show."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...clips.films import UNDRAWN, Film, Library
from ...clips.placing import EpisodePlace, episodes_before, place
from ...episode_record import EpisodeRecord, from_json
from ...errors import ReplayError, printable
from ..background import Job
from .sources import Known, Source

# However many ask, folders are left alone for so long [s], and for so many times as long as a look takes.
_REST, _REST_PER_LOOK = 2.0, 5.0
# Sources of records have numbers from 0 on, recordings that are open negative ones.
_FIRST_NUMBER = 1_000_000
# What a record says of where its episode is in a recording, which a film without one cannot.
_OF_RECORDINGS = ("first_step", "last_step", "start", "end", "recording")


class FilmShelf:
    """The films in some folders and below them. Only the owner thread touches it.

    Attributes:
        films: newest first.
        version: another one whenever they change.
    """

    def __init__(self, post: Callable[..., object], changed: Callable[[], object]) -> None:
        """Nothing is looked for yet.

        Args:
            post: leaves an action with arguments for the owner; from any thread.
            changed: called, by the owner, when there are other films.
        """
        self._post, self._changed = post, changed
        self.films: tuple[Film, ...] = ()
        self.version = 0
        self._libraries: dict[Path, Library] = {}
        self._job: Job | None = None
        self._looked_at, self._took = 0.0, 0.0
        self._numbers: dict[Path, int] = {}

    def look(self, folders: Iterable[Path]) -> None:
        """Look for what is new in these folders, unless that is being done or was just done there."""
        wanted = _outermost(folders)
        is_other = wanted != self._libraries.keys()
        is_busy = self._job is not None and self._job.state == "running"
        rest = max(_REST, _REST_PER_LOOK * self._took)
        if is_busy or not (is_other or time.monotonic() - self._looked_at >= rest):
            return
        self._libraries = {folder: self._libraries.get(folder) or Library(folder) for folder in wanted}
        work = partial(_look, list(self._libraries.values()))
        self._job = Job(work, lambda: self._post(self._take))

    def number_of(self, manifest: Path) -> int:
        """Of a source of episodes that only films are there of."""
        return self._numbers.setdefault(manifest, _FIRST_NUMBER + len(self._numbers))

    def _take(self) -> None:
        job = self._job
        if job is None or job.state != "done":
            return
        self._job, self._looked_at = None, time.monotonic()
        found, self._took = job.result
        if found != self.films:
            self.films, self.version = found, self.version + 1
            self._changed()


def _look(libraries: Sequence[Library], progress: Callable[[int, int], object]) -> tuple[tuple[Film, ...], float]:
    """The films of all of them, and how long that took [s]."""
    began = time.monotonic()
    found: list[Film] = []
    for number, library in enumerate(libraries):
        progress(number, len(libraries))
        found += library.look()
    in_order = sorted(found, key=lambda film: film.age_key, reverse=True)
    return tuple(in_order), time.monotonic() - began


def _outermost(folders: Iterable[Path]) -> set[Path]:
    """Without those that are in others of them."""
    every = {folder.absolute() for folder in folders}
    return {folder for folder in every if not any(other in folder.parents for other in every)}


def film_sources(films: Sequence[Film], shelf: FilmShelf, folder: Path | None) -> list[Source]:
    """Sources of the episodes that only films are there of, one for each manifest.

    folder: from which they are named.
    """
    records: dict[Path, dict[tuple[Any, ...], EpisodeRecord]] = {}
    for film in films:
        record = record_of(film)
        if record is not None:
            records.setdefault(film.manifest, {}).setdefault(record.key, record)
    return [
        Source(shelf.number_of(manifest), manifest, _name(manifest, folder), False, known=Known(list(found.values())))
        for manifest, found in records.items()
    ]


def record_of(film: Film) -> EpisodeRecord | None:
    """What a film says of its episode; None where it does not say which one it is."""
    facts = {name: value for name, value in film.record.facts.items() if name not in _OF_RECORDINGS}
    try:
        return from_json({**facts, **film.record.key}, film.manifest)
    except ReplayError:
        return None


def match(
    films: Sequence[Film], records: Sequence[EpisodeRecord], source_of: Callable[[int], Source]
) -> list[tuple[Film, int | None]]:
    """Films with the row of the episode that they show, None for one that is in no row; undrawn ones are left out.

    Args:
        films: newest first.
        records: of all rows.
        source_of: the source of a row.
    """
    places, recordings = {_place_of(film) for film in films}, {film.recording for film in films} - {None}
    before, rows = episodes_before(films), {}
    for row, record in enumerate(records):
        path = source_of(row).path
        path = None if path is None or not recordings else path.absolute()
        ahead = 0 if path is None else before.get(path, 0)
        for key in ((record.env_id, record.episode_in_env + ahead), path):
            if key in places or key in recordings:
                rows.setdefault(key, []).append(row)

    def row_of(film: Film) -> int | None:
        for row in (*rows.get(film.recording, ()), *rows.get(_place_of(film), ())):
            at = episode_place(records[row], source_of(row), before)
            if at is not None and place(film, at) is not None:
                return row
        return None

    return [(film, row_of(film)) for film in films if film.state != UNDRAWN]


def _place_of(film: Film) -> tuple[Any, Any]:
    return film.record.key.get("env_id"), film.record.key.get("episode_in_env")


def episode_place(record: EpisodeRecord, source: Source, before: Mapping[Path, int]) -> EpisodePlace | None:
    """Where an episode is in its recording; None where that is not here. before: see `episodes_before`."""
    if not source.is_recording or record.first_step is None or record.last_step is None:
        return None
    facts = {name: getattr(record, name) for name in ("run", "job_name", "rebuild", "rank")}
    ahead = 0 if source.path is None else before.get(source.path.absolute(), 0)
    where = record.env_id, record.episode_in_env, record.first_step, record.last_step
    return EpisodePlace(source.path, facts, *where, before=ahead)


def tile(film: Film, at: EpisodePlace | None, address: Callable[[Film], str]) -> Mapping[str, Any]:
    """A film of an episode as the page takes it; its texts come from files."""
    own = film.record
    facts = [f"{name.replace('_', ' ')} {_short(own.facts[name])}" for name in _SAID if name in own.facts]
    return {
        "url": address(film) if film.path is not None and film.num_bytes else "",
        "state": film.state,
        "hasReplay": at is not None and place(film, at) is not None,
        "camera": printable(own.camera or "")[:80],
        "isCut": own.partial,
        "note": printable(own.note or "")[:300],
        "size": own.size,
        "facts": printable(", ".join(facts))[:300],
        "ended": printable(own.ended or own.started or "")[:40],
    }


_SAID = ("iteration", "global_step", "checkpoint", "success_rate")


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _name(manifest: Path, folder: Path | None) -> str:
    parent = manifest.parent.absolute()
    is_below = folder is not None and parent.is_relative_to(folder.absolute())
    name = parent.relative_to(folder.absolute()).as_posix() if is_below and folder is not None else parent.name
    return printable(f"{'' if name == '.' else name + '/'}films")
