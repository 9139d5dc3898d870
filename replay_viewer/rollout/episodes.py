"""The episodes of an env: how they ended, in words, and where the keys "previous" and "next" lead among them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .outcomes import OUTCOME_TEXT, Outcome, TerminalState

# What colours tell apart: outcomes, and successes whatever their outcome is.
KIND_TEXT: Mapping[str, str] = {**OUTCOME_TEXT, "success": "success"}
_SUCCESS_TEXT = {True: ", success", False: ", failure", None: ""}

# Steps per read of a long episode. It bounds what a reader holds at once besides the result.
_READ_STEPS = 4096


@dataclass(frozen=True)
class Episode:
    """One env between resets.

    Attributes:
        env_index: position of the env in this recording.
        index: number of the episode within its env.
        first_step: position in this recording.
        last_step: likewise, included.
        outcome: how it ended.
        terminal_state: where its end is; see `TerminalState`.
        terminal_row: of the table of ends, where it is captured there.
        outcome_reason: the simulator's name of the cause, if known.
        success: None where unknown.
        length: its control steps as the simulator counts them, recorded or not; None where it does not.
        total_reward: its return as the recorder has summed it, of all agents together; None where it has not, or has
            not seen all of it.
        facts: whatever else was noted of it, by name.
    """

    env_index: int
    index: int
    first_step: int
    last_step: int
    outcome: Outcome
    terminal_state: TerminalState = "none"
    terminal_row: int = -1
    outcome_reason: str = ""
    success: bool | None = None
    length: int | None = None
    total_reward: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def num_steps(self) -> int:
        return self.last_step - self.first_step + 1


def kind_of(episode: Episode) -> str:
    """A key of `KIND_TEXT`."""
    return "success" if episode.success else episode.outcome


def outcome_text(episode: Episode) -> str:
    """How an episode ended, with the simulator's reason and whether it was a success where that is known."""
    reason = f" ({episode.outcome_reason})" if episode.outcome_reason else ""
    return f"{OUTCOME_TEXT[episode.outcome]}{reason}{_SUCCESS_TEXT[episode.success]}"


def next_episode_start(episodes: Sequence[Episode], step: int) -> int:
    """First step of the episode after the one that contains `step`; `step` itself in the last one."""
    return next((e.first_step for e in episodes if e.first_step > step), step)


def previous_episode_start(episodes: Sequence[Episode], step: int, grace_steps: int) -> int:
    """First step of the current episode; of the one before it up to `grace_steps` after that, as video players do."""
    starts = [e.first_step for e in episodes if e.first_step <= step]
    if len(starts) > 1 and step - starts[-1] <= grace_steps:
        return starts[-2]
    return starts[-1] if starts else step


def next_episode_end(episodes: Sequence[Episode], step: int) -> int:
    """Last step of the next episode that ends after `step`, so that its end is seen; `step` itself if none does."""
    return next((end for end in _ends(episodes) if end > step), step)


def previous_episode_end(episodes: Sequence[Episode], step: int) -> int:
    """Last step of the latest episode that ended before `step`; `step` itself if none did."""
    return max((end for end in _ends(episodes) if end < step), default=step)


def read_windows(episode: Episode, first_step: int | None = None) -> Iterator[slice]:
    """The steps of an episode, or those from `first_step` on, in pieces that are small enough to be read at once."""
    stop = episode.last_step + 1
    for start in range(episode.first_step if first_step is None else first_step, stop, _READ_STEPS):
        yield slice(start, min(start + _READ_STEPS, stop))


class EndsByStep:
    """All episodes of some envs by last step, each as (last step, position among the envs, index in its env)."""

    def __init__(self, envs: tuple[int, ...]) -> None:
        self._envs, self._num_steps, self._num_growths = envs, 0, -1
        self._ends: list[tuple[int, int, int]] = []

    def bring_up_to_date(
        self, episodes_of: Callable[[int], Sequence[Episode]], num_steps: int, num_growths: int
    ) -> None:
        """Look at the episodes of a rollout that may have ended since, at the last step known then or later."""
        if num_growths == self._num_growths:
            return
        first = self._num_steps - 1
        new = [
            (episode.last_step, column, episode.index)
            for column, env in enumerate(self._envs)
            for episode in _ended_from(episodes_of(env), first)
        ]
        # Whole at every moment: work in the background reads on another thread, and may do the same at the same time.
        self._ends = self._ends[: bisect_left(self._ends, (first,))] + sorted(new)
        self._num_steps, self._num_growths = num_steps, num_growths

    def between(self, start: int, stop: int) -> list[tuple[int, int, int]]:
        """Those whose last step lies in start to stop - 1."""
        return self._ends[bisect_left(self._ends, (start,)) : bisect_left(self._ends, (stop,))]


def _ends(episodes: Sequence[Episode]) -> list[int]:
    """Last steps of the episodes that really ended: the end of the recording is no end of an episode."""
    return [e.last_step for e in episodes if e.outcome != "unfinished"]


def _ended_from(episodes: Sequence[Episode], step: int) -> Iterator[Episode]:
    """The episodes whose last step is `step` or later, from the last one back."""
    for episode in reversed(episodes):
        if episode.last_step < step:
            return
        yield episode
