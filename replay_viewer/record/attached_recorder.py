"""The recorder that sits on an environment: what it does when the environment steps and resets."""

from __future__ import annotations

import atexit
import contextlib
import functools
import logging
import os
import weakref
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ..arrays import as_array, numpy_if_on_host
from ..errors import BadField
from .adapters import Adapter, Description, Endings
from .background import BackgroundCalls
from .batch_means import BatchMeans
from .copies import Gatherer, HostCopier, HostCopy, copied
from .patches import Function, Patches
from .problems import Problems
from .recorder import Recorder, expected_shapes
from .rows import Rows
from .seats import Seat, leave_seat, take_seat
from .step_writer import SeenEnds, SeenStep, StepWriter

_messages = logging.getLogger("replay_viewer")


class AttachedRecorder:
    """A recorder that sits on an environment; made by `attach`.

    What is logged between two steps belongs to the first of them, so a step that somebody logs to is written as soon
    as it has all that the first step had, at the latest when the next one begins. The very first step waits for the
    second: it settles the names. A step of a simulator on a GPU is written while the simulation goes on, at most eight
    steps and a quarter of a second later.

    Attributes:
        num_steps: control steps seen so far.
    """

    def __init__(
        self,
        adapter: Adapter,
        recorder: Recorder,
        rows: Rows,
        description: Description,
        problems: Problems,
        means: BatchMeans,
        num_envs_total: int,
        depth: int,
    ) -> None:
        self._adapter, self._recorder, self._rows, self._facts = adapter, recorder, rows, description.facts
        self._gatherer, self._copier = Gatherer(len(rows), problems), HostCopier()
        self._writer = StepWriter(recorder, self._gatherer, adapter, problems)
        self._calls: BackgroundCalls | None = None
        # Where the record shows an episode's last state, nothing is lost that counters could tell of.
        states, self._lengths = description.facts.get("terminal_states", "captured"), adapter.lengths()
        # The same in the host's memory.
        self._counters: Any = None if self._lengths is None else numpy_if_on_host(self._lengths)
        self._has_witness = states == "captured" and self._lengths is not None
        self._depth, self._strict = depth, problems.strict
        self._means = means
        problems.keep_with(self._keep_problem)
        self.num_steps = 0
        self._own_terms: tuple[str, ...] = ()
        # By the simulator's index of an env, its position in the recording; -1 where it is not recorded.
        self._slots = np.full(num_envs_total, -1)
        self._slots[rows.env_ids] = np.arange(len(rows))
        self._in_step = False
        # Of the step that is being made.
        self._resets: list[SeenEnds] = []
        # The same of the first step, which settles how what was read lies in a block.
        self._early_resets: list[tuple[np.ndarray, Mapping[str, Any], Endings]] = []
        self._is_reset = np.zeros(len(rows), dtype=bool)
        # The last step, until it has all that is logged for it.
        self._held: SeenStep | None = None
        self._patches = Patches(self._give_up)
        self._process = os.getpid()
        self._seat: Seat | None = None
        # For a script that ends without a word, or by an error: what waits for its completion is written then.
        self._at_exit = functools.partial(_close_if_there, weakref.ref(self))
        atexit.register(self._at_exit)
        try:
            adapter.patch(self._patches)
            for hook in adapter.reset_hooks():
                see = self._see_reset if hook.env_ids is None else functools.partial(self._see_reset_of, hook.env_ids)
                self._patches.method(hook.owner, hook.name, self._patches.listener(see))
            hook = adapter.step_hook()
            self._patches.method(hook.owner, hook.name, self._wrap_step)
        except BaseException:
            self.close()
            raise

    @property
    def path(self) -> Path:
        """Where the recording is."""
        return self._recorder.path

    @property
    def env_ids(self) -> list[int]:
        """The simulator's indices of the recorded envs."""
        return self._rows.env_ids.tolist()

    @property
    def is_recording(self) -> bool:
        """Whether steps are still written: not once the disk has refused one, nor after `close`."""
        return self._recorder.is_recording

    def log(self, name: str, values: Any) -> None:
        """Log a signal of the step that was just made, in place of a value of that name if the environment has one.

        Args:
            name: letters, digits and _ . / -
            values: a row for each env of the simulator, array or tensor, or one number for all; stored as float32.

        Raises:
            UnknownName: the first step did not have it; once. Declare it with `attach(signals={name: shape})`.
            BadField: another shape than before.
        """
        if not self._recorder.is_recording:
            return
        self._recorder.log(name, self._recorded(values))
        self._write_if_complete()

    def log_terms(self, terms: Mapping[str, Any]) -> None:
        """Log reward terms as they entered the reward of the step that was just made.

        Args:
            terms: by name (num_envs,) or (num_envs, num_agents) over the simulator's envs, or one number for all; what
                has no agents is the same for all of them.

        Raises:
            UnknownName: the first step did not have one of them; once. Declare it with `attach(terms=[name])`.
            BadField: another shape than the rewards', or a term that the environment has itself.
        """
        if not self._recorder.is_recording:
            return
        for name in terms:
            if name in self._own_terms:
                problem = "is a reward term of the environment already."
                raise BadField(self.path, name, problem, "Log it by another name.")
        self._recorder.log_terms({name: self._recorded(values) for name, values in terms.items()})
        self._write_if_complete()

    def detach(self) -> None:
        """Put every method back; what was recorded stays open for `log` until `close`."""
        self._patches.undo()

    def close(self) -> None:
        """Detach and finish the recording; a second call does nothing."""
        self.detach()
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
            atexit.unregister(self._at_exit)
            if self._seat is not None:
                leave_seat(self._seat)

    def sit(self, seat: Seat) -> None:
        """Take the place of recorders that this one comes in place of."""
        self._seat = seat
        take_seat(seat)

    def __del__(self) -> None:
        # Nobody has the environment any more, nor this.
        with contextlib.suppress(Exception):
            self.close()

    def __enter__(self) -> AttachedRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wrap_step(self, original: Function) -> Function:
        @functools.wraps(original)
        def step(*args: Any, **kwargs: Any) -> Any:
            if not self._patches.active or self._in_step:
                return original(*args, **kwargs)
            try:
                try:
                    self._guard(self._begin_step, _first(args, kwargs))
                    result = original(*args, **kwargs)
                finally:
                    self._in_step = False
            finally:
                # Again, where Ctrl-C came just before: no step would ever be recorded any more.
                self._in_step = False
            if self._patches.active:
                self._guard(self._end_step, result)
            return result

        return step

    def _guard(self, call: Callable[[Any], None], argument: Any) -> None:
        """Call it; no error gets from here into the simulation."""
        try:
            call(argument)
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """After an error that nothing more can be recorded after, end the recording, and let the simulation run on."""
        if self._strict:
            raise error
        if not self._patches.active:
            return  # It was another listener's, in the same step.
        self.detach()
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
            self.path,
            self._recorder.num_steps,
            reason,
        )
        self._recorder.note_problem("recording", f"ended by an error of its hook ({reason})")

    def _keep_problem(self, field: str, problem: str) -> None:
        self._call(self._writer.note, (field, problem))

    def _begin_step(self, action: Any) -> None:
        if self._calls is not None and self._calls.error is not None:
            raise self._calls.error
        self._write_held()
        if self._resets or self._early_resets:
            self._write_failed()
        if self._has_witness and self._adapter.lengths() is not self._lengths:
            # A learner has drawn them anew, to spread the episodes' ends.
            self._call(self._writer.forget_lengths, None)
        self._is_reset[:] = False
        self._adapter.begin_step(action)
        self._in_step = True

    def _see_reset(self, *args: Any, **kwargs: Any) -> None:
        """A method that resets was called, with these arguments."""
        self._see_reset_of(_first(args, kwargs))

    def _see_reset_of(self, env_ids: Any, *args: Any, **kwargs: Any) -> None:
        """Keep what the reset of these envs is about to overwrite."""
        slots = self._recorded_slots(env_ids)
        if self._in_step:
            # Of two resets in one step, the first ends the episode.
            slots = slots[~self._is_reset[slots]]
        elif self.num_steps == 0:
            return  # What is reset before the first step has never run.
        if len(slots) == 0:
            return
        if self._in_step and self.num_steps == 0:
            self._early_resets.append((slots, copied(self._adapter.read()), self._adapter.endings()))
            self._is_reset[slots] = True
            return
        ends = SeenEnds(slots, self._copy(), self._adapter.endings())
        if self._in_step:
            self._resets.append(ends)
            self._is_reset[slots] = True
        else:
            self._write_held()
            self._write_failed()
            self._call(self._writer.abort, ends)

    def _end_step(self, result: Any) -> None:
        """Take over the step that was just made."""
        self._adapter.end_step(result)
        if self.num_steps == 0:
            self._learn()
        copy, left = self._copy(), self._adapter.ended()
        ends = None if left is None else SeenEnds(np.flatnonzero(~self._is_reset), copy, left)
        unseen = self._unseen(copy)
        self._held = SeenStep(copy, self._resets, ends, unseen)
        self.num_steps += 1
        self._write_if_complete()

    def _learn(self) -> None:
        """Take over what the first step tells: facts, and which fields there are."""
        late = self._adapter.late_facts()
        self._recorder.learn(**late)
        terms = (*late.get("reward_terms", ()), *self._facts.get("reward_terms", ()))
        self._means.settle()
        read = self._read()
        shapes = expected_shapes(self._facts.get("entities", ()))
        if terms and read.get("rew") is not None:
            shapes["rew_terms"] = (*read["rew"].shape[1:], len(terms))
        self._gatherer.plan(read, shapes)
        if "rew_terms" in self._gatherer.columns:
            self._own_terms = terms
        elif "rew_terms" in read:
            self._recorder.leave_out_terms(terms)
        if "rew" in self._gatherer.shapes:
            self._recorder.expect_rewards((len(self._rows), *self._gatherer.shapes["rew"]))
        for slots, values, endings in self._early_resets:
            self._resets.append(SeenEnds(slots, self._copier.copy(self._gatherer.gather_early(values)), endings))

    def _unseen(self, copy: HostCopy) -> SeenEnds | None:
        """Envs that may have been reset unseen; in the host's memory, most steps tell at once that there is none."""
        if not self._has_witness:
            return None
        lengths = self._adapter.lengths()
        if not self._copier.is_ahead:
            if lengths is not self._lengths:
                self._counters = numpy_if_on_host(lengths)
            self._lengths = lengths
            if self._writer.witness.is_growing(self._rows.of(self._counters)):
                return None
            # Perhaps it is another memory by now.
            self._counters = numpy_if_on_host(lengths)
        self._lengths = lengths
        return SeenEnds(np.flatnonzero(~self._is_reset), copy, self._adapter.endings())

    def _write_failed(self) -> None:
        """Write what has ended in the step before, if that failed after its resets and so is not recorded."""
        resets, self._resets, self._early_resets = self._resets, [], []
        if resets:
            self._call(self._writer.end_before, resets)

    def _copy(self) -> HostCopy:
        return self._copier.copy(self._gatherer.gather(self._read()))

    def _read(self) -> Mapping[str, Any]:
        """The recorded envs as they are now, with what is logged of all envs together."""
        read = self._adapter.read()
        if self._means.is_empty:
            return read
        return {**read, **self._means.read(_first_array(read))}

    def _write_if_complete(self) -> None:
        if self._recorder.is_complete:
            self._write_held()

    def _write_held(self) -> None:
        step, self._held = self._held, None
        if step is not None:
            # They are this step's from now on, even if it is interrupted.
            self._resets = []
            step.logged = self._recorder.take_logged()
            self._call(self._writer.write, step)

    def _call(self, write: Callable[[Any], None], seen: Any) -> None:
        """Write at once, or, where copies come from a GPU, behind the simulation; the first step settles the names."""
        if self._calls is not None:
            return self._calls.add(write, seen)
        write(seen)
        if self._copier.is_ahead:
            self._calls = BackgroundCalls(self._depth)

    def _recorded_slots(self, env_ids: Any) -> np.ndarray:
        """Positions in the recording of those of these envs that are recorded; None stands for all."""
        if env_ids is None:
            return np.arange(len(self._rows))
        if isinstance(env_ids, slice):
            env_ids = np.arange(len(self._slots))[env_ids]
        ids = as_array(env_ids).reshape(-1)
        if ids.dtype == bool:
            ids = np.flatnonzero(ids)
        slots = self._slots[ids.astype(np.int64)]
        return slots[slots >= 0]

    def _recorded(self, values: Any) -> Any:
        """The rows of the recorded envs, of a row for each env of the simulator; a single number as it is."""
        array = values if hasattr(values, "shape") else np.asarray(values)
        if array.ndim == 0:
            return array
        if len(array) != len(self._slots):
            problem = (
                f"have shape {tuple(array.shape)}, expected a row for each of the simulator's {len(self._slots)} envs."
            )
            raise BadField(self.path, "logged values", problem)
        return self._rows.of(array)


def _close_if_there(recorder: Callable[[], AttachedRecorder | None]) -> None:
    found = recorder()
    if found is not None:
        found.close()


def _first_array(read: Mapping[str, Any]) -> Any:
    """One that shows in which library and where the others are."""
    return next(value for value in read.values() if hasattr(value, "shape"))


def _first(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The first argument of a call, or None."""
    return args[0] if args else next(iter(kwargs.values()), None)
