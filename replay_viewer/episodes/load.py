"""Loading of episodes: what lies at some paths is found, and there is a record of every episode in it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
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


def load_episodes(paths: str | Path | Sequence[str | Path]) -> Episodes:
    """The episodes of recordings and of files of records, and of all below folders, in the order of their paths.

    Of an episode that is in both, the record is the one that was written in the simulator, with what the recording
    knows beside. What cannot be read is one of `problems`, and the others are read all the same.

    Args:
        paths: of recordings, of files of records (.jsonl, those of Isaac Lab-Arena too), and of folders of them.

    Raises:
        FileProblem: at one of the paths is nothing, or none of these is below it.
    """
    found = _Found()
    sources = list(dict.fromkeys(_sources([paths] if isinstance(paths, str | Path) else paths)))
    with Index() as index:
        known = index.find(sources)
        for source in sources:
            if source not in known:
                stamp = stamp_of(source)
                known[source] = _read(source)
                index.put(source, stamp, *known[source])
            found.add(source, *known[source])
    return Episodes(found.records(), found.problems)


def _read(source: Path) -> tuple[list[EpisodeRecord], str]:
    """The records of a recording, or in a file of records, and what is wrong with it."""
    try:
        if is_record_file(source):
            return read_records(source)
        with closing(load_rollout(source)) as rollout:
            return records_of(rollout), ""
    except (ReplayError, OSError) as error:
        return [], str(error)


class _Found:
    """What was read so far.

    Attributes:
        problems: by path, why nothing or not all was read of it.
    """

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self._derived: list[EpisodeRecord] = []
        self._written: list[EpisodeRecord] = []

    def add(self, source: Path, records: list[EpisodeRecord], problem: str) -> None:
        """Take in the records of a source, and what is wrong with it."""
        if is_record_file(source):
            self._written += from_here(records, source)
        else:
            name = source.as_posix()
            is_so = not records or records[0].recording == name
            self._derived += records if is_so else [replace(record, recording=name) for record in records]
        if problem:
            self.problems[str(source)] = problem

    def records(self) -> list[EpisodeRecord]:
        """Each episode once: those of recordings first."""
        if not self._written:
            return self._derived
        written = {_place(record): record for record in self._written if record.recording is not None}
        met = set()
        merged: list[EpisodeRecord] = []
        for derived in self._derived:
            own = written.get(_place(derived))
            merged.append(derived if own is None else filled(own, derived))
            met.add(_place(derived))
        return merged + [record for record in self._written if _place(record) not in met]


def _place(record: EpisodeRecord) -> tuple[str | None, int, int]:
    """Which episode of which recording it is of."""
    return record.recording, record.env_id, record.episode_in_env


def _sources(paths: Sequence[str | Path]) -> list[Path]:
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
