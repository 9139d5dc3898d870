"""The list of the recordings in a folder: found and read in the background, told to the pages as it becomes known."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import BadArgument, ReplayError, printable
from ...formats import load_rollout
from ...formats.find import iter_recordings
from ...formats.table import is_recording
from ...progress import Progress
from ...rollout.rollout import Rollout
from ..background import Job
from ..wire.mailbox import Mailbox

# More than this nobody looks through, and the page shows them all at once.
MAX_LISTED = 1000
# However many pages ask for it, a folder is left alone for so long [s], and for so many times as long as a look takes.
_REST, _REST_PER_LOOK = 2.0, 5.0


@dataclass(frozen=True)
class Facts:
    """What the list tells of a recording.

    Attributes:
        num_falls: episodes that were terminated, without success.
    """

    num_steps: int
    seconds: float
    num_envs: int
    num_episodes: int
    num_falls: int


@dataclass(frozen=True)
class Listed:
    """A recording of the list.

    Attributes:
        number: its own, for as long as the list lives.
        name: its path from the folder.
        modified: when [s since 1970].
        facts: None until they are read, and where they cannot be.
        problem: why they cannot be read.
    """

    number: int
    path: Path
    name: str
    modified: float
    facts: Facts | None = None
    problem: str = ""


class RecordingList:
    """The recordings in a folder and below it, newest first.

    One thread at a time looks and reads; any may see what is known meanwhile.

    Attributes:
        folder: where they are.
        listed: what is known of them.
        is_cut: whether there are more than are listed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listed: tuple[Listed, ...] = ()
        self.is_cut = False
        self._numbers: dict[Path, int] = {}

    @property
    def num_read(self) -> int:
        """Of how many recordings it is known what stands in them, or why that cannot be read."""
        return sum(map(_is_read, self.listed))

    def look(self, progress: Callable[[int], object]) -> None:
        """Look which recordings are there now; what was read of one that did not change is kept.

        progress: called with how many were found so far.
        """
        found = []
        for path in islice(iter_recordings(self.folder), MAX_LISTED + 1):
            found.append(path)
            progress(len(found))
        self.is_cut = len(found) > MAX_LISTED
        known = {(recording.path, recording.modified): recording for recording in self.listed}
        listed = [self._listed(path) for path in found[:MAX_LISTED]]
        listed = [known.get((recording.path, recording.modified), recording) for recording in listed]
        self.listed = tuple(sorted(listed, key=lambda recording: (-recording.modified, recording.name)))

    def read_next(self) -> bool:
        """Read the facts of the first recording that lacks them; returns whether there was one."""
        recordings = list(self.listed)
        unread = next((index for index, recording in enumerate(recordings) if not _is_read(recording)), None)
        if unread is None:
            return False
        recordings[unread] = with_facts(recordings[unread])
        self.listed = tuple(recordings)
        return True

    def numbered(self, number: object) -> Listed:
        """The recording that a browser means. Raises BadArgument."""
        found = next((recording for recording in self.listed if recording.number == number), None)
        if found is None or isinstance(number, bool):
            raise BadArgument("recording", printable(str(number)[:40]), "is not in the list (any more).")
        return found

    def find(self, path: Path) -> Listed | None:
        """The recording with a path, if it is listed."""
        return next((recording for recording in self.listed if recording.path == path), None)

    def named(self, name: str) -> Path | None:
        """The recording with a name as the list has it, listed yet or not; None where there is none in the folder."""
        listed = next((recording for recording in self.listed if recording.name == name), None)
        if listed is not None:
            return listed.path
        parts = PurePosixPath(name)
        path = self.folder / parts
        try:
            is_inside = ".." not in parts.parts and path.resolve().is_relative_to(self.folder.resolve())
            return path if is_inside and is_recording(path) else None
        except (OSError, ValueError, RuntimeError):  # A name that no file can have, or links in a circle.
            return None

    def name_of(self, path: Path) -> str:
        """What the list calls a recording in the folder; empty for one elsewhere."""
        return printable(path.relative_to(self.folder).as_posix()) if path.is_relative_to(self.folder) else ""

    def neighbour(self, path: Path, step: int) -> Path | None:
        """The recording that is `step` places after one; None at the ends, and for one that is not listed."""
        paths = [recording.path for recording in self.listed]
        place = paths.index(path) + step if path in paths else -1
        return paths[place] if 0 <= place < len(paths) else None

    def _listed(self, path: Path) -> Listed:
        number = self._numbers.setdefault(path, len(self._numbers))
        return Listed(number, path, self.name_of(path), _modified(path))


