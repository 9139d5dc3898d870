"""The world: recordings that are shown in one scene. One leads, and up to seven others follow it by time.

No wall clock and no browser: where playback stands is a position of the lead, which the others are asked at.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ..errors import BadArgument, FileProblem, ReplayError, UnknownName, printable
from ..theme import TAKE_COLORS, rgb_bytes
from .marks import marked
from .modes import Alignment, Mode, check_alignment, check_mode, offsets_of
from .take import Take

# Kinematics and meshes take a second to import, and a viewer's page is served before them.
if TYPE_CHECKING:
    from .frames import Frame
    from .replay import Replay

# More of them cannot be told apart, by their colours and by where they are.
MOST_TAKES = 8

_Number = TypeVar("_Number", float, np.ndarray)

# A title with the names of more is too long.
_MOST_NAMES = 3


@dataclass(frozen=True)
class World:
    """Takes in one scene.

    The position of playback is the lead's, in its steps. The others show the same time since what is aligned, by time
    steps of their own, and wait where their recording or episode ends. A lead that is still written may become longer.
    So does another take of the same recording; what else is written is shown as far as it was when it was opened.

    Attributes:
        lead: whom cameras follow, and whose rewards and episodes are told.
        others: drawn beside it, in order; each has a key of its own.
        mode: where they stand, see `modes`.
        alignment: which steps of all are shown at the same time: their starts, their recordings' first steps, the last
            steps of the episodes that they start in, or their bookmarks (`Take.mark`).

    Raises:
        BadArgument: more takes than can be shown, or one without a bookmark where these are aligned.
        UnknownName: a mode or an alignment that there is not.
        ValueError: keys that do not tell them apart.
    """

    lead: Take
    others: tuple[Take, ...] = ()
    mode: Mode = "recorded"
    alignment: Alignment = "start"

    def __post_init__(self) -> None:
        check_number(len(self.takes))
        check_mode(self.mode)
        check_alignment(self.alignment)
        for take in self.takes:
            take.zero(self.alignment)
        keys = [take.key for take in self.takes]
        if len(set(keys)) < len(keys) or self.lead.key:
            raise ValueError(f"the lead's key is empty, and others have keys of their own, not {keys}")

    @property
    def takes(self) -> tuple[Take, ...]:
        """All of them, the lead first."""
        return (self.lead, *self.others)

    @property
    def replays(self) -> tuple[Replay, ...]:
        """The recordings, each once."""
        return tuple({id(take.replay): take.replay for take in self.takes}.values())

    @property
    def names(self) -> tuple[str, ...]:
        """What to call the takes, each by what tells it from the others; from files, so not to be trusted."""
        return _names_of(self.takes)

    @property
    def recording_names(self) -> tuple[str, ...]:
        """The same of `replays`."""
        return _names_of([Take(replay) for replay in self.replays])

    @property
    def title(self) -> str:
        """What to call it, on one line."""
        return title_of(self.names)

    def position_of(self, take: Take, position: float) -> float:
        """Where a take is while the lead is at a position."""
        if take is self.lead:
            return position
        return take.position_at(self._seconds(take, position), self.alignment)

    def positions_of(self, take: Take, steps: range) -> np.ndarray:
        """Where a take is at some of the lead's steps, (S,) in steps of its own; NaN where it waits."""
        at = np.arange(steps.start, steps.stop, steps.step, dtype=np.float64)
        return at if take is self.lead else take.positions_at(self._seconds(take, at), self.alignment)

    def notes(self, position: float) -> tuple[str, ...]:
        """What is told of each take while the lead is at a position: of others whether they wait, else nothing."""
        return ("", *(take.note_at(self._seconds(take, position), self.alignment) for take in self.others))

    def _seconds(self, take: Take, position: _Number) -> _Number:
        """How long after its zero another take is while the lead is at a position, or at some."""
        return (position - self.lead.zero(self.alignment)) * self.lead.replay.rollout.control_dt - take.delay

    def time_line(self, take: Take) -> tuple[float, float]:
        """Where another take's step 0 stands among the lead's positions, and how many of those a step of it takes."""
        lead_dt, take_dt = (each.replay.rollout.control_dt for each in (self.lead, take))
        steps = take_dt / lead_dt
        zero = self.lead.zero(self.alignment) + take.delay / lead_dt
        return (zero - take.zero(self.alignment) * steps, steps) if take is not self.lead else (0.0, 1.0)

    def frames_beside(self, position: float) -> tuple[Frame, ...]:
        """What is drawn of the others while the lead is at a position, where they were recorded; see `offsets`."""
        return tuple(take.frame_at(self.position_of(take, position)) for take in self.others)

    @cached_property
    def offsets(self) -> tuple[np.ndarray, ...]:
        """What is added to where the others were recorded, (3,) [m] each."""
        return offsets_of(self.takes, self.mode)[1:]

    @cached_property
    def offsets_compared(self) -> tuple[np.ndarray, ...]:
        """The same without the room that is between takes side by side: their places are compared by these."""
        return offsets_of(self.takes, "recorded" if self.mode == "recorded" else "ghost")[1:]

    def with_mode(self, mode: Mode) -> World:
        """The same in another mode. Raises UnknownName."""
        return replace(self, mode=mode)

    def with_alignment(self, alignment: Alignment) -> World:
        """The same, aligned otherwise. Raises UnknownName, and BadArgument where one lacks a bookmark."""
        return replace(self, alignment=alignment)

    def with_start(self, step: int) -> World:
        """The same with another start of the lead. Raises BadArgument."""
        steps = self.lead.steps
        return replace(self, lead=replace(self.lead, start=step, steps=steps if steps and step in steps else None))

    def with_marks(self) -> World:
        """The same with the bookmarks that people have noted beside recordings; a take without one keeps its own."""
        return replace(self, lead=marked(self.lead), others=tuple(map(marked, self.others)))

    def with_delay(self, key: str, delay: float) -> World:
        """The same with another delay [s] of one of the others. Raises UnknownName, BadArgument."""
        moved = self.find(key)
        return replace(self, others=tuple(replace(t, delay=delay) if t is moved else t for t in self.others))

    def with_others(self, added: Sequence[Take]) -> World:
        """The same with more takes. Raises BadArgument for more than can be shown."""
        return self._regrouped([*self.takes, *added])

    def without(self, key: str) -> World:
        """The same without one of the others; without the lead, whose key is empty, the first of them leads.

        Raises UnknownName.
        """
        if not key and self.others:
            return self.led_by(self.others[0].key).without(self.others[0].key)
        gone = self.find(key)
        return self._regrouped([take for take in self.takes if take is not gone])

    def led_by(self, key: str) -> World:
        """The same with another lead, in whose place the former one is; all show what they did. Raises UnknownName."""
        lead, former = self.find(key), self.lead
        moved = replace(former, delay=-lead.delay, tint=lead.tint)
        others = [moved if t is lead else replace(t, delay=t.delay - lead.delay) for t in self.others]
        return self._regrouped([replace(lead, delay=0.0, tint=None), *others])

    def find(self, key: str) -> Take:
        """One of the others, by its key. Raises UnknownName."""
        for take in self.others:
            if take.key == key:
                return take
        raise UnknownName("take", printable(key[:40]), [take.key for take in self.others], where="this scene")

    def _regrouped(self, takes: Sequence[Take]) -> World:
        return world_of(takes).with_mode(self.mode).with_alignment(self.alignment)

    def with_env(self, env_index: int) -> World:
        """The same with another env of the lead's recording."""
        return replace(self, lead=replace(self.lead, env_index=env_index))

    @contextmanager
    def reopened(self) -> Iterator[World]:
        """The same with all recordings read anew, for another thread, until the block ends; see `Replay.reopened`."""
        with ExitStack() as stack:
            anew = {id(replay): stack.enter_context(replay.reopened()) for replay in self.replays}
            lead, *others = (replace(take, replay=anew[id(take.replay)]) for take in self.takes)
            yield replace(self, lead=lead, others=tuple(others))

    def close(self) -> None:
        """Close the recordings' files."""
        for replay in self.replays:
            replay.close()


