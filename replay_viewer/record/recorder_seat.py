"""The seat of a recorder: what is done with the steps and resets of an environment that the recorder sits on."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import replace
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ..errors import BadField
from ..rollout.entities import field_shapes
from ..rollout.interventions import Intervention
from .adapters import Description
from .background import BackgroundCalls
from .capture import get_up, sit
from .problems import Problems
from .reader import Reader
from .recorder import Recorder
from .seats import Seat
from .seen import SeenEnds, SeenStep
from .step_writer import HeldStep, StepWriter

_messages = logging.getLogger("replay_viewer")


class RecorderSeat(Seat):
    """Writes what it gets. See `AttachedRecorder` for what waits how long.

    Args:
        recorder: writes the recording.
        reader: reads the environment as the recording wants it.
        description: what it says of the environment.
        problems: told what does not fit.
        depth: how many steps from a GPU may wait to be written.

    Attributes:
        num_steps: control steps seen so far.
    """

    def __init__(
        self, recorder: Recorder, reader: Reader, description: Description, problems: Problems, depth: int
    ) -> None:
        self._reader, self._recorder, self._problems = reader, recorder, problems
        self._num_envs = len(reader.env_ids)
        self._facts, self._depth = description.facts, depth
        self._writer = StepWriter(recorder, reader.adapter, reader.request.rows.env_ids, problems)
        self._calls: BackgroundCalls | None = None
        self._has_witness = description.has_witness
        self._own_terms: tuple[str, ...] = ()
        self.num_steps = 0
        # The last step, which waits until it has all that is logged for it.
        self._last: HeldStep | None = None
        self._process = os.getpid()
        problems.keep_with(self._keep_problem)
        recorder.training.listen(self._note_training)

    @property
    def env_ids(self) -> list[int]:
        """The simulator's indices of the recorded envs."""
        return self._reader.env_ids

    def sit(self) -> None:
        """Sit down on the environment."""
        try:
            sit(self, self._reader, self._problems)
        except BaseException:
            self.close()
            raise

    def log(self, name: str, values: Any) -> None:
        """Log a signal of the step that was just made; see `AttachedRecorder`."""
        if self._recorder.is_recording:
            self._recorder.log(name, self._recorded(values))
            self._write_if_complete()

    def log_terms(self, terms: Mapping[str, Any]) -> None:
        """Log reward terms of the step that was just made; see `AttachedRecorder`."""
        if not self._recorder.is_recording:
            return
        for name in terms:
            if name in self._own_terms:
                problem = "is a reward term of the environment already."
                raise BadField(self._recorder.path, name, problem, "Log it by another name.")
        self._recorder.log_terms({name: self._recorded(values) for name, values in terms.items()})
        self._write_if_complete()

    def close(self) -> None:
        """Get up and finish the recording; a second call does nothing."""
        get_up(self)
        try:
            # In a forked process, the step that waits is the original's.
            if os.getpid() == self._process:
                self._write_held()
        finally:
            if self._calls is not None:
                self._calls.finish()
                if self._calls.error is not None and self._recorder.is_recording:
                    self._end_by(self._calls.error)
            self._recorder.close()

    def __del__(self) -> None:
        # Nobody has the environment any more, nor this.
        with contextlib.suppress(Exception):
            self.close()

    def begin_step(self) -> None:
        if self._calls is not None and self._calls.error is not None:
            raise self._calls.error
        if self._last is not None and not self._last.is_written:
            self._write_held()

    def end_step(self, step: SeenStep) -> None:
        if self.num_steps == 0:
            self._learn(step)
        self._last = HeldStep(step, self._unseen(step) if self._has_witness and step.has_counters else None)
        self.num_steps += 1
        if self._recorder.is_complete:
            self._write_held()

    def reset(self, ends: SeenEnds) -> None:
        if self.num_steps:
            self._write_held()
            self._call(self._writer.abort, ends)

    def fail_step(self, number: int, resets: Sequence[SeenEnds]) -> None:
        if self._last is not None and self._last.seen.number != number:
            self._write_held()
            self._call(self._writer.end_before, resets)

    def forget_counters(self) -> None:
        if self._has_witness:
            self._call(self._writer.forget_lengths, None)

    def intervene(self, intervention: Intervention, slots: np.ndarray) -> None:
        if self._recorder.is_recording:
            self._write_held()  # Nothing more is logged for that step; while paused, this is the last that is seen.
            self._call(self._writer.note_intervention, replace(intervention, step=self.num_steps))

    def fail(self, error: Exception) -> None:
        """After an error that nothing more can be recorded after, end the recording, and let the simulation run on."""
        if self._problems.strict:
            raise error
        get_up(self)
        with contextlib.suppress(Exception):  # What ended it may keep the step before from being written, too.
            self._write_held()
        self._end_by(error)
        with contextlib.suppress(Exception):
            self.close()

    def _end_by(self, error: Exception) -> None:
        """Say that nothing more is recorded, and keep that with the recording."""
        if self._calls is not None:
            self._calls.finish()
        reason = f"{type(error).__name__}: {error}"
        _messages.error(
            "%s: the recording ends after %d steps, since its hook failed (%s). The simulation goes on without being "
            "recorded; attach(..., strict=True) shows where it comes from.",
            self._recorder.path,
            self._recorder.num_steps,
            reason,
        )
        self._recorder.note_problem("recording", f"ended by an error of its hook ({reason})")

    def note_episode(self, slot: int, step: int, facts: Mapping[str, Any]) -> None:
        """Keep what else is known of the episode of an env that ends in a step."""
        if self._recorder.is_recording:
            self._call(self._writer.note_episode, (slot, step, facts))

    def _note_training(self) -> None:
        """What training it is has changed: for the episodes that end in steps that are not seen yet."""
        if self._recorder.is_recording:
            self._call(self._writer.note_training, (self._recorder.training.facts(), self.num_steps))

    def _keep_problem(self, field: str, problem: str) -> None:
        self._call(self._writer.note, (field, problem))

    def _learn(self, step: SeenStep) -> None:
        """Take over what the first step tells: facts, and which fields there are."""
        late = step.late_facts()
        self._recorder.learn(**late)
        terms = (*late.get("reward_terms", ()), *self._facts.get("reward_terms", ()))
        found = step.copy.fields.without(() if self._reader.request.observations else ("obs",))
        shapes = field_shapes(self._facts.get("entities", ()))
        if terms and "rew" in found.shapes and 0 not in found.shapes["rew"]:
            shapes["rew_terms"] = (*found.shapes["rew"], len(terms))
        fields = found.fitting(self._num_envs, shapes, self._problems)
        if "rew_terms" in fields.columns:
            self._own_terms = terms
        elif "rew_terms" in found.columns or "rew_terms" in found.unfit:
            self._recorder.leave_out_terms(terms)
        if "rew_terms" in fields.shapes:
            self._demand("rew", fields.shapes["rew_terms"][:-1])
        if "rew" in fields.shapes:
            self._recorder.expect_rewards((self._num_envs, *fields.shapes["rew"]))
        self._writer.settle(fields)

    def _demand(self, name: str, shape: tuple[int, ...]) -> None:
        """Leave a logged signal out if it is of another shape than what the environment has beside it."""
        found = self._recorder.demand(name, shape)
        if found is not None:
            problem = f"is logged with the shape {found}, expected {shape}: what the environment has is recorded."
            self._problems.tell(name, problem)

    def _unseen(self, step: SeenStep) -> SeenEnds | None:
        """Envs that may have been reset unseen; in the host's memory, most steps tell at once that there is none."""
        if step.counters is not None and self._writer.witness.is_growing(step.counters, step.is_reset):
            return None
        return step.unreset()

    def _write_if_complete(self) -> None:
        if self._recorder.is_complete:
            self._write_held()

    def _write_held(self) -> None:
        step = self._last
        if step is not None and not step.is_written:
            step.is_written = True
            step.logged = self._recorder.take_logged()
            self._call(self._writer.write, step)

    def _call(self, write: Callable[[Any], None], seen: Any) -> None:
        """Write at once, or, where copies come from a GPU, behind the simulation; the first step settles the names."""
        if self._calls is not None:
            return self._calls.add(write, seen)
        write(seen)
        if self._recorder.num_steps and self._last is not None and self._last.seen.is_ahead:
            self._calls = BackgroundCalls(self._depth)

    def _recorded(self, values: Any) -> Any:
        """The rows of the recorded envs, of a row for each env of the simulator; a single number as it is."""
        array = values if hasattr(values, "shape") else np.asarray(values)
        if array.ndim == 0:
            return array
        total = self._reader.request.num_envs
        if len(array) != total:
            problem = f"have shape {tuple(array.shape)}, expected a row for each of the simulator's {total} envs."
            raise BadField(self._recorder.path, "logged values", problem)
        return self._reader.request.rows.of(array)
