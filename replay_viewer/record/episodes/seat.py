"""The seat of what records episodes: it sits on an environment's hook, beside recorders of states or alone."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from ...rollout.interventions import Intervention, touches_episode
from ..adapters import Description
from ..capture import get_up, sit
from ..problems import Problems
from ..reader import Reader
from ..seats import Seat
from ..seen import SeenEnds, SeenStep
from ..training_state import TrainingState
from ..witness import EndWitness
from .columns import MISSING, Columns, columns_of, rows_of
from .draws import Draws
from .file import RecordFile
from .hands import LastingHands
from .held import Held
from .live import LiveEpisodes
from .terms import EpisodeRecorderManager
from .variations import Variations

# What is read of a step.
FIELDS = frozenset({"rew", "rew_terms"})
# Steps that may wait for their copies from a GPU while no episode ends.
_LARGEST_DEPTH = 8
_messages = logging.getLogger("replay_viewer")

Note = Callable[[int, int, Mapping[str, Any]], None]


class EpisodeSeat(Seat):
    """Writes a record of each episode that ends, as soon as the step has returned in which it does.

    Args:
        reader: reads the environment.
        description: what it says of the environment.
        file: takes the records.
        episodes: the running ones.
        manager: asks the terms.
        problems: told what goes wrong.
        training: what training it is.
        seed: of the run, where the environment does not know it.
        note: told, for a recording beside the records, what it could not know of an episode by itself: the position of
            its env, the step in which it ends, and values by name.
    """

    wants_endings = True

    def __init__(
        self,
        reader: Reader,
        description: Description,
        file: RecordFile,
        episodes: LiveEpisodes,
        manager: EpisodeRecorderManager,
        problems: Problems,
        training: TrainingState,
        seed: int | None,
        note: Note | None = None,
    ) -> None:
        self._reader, self._facts, self._file, self._problems = reader, description.facts, file, problems
        self._episodes, self._manager, self._training, self._seed = episodes, manager, training, seed
        self._note = note
        self._has_terms = bool(manager.names)
        self._variations = Variations(reader.env_ids, reader.request.num_envs)
        factors = problems.attempt("variations", reader.adapter.factors) or ()
        self._draws = Draws(factors, self._variations, self._now, self.fail, problems)
        # In the step that is being made: those that were reset, with what was drawn for the episodes that this ended.
        self._in_step = False
        self._env_ids = np.array(reader.env_ids)
        self._ended = Held(len(self._env_ids))
        self._witness = EndWitness(len(self._env_ids))
        self._has_witness = description.has_witness
        self._transition = reader.adapter.transition
        # What somebody does by hand; and whose episodes it has touched.
        self._hands = LastingHands(len(self._env_ids))
        self._touched = np.zeros(len(self._env_ids), bool)
        self._num_terms: int | None = None
        # Steps that are not counted yet, with the envs that may have been reset unseen in them.
        self._waiting: list[tuple[SeenStep, SeenEnds | None]] = []
        # What the terms say of episodes that are about to end.
        self._said = Held(len(self._env_ids))
        self._last_number, self._process, self._is_closed = -1, os.getpid(), False
        self._has_new_state = False
        training.listen(self._note_state)

    @property
    def env_ids(self) -> list[int]:
        """The simulator's indices of the envs whose episodes are recorded."""
        return self._reader.env_ids

    def sit(self) -> None:
        """Sit down on the environment."""
        try:
            sit(self, self._reader, self._problems)
            self._draws.start(self._env_ids)
        except BaseException:
            self.close(is_env_there=False)
            raise

    def log_variation(self, name: str, values: Any, env_ids: Any) -> None:
        """Note what was drawn for some envs; see `EpisodeRecording.log_variation`."""
        self._draws.log(name, values, env_ids, self._last_number >= 0 or self._in_step)

    def begin_step(self) -> None:
        self._in_step = True

    def ending(self, slots: np.ndarray) -> None:
        # What is drawn from here on belongs to the episodes that the reset begins.
        self._ended.put(slots, self._variations.take(slots))
        if self._has_terms:
            self._ask(slots)
            self._manager.reset(self._env_ids[slots])

    def end_step(self, step: SeenStep) -> None:
        self._in_step = False
        if self._last_number < 0:
            self._learn(step)
        self._last_number = step.number
        if self._has_new_state:
            self._count_waiting()
            self._episodes.state(self._training.facts())
            self._has_new_state = False
        left, unseen = step.left, self._unseen(step)
        if left is not None:
            left = left.of(left.outcomes() != "aborted") if left.is_any_over else None
        if left is not None and self._has_terms:
            self._ask(left.slots)
        self._waiting.append((step, unseen))
        is_quiet = left is None and unseen is None and not step.resets
        if not step.is_ahead or not is_quiet or len(self._waiting) >= _LARGEST_DEPTH:
            self._count_waiting(left)
        if step.resets:
            self._ended.clear()

    def reset(self, ends: SeenEnds) -> None:
        self._in_step = False  # Still, where the step has raised.
        self._count_waiting()
        self._witness.forget(ends.slots)
        begun = ends.slots[self._episodes.have_begun(ends.slots)]
        if self._has_terms and len(begun):
            self._ask(begun)
        self._end(ends, "aborted")
        self._said.clear()
        self._variations.take(ends.slots)  # Of episodes that never had a step.
        if self._has_terms:
            self._manager.reset(self._env_ids[ends.slots])

    def fail_step(self, number: int, resets: Sequence[SeenEnds]) -> None:
        if self._last_number not in (-1, number):
            self._count_waiting()
            for ends in resets:
                self._witness.forget(ends.slots)
                self._end(ends, None)
        self._said.clear()
        self._ended.clear()

    def forget_counters(self) -> None:
        self._witness.forget(np.arange(len(self._env_ids)))

    def fail(self, error: Exception) -> None:
        """After an error that nothing more can be recorded after, end the file, and let the simulation run on."""
        if self._problems.strict:
            raise error
        _messages.error(
            "%s: the records end here, since their hook failed (%s: %s). The simulation goes on without them.",
            self._file.path,
            type(error).__name__,
            error,
        )
        self.close(is_env_there=False)

    def close(self, is_env_there: bool = True) -> None:
        """Get up, and write what has not ended as unfinished; a second call does nothing.

        is_env_there: whether the environment can still be asked.
        """
        if self._is_closed:
            return
        self._is_closed = True
        get_up(self)
        self._draws.close()
        try:
            # In a forked process, the episodes are the original's.
            if os.getpid() == self._process:
                self._count_waiting()
                slots = self._episodes.running()
                if is_env_there and self._has_terms and len(slots):
                    self._ask(slots)
                self._note = None  # The recording has no end to note it of.
                if len(slots):
                    outcomes, said = ["unfinished"] * len(slots), self._said_of(slots)
                    self._file.append(self._episodes.end(slots, outcomes, said=said))
        except Exception as error:
            if self._problems.strict:
                raise
            _messages.error("%s: the last records are lost (%s).", self._file.path, error)
        finally:
            self._file.close()

    def __del__(self) -> None:
        # Nobody has the environment any more, nor this.
        with contextlib.suppress(Exception):
            self.close(is_env_there=False)

    def intervene(self, intervention: Intervention, slots: np.ndarray) -> None:
        self._count_waiting()  # What has ended before is not touched.
        self._hands.note(intervention.what, slots)
        if intervention.what == "reset":
            slots = slots[self._episodes.have_begun(slots)]
        if touches_episode(intervention.what):
            self._touched[slots] = True

    def _now(self, slots: np.ndarray) -> tuple[np.ndarray, int]:
        """Which episodes have no step yet, or were begun by a reset in this step; the step that is made, or is next."""
        if not self._in_step:
            self._count_waiting()
            begins = ~self._episodes.have_begun(slots)
        else:
            begins = self._ended.has(slots)
        return begins, self._episodes.num_steps + len(self._waiting)

    def _note_state(self) -> None:
        self._has_new_state = True

    def _learn(self, step: SeenStep) -> None:
        """Take over what the first step tells."""
        late = step.late_facts()
        names = (*late.get("reward_terms", ()), *self._facts.get("reward_terms", ()))
        fields = step.copy.fields
        shape = (*fields.shapes.get("rew", ()), len(names))
        self._num_terms = len(names) if names and fields.shapes.get("rew_terms") == shape else None
        known = self._facts.get("seed") if self._seed is None else self._seed
        seed = late.get("seed") if known is None else known
        self._episodes.learn(names if self._num_terms else (), seed, late.get("control_dt"))

    def _unseen(self, step: SeenStep) -> SeenEnds | None:
        """Envs that may have been reset unseen; in the host's memory, most steps tell at once that there is none."""
        if not self._has_witness or not step.has_counters:
            return None
        counters = step.counters
        if counters is not None and self._witness.is_growing(counters, step.is_reset):
            return None
        return step.unreset()

    def _ask(self, slots: np.ndarray) -> None:
        """Keep what the terms say of episodes that are about to end."""
        self._said.put(slots, self._manager.values(self._env_ids[slots], self._episodes.numbers_of(slots)))

    def _count_waiting(self, left: SeenEnds | None = None) -> None:
        """Count the steps that wait, and write what has ended in them; `left` of the last one."""
        waiting, self._waiting = self._waiting, []
        for index, (step, unseen) in enumerate(waiting):
            is_last = index == len(waiting) - 1
            self._count(step, unseen, left if is_last else None)
        self._said.clear()

    def _count(self, step: SeenStep, unseen: SeenEnds | None, left: SeenEnds | None) -> None:
        """Count a step; write the records of the episodes that end before it, or in it."""
        resets = step.resets
        over = []
        for ends in resets:
            is_over = ends.is_over()
            if not is_over.all():
                # A reset inside of the step for which the simulator names no end cuts off what was before the step.
                self._end(ends.of(~is_over), "aborted")
                ends = ends.of(is_over)
            over.append(ends)
        in_step = None
        if unseen is not None:
            unseen = self._fallen(unseen, resets)
            outcomes, lengths = unseen.outcomes(), as_array(unseen.endings.lengths)[unseen.rows]
            is_in_step = (outcomes != "aborted") | (lengths == 0)
            self._end_unseen(unseen.of(~is_in_step & (lengths == 1)), is_in_step=False)
            in_step = unseen.of(is_in_step)
        self._episodes.add(*self._rewards(step, resets))
        for ends in over:
            self._end(ends, None)
        if left is not None:
            self._end(left, None)
        if in_step is not None:
            self._end_unseen(in_step, is_in_step=True)

    def _fallen(self, unseen: SeenEnds, resets: Sequence[SeenEnds]) -> SeenEnds:
        """Those whose counters say that they were reset."""
        lengths = as_array(unseen.endings.lengths)
        has_fallen = self._witness.has_fallen(lengths[unseen.rows], unseen.slots)
        for reset in resets:
            self._witness.take(lengths[reset.rows], reset.slots)
        return unseen.of(has_fallen)

    def _rewards(self, step: SeenStep, resets: Sequence[SeenEnds]) -> tuple[np.ndarray | None, np.ndarray | None]:
        """The rewards and the terms of a step: of an env that it has reset, those from before the reset."""
        found = step.copy.fields.of(FIELDS)
        views: dict[str, np.ndarray] = found.views(step.copy.block)
        is_own = not step.copy.is_shared
        rewards = {
            name: view if is_own else view.copy() for name, view in views.items() if name == "rew" or self._num_terms
        }
        for reset in resets:
            before = reset.copy.fields.of(self._transition & rewards.keys()).views(reset.copy.block)
            for name, rows in before.items():
                rewards[name][reset.slots] = rows
        return rewards.get("rew"), rewards.get("rew_terms")

    def _end(self, ends: SeenEnds, outcome: str | None) -> None:
        """Write the records of those that have a step; the outcome is the simulator's, if none is given."""
        ends = self._begun(ends)
        if len(ends.slots):
            slots, rows, endings = ends.slots, ends.rows, ends.endings
            outcomes = ends.outcomes().tolist() if outcome is None else [outcome] * len(slots)
            facts = (as_array(endings.lengths)[rows], _of(endings.reasons, rows), _of(endings.success, rows))
            self._file.append(self._episodes.end(slots, outcomes, *facts, self._said_of(slots)))

    def _end_unseen(self, ends: SeenEnds, is_in_step: bool) -> None:
        """Write the records of episodes that a reset has ended which nobody has seen."""
        ends = self._begun(ends)
        if len(ends.slots):
            outcomes = ends.outcomes().tolist() if is_in_step else ["aborted"] * len(ends.slots)
            self._file.append(self._episodes.end(ends.slots, outcomes, said=self._said_of(ends.slots)))

    def _begun(self, ends: SeenEnds) -> SeenEnds:
        have_begun = self._episodes.have_begun(ends.slots)
        return ends if have_begun.all() else ends.of(have_begun)

    def _said_of(self, slots: np.ndarray) -> Columns:
        """What the terms said of episodes that end now, and what was drawn for them."""
        said: Columns = self._told_of(slots) if self._has_terms else {}
        drawn = self._drawn_for(slots)
        if drawn:
            said = {**said, "variations": drawn}
        touched = self._touched[slots]
        if touched.any():
            said = {**said, "manual": [True if is_touched else MISSING for is_touched in touched.tolist()]}
            self._touched[slots] = touched & self._hands.last(slots)
        if said and self._note is not None:
            for slot, row in zip(slots.tolist(), rows_of(said, len(slots))):
                known = {name: value for name, value in row.items() if name != "variations" or value}
                if known:
                    self._note(slot, self._episodes.num_steps - 1, known)
        return said

    def _told_of(self, slots: np.ndarray) -> Columns:
        """What the terms said; null of those that they were not asked about."""
        is_held = self._said.has(slots)
        said = self._said.take(slots)
        if is_held.all():
            return said
        nothing = dict.fromkeys(self._manager.names)
        rows = zip(rows_of(said, len(slots)), is_held.tolist())
        return columns_of([row if is_own else nothing for row, is_own in rows])

    def _drawn_for(self, slots: np.ndarray) -> Columns:
        """What was drawn for them; of those that were reset in this step, before the reset."""
        is_held = self._ended.has(slots)
        if is_held.all():
            return self._ended.take(slots)
        if not is_held.any():
            return self._variations.take(slots)
        parts = [self._drawn_for(slots[index : index + 1]) for index in range(len(slots))]
        return columns_of([row for part in parts for row in rows_of(part, 1)])


def _of(values: Sequence[Any] | None, rows: np.ndarray) -> list[Any] | None:
    return None if values is None else [values[row] for row in rows]