def world_of(takes: Sequence[Replay | Take]) -> World:
    """Takes in one scene: the first leads, the others get keys and colours, where they have none.

    Raises BadArgument for none, and for more than can be shown.
    """
    check_number(len(takes))
    lead, *others = (take if isinstance(take, Take) else Take(take) for take in takes)
    taken = set(lead.replay.rollout.entities)
    free = iter([tint for tint in map(rgb_bytes, TAKE_COLORS) if tint not in {take.tint for take in others}])
    keys = _keys([take.key for take in others], taken)
    named = [replace(take, key=key, tint=take.tint or next(free)) for take, key in zip(others, keys, strict=True)]
    return World(replace(lead, key=""), tuple(named))


def open_world(
    recordings: Sequence[str | Path | Replay | Take],
    open_one: Callable[[str | Path], Replay],
    opened: ExitStack,
    env: int | None = None,
) -> World:
    """A world of recordings that are open, or named by their paths; the same path twice is opened once.

    Args:
        recordings: the lead first.
        open_one: opens a recording.
        opened: closes those that were opened here.
        env: the simulator's index of the env that is shown of each that is no `Take`; None for the first.

    Raises:
        BadArgument: as `world_of` does, before one is opened.
        UnknownName: one that has no such env.
        ReplayError: as `open_one` does; of several it says which.
    """
    check_number(len(recordings))
    by_path: dict[str, Replay] = {}
    for path in (recording for recording in recordings if isinstance(recording, (str, Path))):
        if str(path) not in by_path:
            replay = _named(path, open_one) if len(recordings) > 1 else open_one(path)
            by_path[str(path)] = opened.enter_context(closing(replay))

    def take_of(item: str | Path | Replay | Take) -> Replay | Take:
        replay = by_path[str(item)] if isinstance(item, (str, Path)) else item
        if env is None or isinstance(replay, Take):
            return replay
        return Take(replay, _env_index(replay, env, is_named=len(recordings) > 1))

    return world_of([take_of(item) for item in recordings])


