"""Where the table's episodes come from: recordings and files of records in a folder, and a recording that is open."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from operator import itemgetter
from pathlib import Path, PurePosixPath

from ...episode_record import GROUPS, NAMES, EpisodeRecord
from ...episodes.derive import records_of
from ...episodes.index import Index
from ...episodes.load import Found, read_source
from ...episodes.record_files import is_record_file, record_files_below
from ...episodes.where import names_of
from ...errors import BadArgument, printable
from ...formats.find import iter_recordings
from ...formats.table import is_recording
from ...progress import Progress
from ...rollout.rollout import Rollout
from .kinds import kind_codes

# Names of one value each.
_SINGLE = [name for name in NAMES if name not in GROUPS]
# Beyond these a folder is not looked through, and the table says so.
MAX_SOURCES, MAX_EPISODES = 10_000, 500_000
# What the index knows is taken out of it in parts, after each of which the table grows.
_PART = 50
# News come at most this often [s], and take no larger part of the time than this.
_NEWS_PERIOD, _NEWS_SHARE = 0.3, 0.1


class Known:
    """The records of a source, and what takes a while to find out of them.

    Attributes:
        records: of its episodes.
        names: by which at least one of them has a value.
        kinds: of the episodes, as codes (N,).
        seconds: when the last of them ends; None where no record says.
        num_envs: how many envs they are of.
    """

    def __init__(self, records: Sequence[EpisodeRecord]) -> None:
        self.records, self.names = records, frozenset(_present(records) | names_of(records))
        self.kinds = kind_codes(records)

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def seconds(self) -> float | None:
        return max((record.end for record in self.records if record.end is not None), default=None)

    @cached_property
    def num_envs(self) -> int:
        return len({record.env_id for record in self.records})


@dataclass(frozen=True)
class Source:
    """A recording or a file of records, as far as it is known.

    Attributes:
        number: its own, for as long as the table lives.
        path: where it is; None for a recording in memory.
        name: from the folder, for people.
        is_recording: whether it can be opened.
        modified: when [s since 1970]; 0 where that says nothing.
        known: its episodes; None until they are read.
        problem: why they, or some of them, cannot be read.
    """

    number: int
    path: Path | None
    name: str
    is_recording: bool = True
    modified: float = 0.0
    known: Known | None = None
    problem: str = ""


class Listing:
    """What is in a folder and below it, newest first.

    One thread at a time looks and reads; any may see what is known meanwhile.

    Attributes:
        folder: where they are.
        sources: what is known of them.
        is_cut: whether there is more than is listed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: tuple[Source, ...] = ()
        self.is_cut = False
        self._numbers: dict[Path, int] = {}
        self._names: dict[Path, str] = {}
        self._found = Found()
        # By path, when it was modified: what is there, and what of it was read.
        self._there: dict[Path, float] = {}
        self._read: dict[Path, float] = {}
        self._known: dict[Path, Known] = {}
        self._has_news = False

    def numbered(self, number: object) -> Source:
        """The recording that a browser means. Raises BadArgument."""
        found = next((source for source in self.recordings if source.number == number), None)
        if found is None or isinstance(number, bool):
            raise BadArgument("recording", printable(str(number)[:40]), "is not in the list (any more).")
        return found

    def find(self, path: Path) -> Source | None:
        """The recording with a path, if it is listed."""
        return next((source for source in self.recordings if source.path == path), None)

    def named(self, name: str) -> Path | None:
        """The recording with a name as the list has it, listed yet or not; None where there is none in the folder.

        A list of a folder above or below has other names for it: those are found too, where only one can be meant.
        """
        listed = next((source for source in self.recordings if source.name == name), None)
        if listed is not None:
            return listed.path
        parts = PurePosixPath(name)
        found = self._inside(parts)
        if found is None:
            own = self.folder.absolute().parts
            counts = range(1, len(parts.parts))
            below = (PurePosixPath(*parts.parts[count:]) for count in counts if own[-count:] == parts.parts[:count])
            found = next(filter(None, map(self._inside, below)), None)
        if found is None:
            above = [source.path for source in self.recordings if source.name.endswith(f"/{name}")]
            found = above[0] if len(above) == 1 else None
        return found

    def _inside(self, parts: PurePosixPath) -> Path | None:
        """The recording at a path from the folder, if it is in there."""
        path = self.folder / parts
        try:
            is_inside = ".." not in parts.parts and path.resolve().is_relative_to(self.folder.resolve())
            return path if is_inside and path.exists() and is_recording(path) else None
        except (OSError, ValueError, RuntimeError):  # A name that no file can have, or links in a circle.
            return None

    def name_of(self, path: Path) -> str:
        """What the list calls what is in the folder; empty for what is elsewhere."""
        return printable(path.relative_to(self.folder).as_posix()) if path.is_relative_to(self.folder) else ""

    def neighbour(self, path: Path, step: int) -> Path | None:
        """The recording that is `step` places after one; None at the ends, and for one that is not listed."""
        paths = [source.path for source in self.recordings]
        place = paths.index(path) + step if path in paths else -1
        return paths[place] if 0 <= place < len(paths) else None

    @property
    def recordings(self) -> list[Source]:
        """Those that can be opened."""
        return [source for source in self.sources if source.is_recording]

    @property
    def num_read(self) -> int:
        """Of how many sources it is known what is in them, or why that cannot be read."""
        return sum(source.known is not None for source in self.sources)

    def look(self, progress: Callable[[int], object]) -> None:
        """Look what is there now; what was read of a file that did not change is kept.

        progress: called with how many were found so far.
        """
        found: list[Path] = []
        for path in islice(iter_recordings(self.folder), MAX_SOURCES + 1):
            found.append(path)
            progress(len(found))
        found += record_files_below(self.folder)
        self.is_cut = len(found) > MAX_SOURCES
        self._there = {path: _modified(path) for path in found[:MAX_SOURCES]}
        for path in self._read.keys() - self._there.keys():
            del self._read[path]
            self._found.remove(path)
            self._has_news = True
        self._publish()

    def read(self, tell: Callable[[], object], progress: Progress) -> None:
        """Read the episodes that are not known, newest first; `tell` is called when there is more to see."""
        unread = [path for path in self._in_order() if not self._is_read(path)]
        news = _Paced(lambda: (self._publish(), tell()))
        with Index() as index:
            for start in range(0, len(unread), _PART):
                for path, known in index.find(unread[start : start + _PART]).items():
                    self._take(path, *known)
                progress(len(self._read), len(self._there))
                news.come()
            for path in unread:
                if not self._is_read(path) and not self._is_full():
                    self._take(path, *read_source(path, index))
                    progress(len(self._read), len(self._there))
                    news.come()
        self._publish()

    def _is_read(self, path: Path) -> bool:
        return self._read.get(path) == self._there[path]

    def _is_full(self) -> bool:
        self.is_cut = self.is_cut or sum(map(len, self._known.values())) > MAX_EPISODES
        return self.is_cut

    def _take(self, path: Path, records: list[EpisodeRecord], problem: str) -> None:
        self._read[path] = self._there[path]
        self._found.add(path, records, problem)
        self._has_news = True

    def _in_order(self) -> list[Path]:
        return sorted(self._there, key=lambda path: (-self._there[path], path))

    def _publish(self) -> None:
        if self._has_news:
            self._has_news, before = False, self._known
            self._known = {
                path: before[path] if path in before and before[path].records is records else Known(records)
                for path, records in self._found.by_source().items()
            }
        self.sources = tuple(map(self._source, self._in_order()))

    def _source(self, path: Path) -> Source:
        problem = self._found.problems.get(str(path), "").removeprefix(f"{path}: ")
        return Source(
            number=self._numbers.setdefault(path, len(self._numbers)),
            path=path,
            name=self._names.get(path) or self._names.setdefault(path, self.name_of(path)),
            is_recording=not is_record_file(path),
            modified=self._there[path],
            known=self._known.get(path),
            problem=printable(" ".join(problem.split())),
        )


