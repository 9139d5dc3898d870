"""Triggers: which episodes, or steps, are recorded. `attach(when=...)` and films take the same ones.

Trigger(every_episodes=50)
Trigger(every_steps=10_000, step_offset=resumed_at, evaluation_only=True)
Trigger(cubic=True)
lambda moment: moment.episode in (0, 7)
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, Callable, Union

from ...errors import BadArgument
from ..training_state import process_state

# A fact of the training: set_training_state(evaluation=True).
EVALUATION = "evaluation"
# From here on, the cubes lie too far apart: then, each of so many.
_LAST_CUBE = 1000


def check_count(name: str, value: Any) -> None:
    """Raise BadArgument for what is neither None nor a whole number from 1 on, Python's or numpy's."""
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if value is not None and (not is_whole or value < 1):
        raise BadArgument(name, repr(value), "expected a whole number from 1 on.")


@dataclass(frozen=True)
class Moment:
    """When an episode begins, or a step is made.

    Attributes:
        episode: the number of the env's episode, from 0 on.
        step: the number of the coming control step, from the trigger's `step_offset` on.
        env_id: the simulator's index of the env.
        evaluation: whether the training says that it is evaluating.
    """

    episode: int
    step: int
    env_id: int
    evaluation: bool


@dataclass(frozen=True)
class Trigger:
    """What is recorded: one episode each time, or as many steps or episodes as whoever records is told.

    Attributes:
        every_episodes: each of so many episodes of an env, the first one too.
        every_steps: from each of so many control steps on, in the middle of an episode too.
        cubic: the episodes 0, 1, 8, 27, ..., 1000, and then each thousandth.
        condition: asked of a `Moment` when an episode begins.
        step_offset: the number of the first control step, of a training that goes on.
        frame_stride: control steps from one frame to the next.
        evaluation_only: only while `set_training_state(evaluation=True)` holds.

    Raises:
        BadArgument: several of the first four, or numbers that cannot be.
    """

    every_episodes: int | None = None
    every_steps: int | None = None
    cubic: bool = False
    condition: Callable[[Moment], Any] | None = None
    step_offset: int = 0
    frame_stride: int = 1
    evaluation_only: bool = False

    def __post_init__(self) -> None:
        for name in ("every_episodes", "every_steps", "frame_stride"):
            check_count(name, getattr(self, name))
        if self.condition is not None and not callable(self.condition):
            raise BadArgument("condition", repr(self.condition), "expected a function of a Moment.")
        chosen = [name for name in ("every_episodes", "every_steps", "cubic", "condition") if getattr(self, name)]
        if len(chosen) > 1:
            raise BadArgument("when", " and ".join(chosen), "contradict each other: give one of them.")

    def begins_with(self, moment: Moment) -> bool:
        """Whether an episode that begins is recorded."""
        if self.evaluation_only and not moment.evaluation:
            return False
        if self.condition is not None:
            return bool(self.condition(moment))
        if self.cubic:
            if moment.episode < _LAST_CUBE:
                return round(moment.episode ** (1 / 3)) ** 3 == moment.episode
            return moment.episode % _LAST_CUBE == 0
        if self.every_episodes is not None:
            return moment.episode % self.every_episodes == 0
        return self.every_steps is None

    def begins_in(self, moment: Moment) -> bool:
        """Whether something is recorded from a step on."""
        if self.every_steps is None or moment.step % self.every_steps:
            return False
        return moment.evaluation or not self.evaluation_only


# What users may give.
When = Union[Trigger, Callable[[Moment], Any]]


def trigger_of(when: Any) -> Trigger | None:
    """What a user gave as a trigger; None stands for none. Raises BadArgument for what is none."""
    if when is None or isinstance(when, Trigger):
        return when
    if callable(when):
        return Trigger(condition=when)
    raise BadArgument("when", repr(when), "expected a Trigger, such as Trigger(every_episodes=10), or a function.")


def is_evaluation() -> bool:
    """Whether the training says that it is evaluating."""
    return bool(process_state().stated(EVALUATION))
