"""A take: a recording, or one env or episode of it, as it is shown beside others in a world."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadArgument, UnknownName, printable
from ..theme import Rgb
from .modes import Alignment

# Kinematics and meshes take a second to import, and a viewer's page is served before them.
if TYPE_CHECKING:
    from .frames import Frame
    from .replay import Replay

# Of positions: 7 * 0.02 / 0.02 is not 7 by its last digit, and then lies between two steps.
_DIGITS = 6
_AT_START, _AT_END = "waits at its start", "waits at its end"


@dataclass(frozen=True)
class Take:
    """A recording, or one env or episode of it, in a world.

    Attributes:
        replay: the recording and its robots.
        env_index: the env that is shown, as a position in the recording.
        start: the step that is shown when the lead shows its own start.
        steps: those that it stays within, for example of one episode; None for all that are recorded, and those that
            come. Of the lead all are shown.
        tint: its colour, sRGB 0..255; None for the robots' own, and in `world_of` for one that nobody has.
        offset: added to where it stands, x, y and z [m].
        delay: how much later than it would be else it is shown [s]; earlier, where it is negative.
        mark: a step that is shown when others show theirs, in worlds that are aligned by bookmarks; None without one.
        key: by which its world knows it; empty for the lead.

    Raises:
        UnknownName: an env that is not there.
        BadArgument: steps or a mark that are not there, or a delay that is no number.
    """

    replay: Replay
    env_index: int = 0
    start: int = 0
    steps: range | None = None
    tint: Rgb | None = None
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    delay: float = 0.0
    mark: int | None = None
    key: str = ""

    def __post_init__(self) -> None:
        rollout = self.replay.rollout
        if not 0 <= self.env_index < rollout.num_envs:
            raise UnknownName("env index", self.env_index, range(rollout.num_envs))
        shown = range(self.start, self.start + 1) if self.steps is None else self.steps
        if shown.step != 1 or not 0 <= shown.start <= self.start < shown.stop <= rollout.num_steps:
            asked = self.start if self.steps is None else f"{self.start} in {self.steps}"
            raise BadArgument("start", asked, f"{rollout.name} has steps 0 to {rollout.num_steps - 1}.")
        if self.mark is not None and not self.span[0] <= self.mark <= self.span[1]:
            raise BadArgument(
                "mark", self.mark, f"of {rollout.name}, steps {self.span[0]} to {self.span[1]} are shown."
            )
        if not math.isfinite(self.delay):
            raise BadArgument("delay", self.delay, "expected seconds.")

    @classmethod
    def of_episode(cls, replay: Replay, env_index: int, number: int) -> Take:
        """One episode of an env, counted from 0. Raises UnknownName."""
        episodes = replay.rollout.episodes(env_index)
        if not 0 <= number < len(episodes):
            raise UnknownName("episode", number, range(len(episodes)))
        episode = episodes[number]
        return cls(replay, env_index, episode.first_step, range(episode.first_step, episode.last_step + 1))

    @property
    def span(self) -> tuple[int, int]:
        """First and last step that it shows, both included."""
        last = self.replay.rollout.num_steps - 1
        return (0, last) if self.steps is None else (self.steps.start, self.steps.stop - 1)

    @property
    def episode_number(self) -> int | None:
        """The number within its env of the episode that it shows; None where it shows all that is recorded."""
        return None if self.steps is None else self.replay.rollout.episode_at(self.env_index, self.start).index

    def zero(self, alignment: Alignment) -> int:
        """The step that stands at time 0. Raises BadArgument where it has none such."""
        if alignment == "recording":
            return 0
        if alignment == "end":
            end = self.replay.rollout.episode_at(self.env_index, self.start).last_step
            return min(end, self.span[1])
        if alignment == "mark":
            if self.mark is None:
                name = printable(self.replay.rollout.name)
                fix = "has no bookmark: note one beside an episode in the table, at the step that is shown."
                raise BadArgument("alignment", "mark", f"{name} {fix}")
            return self.mark
        return self.start

    def position_at(self, seconds: float, alignment: Alignment = "start") -> float:
        """Its position, in steps, so long after its zero or before it; it waits at its first and its last step."""
        first, last = self.span
        return float(min(max(self._unbound_position(seconds, alignment), first), last))

    def positions_at(self, seconds: np.ndarray, alignment: Alignment = "start") -> np.ndarray:
        """Its positions (S,) at such times (S,) after its zero; NaN where it waits, and so has nothing to tell."""
        first, last = self.span
        positions = self.zero(alignment) + np.round(seconds / self.replay.rollout.control_dt, _DIGITS)
        return np.where((positions >= first) & (positions < last + 1), np.minimum(positions, last), np.nan)

    def note_at(self, seconds: float, alignment: Alignment = "start") -> str:
        """What is told of it then: whether it waits."""
        first, last = self.span
        position = self._unbound_position(seconds, alignment)
        # The last step lasts as long as any other.
        return _AT_END if position >= last + 1 else _AT_START if position < first else ""

    def _unbound_position(self, seconds: float, alignment: Alignment) -> float:
        """Where it would be so long after its zero if it had neither beginning nor end."""
        return self.zero(alignment) + round(seconds / self.replay.rollout.control_dt, _DIGITS)

    def frame_at(self, position: float) -> Frame:
        """What is drawn of it at a position of its own, where it was recorded."""
        return self.replay.frames.frame_at(position, [self.env_index])