class OpenEpisodes:
    """The episodes of a recording that is open; of one that is written, further ones come.

    One thread at a time reads.
    """

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout
        self._ended: list[list[EpisodeRecord]] = [[] for _ in range(rollout.num_envs)]

    def read(self, is_written: bool) -> Known:
        """All episodes there are now, env by env. While the recording is written, those that run have no sums."""
        rollout, envs = self._rollout, range(self._rollout.num_envs)
        new = [episode for env in envs for episode in rollout.episodes(env)[len(self._ended[env]) :]]
        ended = [episode for episode in new if episode.outcome != "unfinished"]
        running = [episode for episode in new if episode.outcome == "unfinished"]
        for episode, record in zip(ended, records_of(rollout, ended), strict=True):
            self._ended[episode.env_index].append(record)
        last: dict[int, list[EpisodeRecord]] = {env: [] for env in envs}
        of_running = records_of(rollout, running, terms=not is_written, totals=not is_written)
        for episode, record in zip(running, of_running, strict=True):
            last[episode.env_index].append(record)
        return Known([record for env in envs for record in (*self._ended[env], *last[env])])


class _Paced:
    """Does something now and then: not too often, and the longer it takes the more rarely."""

    def __init__(self, run: Callable[[], object]) -> None:
        self._run, self._next = run, 0.0

    def come(self) -> None:
        """There is a reason to do it."""
        began = time.monotonic()
        if began >= self._next:
            self._run()
            taken = time.monotonic() - began
            self._next = began + max(_NEWS_PERIOD, taken / _NEWS_SHARE)


def _present(records: Sequence[EpisodeRecord]) -> set[str]:
    """By which of the names of one value each any of them has one."""
    if not records:
        return set()
    values = list(map(vars, records))
    others = [name for name in _SINGLE if values[0][name] is None]
    rows = map(itemgetter(*others, "env_id", "env_id"), values)  # Of one name, it would give no rows.
    columns = zip([*others, "env_id", "env_id"], zip(*rows, strict=True), strict=True)
    return {*_SINGLE}.difference(name for name, column in columns if column.count(None) == len(column))


def _modified(path: Path) -> float:
    """When a source was last written to: of a folder, the newest of its files."""
    times = [_time_of(path)]
    with contextlib.suppress(OSError), os.scandir(path) as entries:  # Perhaps it is no folder.
        times += [_time_of(entry) for entry in entries if entry.is_file()]
    return max(times)


def _time_of(path: Path | os.DirEntry[str]) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # Removed since it was found.
