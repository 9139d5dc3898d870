"""Hands control steps to a recorder, as `attach` saw them while the simulation ran."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Sequence

import numpy as np

from ..arrays import as_array
from ..container.layout import is_batch_mean
from ..rollout.outcomes import ENDED_IN_STEP
from .adapters import Adapter, Endings
from .copies import Gatherer, HostCopy
from .logged_values import Logged
from .problems import Problems
from .recorder import Recorder
from .witness import EndWitness

# These belong to the step in which an episode ends, so its record holds them, and the table of ends has no need to.
_OF_THE_STEP = ("act", "rew", "rew_terms")
_OUTCOMES = ("aborted", *ENDED_IN_STEP)
_NO_COLUMNS = slice(0, 0)


@dataclass(frozen=True)
class SeenEnds:
    """Envs whose episodes may be over.

    Attributes:
        slots: (k,) their positions in the recording.
        copy: how all recorded envs stood just then.
        endings: how their episodes stood.
    """

    slots: np.ndarray
    copy: HostCopy
    endings: Endings

    @property
    def is_any_over(self) -> bool:
        """Whether the simulator says of any env, here or not, that its episode is over; quickly, for most steps."""
        return bool(as_array(self.endings.terminated).any() or as_array(self.endings.truncated).any())

    def outcomes(self) -> np.ndarray:
        """(k,) how each episode ended; "aborted" where the simulator did not say that it is over."""
        terminated = as_array(self.endings.terminated)[self.slots]
        truncated = as_array(self.endings.truncated)[self.slots]
        return np.where(terminated, "terminated", np.where(truncated, "truncated", "aborted"))


@dataclass
class SeenStep:
    """A control step.

    Attributes:
        copy: how the recorded envs stood when it returned.
        resets: what the resets inside of it were about to overwrite.
        left: all envs that it has not reset, where it leaves that to somebody else.
        unseen: envs whose reset was not seen in it, where the counters are to be asked whether they were reset.
        logged: what the user has logged for it; None if it is the first, which settles the names.
    """

    copy: HostCopy
    resets: Sequence[SeenEnds]
    left: SeenEnds | None
    unseen: SeenEnds | None = None
    logged: Logged | None = None


class StepWriter:
    """Writes a step in its order: of an env that was reset, the transition before the reset and the state after it.

    Attributes:
        witness: of ends that were not seen.
    """

    def __init__(self, recorder: Recorder, gatherer: Gatherer, adapter: Adapter, problems: Problems) -> None:
        self._recorder, self._gatherer, self._problems = recorder, gatherer, problems
        self.witness = EndWitness(len(adapter.rows))
        self._env_ids = adapter.rows.env_ids
        self._hooks = ", ".join(f"{type(hook.owner).__name__}.{hook.name}" for hook in adapter.reset_hooks())
        self._transition, self._not_terminal = adapter.transition, adapter.not_terminal

    def write(self, step: SeenStep) -> None:
        """Write a step, with the episodes that end in it."""
        self._recorder.forget_ends()
        block = step.copy.block
        for reset in step.resets:
            for name in self._transition:
                columns = self._gatherer.columns.get(name, _NO_COLUMNS)
                block[reset.slots, columns] = reset.copy.block[reset.slots, columns]
            self._end(reset, _OUTCOMES)
        if step.left is not None and step.left.is_any_over:
            # What is neither terminated nor truncated goes on.
            self._end(step.left, ENDED_IN_STEP)
        if step.unseen is not None:
            slots = self.witness.fallen(as_array(step.unseen.endings.lengths), step.unseen.slots)
            if len(slots):
                self._end_unseen(replace(step.unseen, slots=slots))
        self._recorder.append_block(block, self._gatherer, step.logged)

    def abort(self, ends: SeenEnds) -> None:
        """Write that a reset outside of a step cut these episodes off."""
        self.witness.forget(ends.slots)
        self._end_episodes(ends, "aborted", ends.slots)

    def forget_lengths(self, _: None) -> None:
        """The counters were set to something else: they tell nothing until the next step."""
        self.witness.forget(np.arange(len(self._env_ids)))

    def end_before(self, resets: Sequence[SeenEnds]) -> None:
        """Write the ends in a step that failed after them and is not recorded, so that it joins no two episodes."""
        for reset in resets:
            self.witness.forget(reset.slots)
            self._end(reset, _OUTCOMES, is_recorded=False)

    def _end_unseen(self, ends: SeenEnds) -> None:
        """Write ends that no hook has seen: in the step where it says so, or its counters begin anew, else before."""
        outcomes, lengths = ends.outcomes(), as_array(ends.endings.lengths)[ends.slots]
        is_in_step = (outcomes != "aborted") | (lengths == 0)
        is_before = ~is_in_step & (lengths == 1)
        for slots, names in ((ends.slots[is_in_step], outcomes[is_in_step]), (ends.slots[is_before], None)):
            if len(slots) == 0:
                continue
            envs = self._env_ids[slots].tolist()
            self._problems.tell(
                "ends of episodes",
                f"are not seen: the counters of envs {envs} began anew without a call of {self._hooks}. They are "
                "recorded without their last state. Reset through that method of the instance, or name the one that "
                "resets in an adapter of your own (`reset_method`).",
            )
            self._recorder.end_unseen(slots.tolist(), None if names is None else names.tolist())

    def _is_not_terminal(self, name: str) -> bool:
        return name in self._not_terminal or is_batch_mean(name)

    def note(self, problem: tuple[str, str]) -> None:
        """Keep what is wrong with a field, by its name, in the recording's log."""
        self._recorder.note_problem(*problem)

    def _end(self, ends: SeenEnds, outcomes: Sequence[str], *, is_recorded: bool = True) -> None:
        """Write those of the ends that have one of these outcomes."""
        found = ends.outcomes()
        for outcome in outcomes:
            slots = ends.slots[found == outcome]
            if len(slots):
                self._end_episodes(ends, outcome, slots, is_recorded=is_recorded)

    def _end_episodes(self, ends: SeenEnds, outcome: str, slots: np.ndarray, *, is_recorded: bool = True) -> None:
        views, endings = self._gatherer.views(ends.copy.block), ends.endings
        values = {
            name: np.full_like(array[slots], np.nan) if self._is_not_terminal(name) else array[slots]
            for name, array in views.items()
            if name not in _OF_THE_STEP
        }
        self._recorder.end_episodes(
            slots.tolist(),
            outcome,
            values,
            lengths=as_array(endings.lengths)[slots].tolist(),
            reasons=_of(endings.reasons, slots),
            success=_of(endings.success, slots),
            time_is_up=as_array(endings.truncated)[slots].astype(bool).tolist(),
            is_recorded=is_recorded,
        )


def _of(values: Sequence[Any] | None, slots: np.ndarray) -> list[Any] | None:
    return None if values is None else [values[slot] for slot in slots]