def _is_read(recording: Listed) -> bool:
    return recording.facts is not None or bool(recording.problem)


def with_facts(recording: Listed) -> Listed:
    """The same with what its file says, or why that cannot be read."""
    try:
        rollout = load_rollout(recording.path)
    except (ReplayError, OSError) as error:
        problem = str(error).removeprefix(f"{recording.path}: ")
        return replace(recording, problem=printable(" ".join(problem.split())))
    try:
        return replace(recording, facts=facts_of(rollout))
    finally:
        rollout.close()


def facts_of(rollout: Rollout) -> Facts:
    """What the list tells of a rollout."""
    episodes = [episode for env in range(rollout.num_envs) for episode in rollout.episodes(env)]
    falls = sum(episode.outcome == "terminated" and not episode.success for episode in episodes)
    seconds = (rollout.num_steps - 1) * rollout.control_dt
    return Facts(rollout.num_steps, seconds, rollout.num_envs, len(episodes), falls)


def _modified(path: Path) -> float:
    """When a recording was last written to: of a folder, the newest of its files."""
    times = [_time_of(path)]
    if path.is_dir():
        times += [_time_of(file) for file in path.iterdir() if file.is_file()]
    return max(times)


def _time_of(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # Removed since it was found.


class FolderList:
    """A folder's list as the pages show it. Only the owner thread touches it.

    Attributes:
        recordings: what it lists.
    """

    def __init__(self, folder: Path, name: str, mailbox: Mailbox, tell: Callable[[Mapping[str, Any]], object]) -> None:
        """Begin to look.

        Args:
            folder: where the recordings are.
            name: what to call it; empty for the folder's own.
            mailbox: what the work in the background posts its news to.
            tell: hands every page what changed; see `state`.
        """
        self.recordings = RecordingList(folder)
        self._name = name or printable(folder.resolve().name or str(folder))
        self._mailbox, self._tell = mailbox, tell
        self._is_closed = False
        self._told: tuple[Listed, ...] = ()
        self._told_at = 0.0
        self._looking = self._begin()

    @property
    def state(self) -> dict[str, Any]:
        """Everything that a page shows of the list."""
        return {
            "folder": self._name,
            "rows": [_row(listed) for listed in self._told],
            "isCut": self.recordings.is_cut,
            **self._progress(),
        }

    def look_again(self) -> None:
        """Look through the folder again, unless that is being done or was just done."""
        rest = max(_REST, _REST_PER_LOOK * (self._looking.result or 0.0))
        if self._looking.state != "running" and time.monotonic() - self._told_at >= rest:
            self._looking = self._begin()

    def close(self) -> None:
        """Look no further, and tell no more."""
        self._is_closed = True
        self._looking.cancel()

    def _begin(self) -> Job:
        tell = partial(self._mailbox.post, self._tell_news)
        return Job(partial(_look_through, self.recordings, tell), tell)

    def _tell_news(self) -> None:
        """Tell the pages what is known now: all rows when there are others, else those that are known better."""
        if self._is_closed:
            return
        self._told_at = time.monotonic()
        known = self.recordings.listed
        if [listed.number for listed in known] != [listed.number for listed in self._told]:
            news = {"rows": [_row(listed) for listed in known], "isCut": self.recordings.is_cut}
        else:
            news = {"news": {index: _row(now) for index, now in enumerate(known) if now is not self._told[index]}}
        self._told = known
        self._tell({**news, **self._progress()})

    def _progress(self) -> dict[str, Any]:
        return {"isLooking": self._looking.state == "running", "problem": self._looking.problem}


def _look_through(recordings: RecordingList, tell: Callable[[], object], progress: Progress) -> float:
    """Find the recordings, and read what is in them, newest first; returns how long it took to find them [s]."""
    began = time.monotonic()
    recordings.look(lambda num_found: progress(num_found, 0))
    taken = time.monotonic() - began
    tell()  # Which there are, before the first of them is read.
    while recordings.read_next():
        progress(recordings.num_read, len(recordings.listed))
    # Kinematics and meshes take a second to import: done by the time that a recording is chosen.
    importlib.import_module("...replay.replay", __package__)
    return taken


def _row(listed: Listed) -> list[Any]:
    """What the page shows of a recording; see page/library.js."""
    facts = listed.facts
    numbers = None if facts is None else [facts.seconds, facts.num_envs, facts.num_episodes, facts.num_falls]
    return [listed.number, listed.name, listed.modified, numbers, listed.problem]
