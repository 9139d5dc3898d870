"""The seats on an environment's hook: what is captured of a step once is handed to everybody who sits there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Sequence

import numpy as np

from ..rollout.interventions import Intervention
from .seen import SeenEnds, SeenStep


class Seat(ABC):
    """Who sits on an environment's hook: a recorder, or whatever else wants its steps.

    However many sit there, the simulator's buffers are read once per step and once per reset. In the order of the
    simulation, a seat gets of its envs:

        begin_step          before a control step;
        ending              at once, which envs are about to be reset inside of it, where it `wants_endings`;
        end_step            the step when it has returned: its states, with those before each reset inside of it;
        reset               the states just before a reset between two steps, which cuts episodes off;
        fail_step           the states before the resets inside of a step that raised, and so has no `end_step`;
        forget_counters     that the counters of steps were set to something else;
        intervene           between two steps, what is about to be done by hand;
        fail                an error, after which nothing more may be had.

    The first of these comes with the first step after the seat was taken; what is reset before it has never run. What
    one of them raises ends this seat alone, by its `fail`. Copies may still be on their way from a GPU: who asks for
    their block waits for it. Sit down by `capture.sit`, get up by `capture.get_up`.

    Attributes:
        wants_endings: whether it asks the environment itself about episodes that end.
    """

    wants_endings = False

    @abstractmethod
    def begin_step(self) -> None:
        """A control step begins."""

    def ending(self, slots: np.ndarray) -> None:  # noqa: B027 - most look at the copies, afterwards.
        """The envs at these positions (k,) are about to be reset, inside of the step."""

    @abstractmethod
    def end_step(self, step: SeenStep) -> None:
        """The step has returned."""

    @abstractmethod
    def reset(self, ends: SeenEnds) -> None:
        """A reset between two steps is about to overwrite these."""

    @abstractmethod
    def fail_step(self, number: int, resets: Sequence[SeenEnds]) -> None:
        """The step of this number has raised after these resets; perhaps it was taken over just before."""

    def forget_counters(self) -> None:  # noqa: B027 - few look at them.
        """The counters were set to something else: until the next step, they tell nothing."""

    def intervene(self, intervention: Intervention, slots: np.ndarray) -> None:  # noqa: B027 - as above.
        """Something is about to be done by hand to the envs at these positions (k,), before the coming step."""

    @abstractmethod
    def fail(self, error: Exception) -> None:
        """Something has gone wrong, here or for all; what this raises comes out of the environment's method."""
