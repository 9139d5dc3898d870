"""Loading of episodes: what lies at some paths is found, and there is a record of every episode in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path

from ..episode_record import EpisodeRecord
from ..errors import FileProblem, ReplayError
from ..formats import load_rollout
from ..formats.find import has_recordings, is_folder_of_recordings, recordings_below
from ..paths import local_path
from .derive import records_of
from .episodes import Episodes
from .index import Index, stamp_of
from .record_files import filled, from_here, is_record_file, read_records, record_files_below

_Place = tuple[str | None, int, int]


def load_episodes(paths: str | Path | Sequence[str | Path]) -> Episodes:
    """The episodes of recordings and of files of records, and of all below folders, in the order of their paths.

    Of an episode that is in both, the record is the one that was written in the simulator, with what the recording
    knows beside. What cannot be read is one of `problems`, and the others are read all the same.

    Args:
        paths: of recordings, of files of records (.jsonl, those of Isaac Lab-Arena too), and of folders of them.

    Raises:
        FileProblem: at one of the paths is nothing, or none of these is below it.
    """
    found = Found()
    sources = list(dict.fromkeys(sources_of([paths] if isinstance(paths, str | Path) else paths)))
    with Index() as index:
        known = index.find(sources)
        for source in sources:
            found.add(source, *(known[source] if source in known else read_source(source, index)))
    return Episodes(chain.from_iterable(found.by_source().values()), found.problems)


def read_source(source: Path, index: Index) -> tuple[list[EpisodeRecord], str]:
    """The records of a recording, or in a file of records, and what is wrong with it; the index keeps them."""
    stamp = stamp_of(source)
    found = _read(source)
    index.put(source, stamp, *found)
    return found


def _read(source: Path) -> tuple[list[EpisodeRecord], str]:
    try:
        if is_record_file(source):
            return read_records(source)
        with closing(load_rollout(source)) as rollout:
            return records_of(rollout), ""
    except (ReplayError, OSError) as error:
        return [], str(error)


class Found:
    """What was read so far.

    Attributes:
        problems: by path, why nothing or not all was read of it.
    """

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self._derived: dict[Path, list[EpisodeRecord]] = {}
        self._written: dict[Path, list[EpisodeRecord]] = {}

    def add(self, source: Path, records: list[EpisodeRecord], problem: str) -> None:
        """Take in the records of a source, in the place of those that it had before, and what is wrong with it."""
        self.remove(source)
        if is_record_file(source):
            self._written[source] = from_here(records, source)
        else:
            name = source.as_posix()
            is_so = not records or records[0].recording == name
            self._derived[source] = records if is_so else [replace(record, recording=name) for record in records]
        if problem:
            self.problems[str(source)] = problem

    def remove(self, source: Path) -> None:
        """Forget a source."""
        for kept in (self._derived, self._written):
            kept.pop(source, None)
        self.problems.pop(str(source), None)

    def by_source(self) -> dict[Path, list[EpisodeRecord]]:
        """Each episode once, by the recording or else the file that it is in; recordings come first."""
        written = {_place(record): record for records in self._written.values() for record in records}
        names = {recording for recording, *_ in written}
        if names.isdisjoint(source.as_posix() for source in self._derived):
            return {**self._derived, **self._written}
        met = {_place(record) for records in self._derived.values() for record in records} & written.keys()
        merged = {source: [_merged(record, written) for record in records] for source, records in self._derived.items()}
        rest = {
            source: [record for record in records if _place(record) not in met]
            for source, records in self._written.items()
        }
        return {**merged, **rest}


def _merged(derived: EpisodeRecord, written: Mapping[_Place, EpisodeRecord]) -> EpisodeRecord:
    own = written.get(_place(derived))
    return derived if own is None else filled(own, derived)


def _place(record: EpisodeRecord) -> _Place:
    """Which episode of which recording it is of."""
    return record.recording, record.env_id, record.episode_in_env


def sources_of(paths: Sequence[str | Path]) -> list[Path]:
    """Recordings and files of records. Raises FileProblem where there are none."""
    found: list[Path] = []
    for path in map(local_path, paths):
        if not path.exists():
            raise FileProblem(path, "there is no such file.")
        if not is_folder_of_recordings(path) or is_record_file(path):
            found.append(path)
            continue
        files = record_files_below(path)
        if not files and not has_recordings(path):
            raise FileProblem(path, "has no recording in it or below it, and no file of records.")
        found += [*recordings_below(path), *files]
    return found
