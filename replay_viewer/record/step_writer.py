"""Hands control steps to a recorder, as a hook saw them while the simulation ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

import numpy as np

from ..arrays import as_array
from ..container.layout import POLICY_ACTION, is_batch_mean
from ..container.words import PackedEnds, Values
from ..rollout.interventions import Intervention
from ..rollout.outcomes import ENDED_IN_STEP
from .adapters import Adapter
from .copies import HostCopy
from .gatherer import Fields
from .logged_values import Logged
from .problems import Problems
from .recorder import Recorder
from .seen import SeenEnds, SeenStep
from .witness import EndWitness

# These belong to the step in which an episode ends, so its record holds them, and the table of ends has no need to.
_OF_THE_STEP = ("act", POLICY_ACTION, "rew", "rew_terms")
_OUTCOMES = ("aborted", *ENDED_IN_STEP)


@dataclass
class HeldStep:
    """A control step that is to be written.

    Attributes:
        seen: as the hook saw it.
        unseen: envs whose reset was not seen in it, where the counters are to be asked whether they were reset.
        logged: what the user has logged for it; None if it is the first, which settles the names.
        is_written: whether that has begun.
    """

    seen: SeenStep
    unseen: SeenEnds | None = None
    logged: Logged | None = None
    is_written: bool = False


class StepWriter:
    """Writes a step in its order: of an env that was reset, the transition before the reset and the state after it.

    Attributes:
        witness: of ends that were not seen.
    """

    def __init__(self, recorder: Recorder, adapter: Adapter, env_ids: np.ndarray, problems: Problems) -> None:
        self._recorder, self._env_ids, self._problems = recorder, env_ids, problems
        self.witness = EndWitness(len(env_ids))
        self._hooks = ", ".join(f"{type(hook.owner).__name__}.{hook.name}" for hook in adapter.reset_hooks())
        self._transition, self._not_terminal = adapter.transition, adapter.not_terminal
        self._names: frozenset[str] = frozenset()
        # Those of the last block, and which of them are recorded.
        self._found, self._fields = Fields(), Fields()
        # How ends of blocks with some fields are packed.
        self._packed: PackedEnds | None = None
        self._packed_fields: Fields | None = None

    def settle(self, fields: Fields) -> None:
        """State, before the first step, which fields are recorded."""
        self._names = frozenset(fields.columns)

    def write(self, step: HeldStep) -> None:
        """Write a step, with the episodes that end in it."""
        self._recorder.forget_ends()
        seen = step.seen
        fields = self._fields if seen.copy.fields is self._found else self._fields_of(seen.copy)
        resets = seen.resets
        for reset in resets:
            self._end(reset, _OUTCOMES)
        left = seen.left
        if left is not None and left.is_any_over:
            # What is neither terminated nor truncated goes on.
            self._end(left, ENDED_IN_STEP)
        if step.unseen is not None:
            lengths = as_array(step.unseen.endings.lengths)
            has_fallen = self.witness.has_fallen(lengths[step.unseen.rows], step.unseen.slots)
            for reset in resets:
                self.witness.take(lengths[reset.rows], reset.slots)
            if has_fallen.any():
                self._end_unseen(step.unseen.of(has_fallen))
        # What is written into the row of an episode that ends is not for others who have the block.
        block = seen.copy.own_block() if resets or self._recorder.has_ends else seen.copy.block
        for reset in resets:
            before = self._fields_of(reset.copy)
            for name in self._transition:
                if name in fields.columns and name in before.columns:
                    block[reset.slots, fields.columns[name]] = reset.copy.block[:, before.columns[name]]
        self._recorder.append_block(block, fields, step.logged)

    def abort(self, ends: SeenEnds) -> None:
        """Write that a reset outside of a step cut these episodes off."""
        self.witness.forget(ends.slots)
        self._end_episodes(ends, "aborted")

    def forget_lengths(self, _: None) -> None:
        """The counters were set to something else: they tell nothing until the next step."""
        self.witness.forget(np.arange(len(self._env_ids)))

    def end_before(self, resets: Sequence[SeenEnds]) -> None:
        """Write the ends in a step that failed after them and is not recorded, so that it joins no two episodes."""
        for reset in resets:
            self.witness.forget(reset.slots)
            self._end(reset, _OUTCOMES, is_recorded=False)

    def note(self, problem: tuple[str, str]) -> None:
        """Keep what is wrong with a field, by its name, in the recording's log."""
        self._recorder.note_problem(*problem)

    def note_intervention(self, intervention: Intervention) -> None:
        """Keep what is done by hand, in the recording's log."""
        self._recorder.note_intervention(intervention)

    def note_episode(self, known: tuple[int, int, Mapping[str, Any]]) -> None:
        """Keep what else is known of the episode of an env, by its position, that ends in a step."""
        self._recorder.note_episode(*known)

    def note_training(self, state: tuple[Mapping[str, Any], int]) -> None:
        """Keep what training it is after a number of steps, in the recording."""
        self._recorder.note_training(*state)

    def _fields_of(self, copy: HostCopy) -> Fields:
        """The recorded fields of a block."""
        if copy.fields is not self._found:
            self._found, self._fields = copy.fields, copy.fields.of(self._names)
        return self._fields

    def _end_unseen(self, ends: SeenEnds) -> None:
        """Write ends that no hook has seen: in the step where it says so, or its counters begin anew, else before."""
        outcomes, lengths = ends.outcomes(), as_array(ends.endings.lengths)[ends.rows]
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

    def _end(self, ends: SeenEnds, outcomes: Sequence[str], *, is_recorded: bool = True) -> None:
        """Write those of the ends that have one of these outcomes, in their order."""
        found = ends.outcomes().tolist()
        if len(found) == 1 and found[0] in outcomes:
            return self._end_episodes(ends, found, is_recorded=is_recorded)
        chosen = [index for outcome in outcomes for index, name in enumerate(found) if name == outcome]
        if chosen:
            names = [found[index] for index in chosen]
            self._end_episodes(ends.of(np.array(chosen)), names, is_recorded=is_recorded)

    def _end_episodes(self, ends: SeenEnds, outcome: str | Sequence[str], *, is_recorded: bool = True) -> None:
        slots, rows, endings = ends.slots, ends.rows, ends.endings
        self._recorder.end_episodes(
            slots.tolist(),
            outcome,
            self._values_of(ends),
            lengths=as_array(endings.lengths)[rows].tolist(),
            reasons=_of(endings.reasons, rows),
            success=_of(endings.success, rows),
            time_is_up=as_array(endings.truncated)[rows].astype(bool).tolist(),
            is_recorded=is_recorded,
        )

    def _values_of(self, ends: SeenEnds) -> Values:
        """The states in which they end, as rows where those of further steps are packed, too."""
        block, fields = ends.copy.block, self._fields_of(ends.copy)
        if fields is not self._packed_fields:
            columns = {name: places for name, places in fields.columns.items() if name not in _OF_THE_STEP}
            unknown = set(filter(self._is_not_terminal, columns))
            self._packed, self._packed_fields = self._recorder.packing_of_ends(columns, unknown), fields
        if self._packed is not None:
            return self._packed.rows(block)
        self._packed_fields = None
        return {
            name: np.full_like(array, np.nan) if self._is_not_terminal(name) else array
            for name, array in fields.views(block).items()
            if name not in _OF_THE_STEP
        }


def _of(values: Sequence[Any] | None, rows: np.ndarray) -> list[Any] | None:
    return None if values is None else [values[row] for row in rows]
