"""Somebody who sits on an environment's hook, and the share that it gets of what the hook sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..rollout.interventions import Intervention
from .problems import Problems
from .reader import Reader
from .seats import Seat
from .seen import CapturedEnds, CapturedStep, Place, SeenStep


@dataclass(eq=False)
class Seated:
    """A seat that is taken; the methods hand on what belongs to its envs.

    Attributes:
        seat: who.
        reader: one that reads what it wants.
        problems: told what does not fit.
        place: where its envs are among the captured ones; None until a step begins.
        has_begun: whether it was handed a step.
    """

    seat: Seat
    reader: Reader
    problems: Problems
    place: Place | None = None
    has_begun: bool = False

    def is_concerned(self, rows: np.ndarray) -> bool:
        """Whether the end of some captured envs' episodes is one of its own."""
        return self.has_begun and self.place is not None and self.place.has_any(rows)

    def begin_step(self, _: None) -> None:
        self.seat.begin_step()

    def forget_counters(self, _: None) -> None:
        self.seat.forget_counters()

    def end_step(self, step: CapturedStep) -> None:
        if self.place is not None:  # It has not sat down in the middle of this step.
            self.has_begun = True
            self.seat.end_step(SeenStep(step, self.place))

    def ending(self, rows: np.ndarray) -> None:
        if self.place is not None and self.seat.wants_endings:
            slots = self.place.slots_of(rows)
            if len(slots):
                self.seat.ending(slots)

    def reset(self, ends: CapturedEnds) -> None:
        if self.place is not None and self.is_concerned(ends.rows):
            self.seat.reset(self.place.ends_of(ends))

    def intervene(self, intervention: Intervention) -> None:
        ids = self.reader.request.rows.env_ids
        slots = np.arange(len(ids)) if intervention.env_id is None else np.flatnonzero(ids == intervention.env_id)
        if len(slots):
            self.seat.intervene(intervention, slots)

    def fail_step(self, failed: tuple[int, list[CapturedEnds]]) -> None:
        number, resets = failed
        if self.place is not None and self.has_begun:
            self.seat.fail_step(number, self.place.all_ends_of(resets))