def check_number(count: int) -> None:
    """Raise BadArgument for so many recordings as one scene cannot show."""
    if not 1 <= count <= MOST_TAKES:
        raise BadArgument("recordings", count, f"one scene shows 1 to {MOST_TAKES} of them.")


def title_of(names: Sequence[str]) -> str:
    """What to call several takes, on one line."""
    return ", ".join(names) if len(names) <= _MOST_NAMES else f"{names[0]} and {len(names) - 1} more"


def _env_index(replay: Replay, env_id: int, *, is_named: bool) -> int:
    """Where an env is in a recording, which is named by the error if there is none."""
    rollout = replay.rollout
    if is_named and env_id not in rollout.env_ids:
        raise UnknownName("env", env_id, rollout.env_ids, where=printable(rollout.name))
    return rollout.env_index(env_id)


def _named(path: str | Path, open_one: Callable[[str | Path], Replay]) -> Replay:
    """Open a recording; every error names it."""
    try:
        return open_one(path)
    except ReplayError as error:
        if str(path) in str(error):
            raise
        raise FileProblem(path, str(error)) from error


def _keys(given: Sequence[str], taken: set[str]) -> list[str]:
    """Keys under which the lead has no entity: both name nodes of one scene. Those that can be kept are."""
    keys: list[str] = []

    def is_free(key: str) -> bool:
        return bool(key) and key not in keys and not any(name == key or name.startswith(f"{key}/") for name in taken)

    for key in given:
        keys.append(key if is_free(key) else "")
    for place, key in enumerate(keys):
        keys[place] = key or next(filter(is_free, (f"take{number}" for number in itertools.count(2))))
    return keys


def _names_of(takes: Sequence[Take]) -> tuple[str, ...]:
    """What tells each take from the others; where nothing does, numbers."""
    for name_of in _NAMES:
        names = tuple(name_of(take) for take in takes)
        if len(set(names)) == len(names):
            return names
    return tuple(f"{_name(take)} ({number})" for number, take in enumerate(takes, 1))


def _name(take: Take) -> str:
    return take.replay.rollout.name


def _env_name(take: Take) -> str:
    return f"{_name(take)} env {take.replay.rollout.env_ids[take.env_index]}"


def _episode_name(take: Take) -> str:
    episode = take.replay.rollout.episode_at(take.env_index, take.start)
    return f"{_env_name(take)} episode {episode.index}"


def _folder_name(take: Take) -> str:
    path = take.replay.rollout.path
    return _name(take) if path is None else str(Path(path.parent.name, _name(take)))


_NAMES: tuple[Callable[[Take], str], ...] = (_name, _folder_name, _env_name, _episode_name)
