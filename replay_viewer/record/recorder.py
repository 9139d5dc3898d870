"""The recorder of a simulation, step by step: for any loop, and below what `attach` does by itself."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Container, Mapping, Sequence

import numpy as np

from ..arrays import as_array
from ..container.info import RecordingInfo
from ..container.metadata import by_name
from ..container.terminals import EpisodeEnds
from ..container.words import PackedEnds, PackedStep, Values
from ..container.writer import ContainerWriter
from ..errors import BadField, FileProblem, RecordingStopped, UnknownName
from ..paths import make_new
from ..rollout.interventions import LINE_KIND, Intervention
from ..rollout.outcomes import ENDED_IN_STEP, FLAG_BITS, RESET_BIT
from .episodes import EpisodeSums
from .gatherer import Fields
from .logged_values import Logged, LoggedValues, declared_shapes, demanded_shapes
from .training_state import TrainingState, as_metadata, process_state

_messages = logging.getLogger("replay_viewer")


class Recorder:
    """Writes a recording; for one thread at a time.

        facts = {"control_dt": 0.02, "env_ids": [0], "entities": [EntitySpec("robot", joint_names=["hip", "knee"])]}
        with Recorder("runs/walk.rec", **facts) as recorder:
            for ...:
                recorder.log_terms({"speed": 0.3, "energy": -0.1})
                recorder.append({"robot.base_pos": pos, "robot.base_wxyz": wxyz, "robot.joint_pos": q, "rew": rew})

    The first step fixes the names: one that comes later raises UnknownName once, with the way to declare it, and is
    left out from then on. A disk that refuses to go on ends the recording with one message in the log
    "replay_viewer"; the simulation goes on.

    Args:
        path: the folder to make, by custom `<name>.rec`. Nothing is overwritten: if it exists, `<name>-2.rec` is
            made, and so on; `recorder.path` says which.
        signals: shapes of one env's value, by the name of each signal that `log` will bring later than in the first
            step; `reward_terms` among the facts does the same for `log_terms`.
        terrain: vertices (V, 3) [m] and triangles (F, 3) in the world frame.
        package_dirs: where `package://` paths of URDFs are looked for, besides their parent folders.
        facts: of `RecordingInfo`: `env_ids` and `control_dt`, then `entities`, `every`, `seed`, `metadata`, ...

    Attributes:
        num_steps: control steps appended so far, whether or not `every` lets them be written.
        training: what training it belongs to; see `set_training_state`.

    Raises:
        FileProblem: the recording cannot be made here, or a URDF is not there.
        BadField: facts that contradict themselves.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        signals: Mapping[str, Sequence[int]] | None = None,
        terrain: tuple[np.ndarray, np.ndarray] | None = None,
        package_dirs: Sequence[str | Path] = (),
        **facts: Any,
    ) -> None:
        self.training = TrainingState(process_state())
        facts["metadata"] = {**as_metadata(self.training.facts()), **by_name(facts.get("metadata"))}
        demanded = demanded_shapes(facts.get("entities", ()))
        shapes = declared_shapes(signals, demanded, path)
        info = RecordingInfo(**facts)
        options: dict[str, Any] = {"terrain": terrain, "package_dirs": package_dirs}
        self._writer = make_new(Path(path), lambda free: ContainerWriter(free, info, **options))
        # As it is kept, with numbers of Python's own.
        self._info = info = self._writer.info
        self._logged = LoggedValues(self.path, len(info.env_ids), shapes, demanded)
        self._sums = EpisodeSums(len(info.env_ids))
        self._ends: list[EpisodeEnds] = []
        self._packed: PackedStep | None = None
        self._packed_fields = Fields()
        self._rewards_shape: tuple[int, ...] = (len(info.env_ids),)
        self._names: frozenset[str] = frozenset()
        self._refused: set[str] = set()
        self._goes_on, self._is_closed = True, False
        self.num_steps = 0
        self.training.listen(self._note_training)

    @property
    def path(self) -> Path:
        """Where the recording is."""
        return self._writer.path

    @property
    def is_recording(self) -> bool:
        """Whether steps are still written: not once the disk has refused one, nor after `close`."""
        return self._goes_on

    @property
    def is_complete(self) -> bool:
        """Whether everything that was logged in the first step has been logged for the coming one."""
        return self._logged.is_complete

    @property
    def has_ends(self) -> bool:
        """Whether episodes end in the step of the coming `append`."""
        return bool(self._ends)

    def log(self, name: str, values: Any) -> None:
        """Log a signal of the step that the next `append` brings, in place of a value of that name if it has one.

        Args:
            name: letters, digits and _ . / -
            values: (num_envs, ...) array or tensor, or one number for all envs; stored as float32.

        Raises:
            UnknownName: the first step did not have it; once.
            BadField: another shape than before.
        """
        self._logged.put(name, values)

    def log_terms(self, terms: Mapping[str, Any]) -> None:
        """Log reward terms as they enter the reward of the step that the next `append` brings.

        Args:
            terms: by name (num_envs,) or (num_envs, num_agents), or one number for all; what has no agents is the
                same for all of them.

        Raises:
            UnknownName: the first step did not have one of them; once.
            BadField: another shape than the rewards'.
        """
        for name, values in terms.items():
            self._logged.put_term(name, values)

    def end_episodes(
        self,
        env_indices: Sequence[int],
        outcome: str | Sequence[str],
        values: Mapping[str, Any] | np.ndarray | None = None,
        *,
        lengths: Sequence[int] | None = None,
        reasons: Sequence[str] | None = None,
        success: Sequence[bool | None] | None = None,
        time_is_up: Sequence[bool] | None = None,
        is_recorded: bool = True,
    ) -> None:
        """State that episodes end, in the step of the next `append`, or before it where they are "aborted".

        Args:
            env_indices: (k,) positions of their envs in the recording.
            outcome: "terminated", "truncated" or "aborted"; one for all, or (k,).
            values: the states in which they end, before any reset, (k, ...) by name; at least the poses. Or rows of
                a `packing_of_ends`.
            lengths: (k,) their control steps as the simulator counts them.
            reasons: (k,) names out of the fact `outcome_reasons`, "" for unknown.
            success: (k,) True, False, or None for unknown.
            time_is_up: (k,) whether their time was up, also of those that are terminated in that very step.
            is_recorded: whether the step in which they end will be appended; not one that failed after a reset.

        Raises:
            UnknownName: an outcome, a reason or an env that the recording does not have; at once or in the next
                `append`, as below.
            BadField: columns of another length, or values that do not fit the recording's fields.
        """
        outcomes = [outcome] * len(env_indices) if isinstance(outcome, str) else list(outcome)
        columns = {"lengths": lengths, "reasons": reasons, "success": success, "time_is_up": time_is_up}
        self._check_lengths({"outcome": outcomes, **columns}, len(env_indices))
        ends = EpisodeEnds(
            step=self.num_steps,
            env_indices=list(env_indices),
            outcome=outcomes,
            # Copies: these may be the simulator's own buffers.
            values={name: np.array(as_array(v)) for name, v in values.items()}
            if isinstance(values, Mapping)
            else values,
            **columns,
            step_is_recorded=self._is_due and is_recorded,
        )
        is_in_step = [is_recorded and name in ENDED_IN_STEP for name in outcomes]
        in_step = [index for index, is_in in enumerate(is_in_step) if is_in]
        before = [index for index, is_in in enumerate(is_in_step) if not is_in]
        if before and self.num_steps:
            self._write_ends(replace(ends.of(before), step=self.num_steps - 1))
        if in_step:
            self._ends.append(ends.of(in_step))

    def end_unseen(self, env_indices: Sequence[int], outcome: Sequence[str] | None) -> None:
        """State that episodes have ended of which the last states are lost, or the last records show them.

        Args:
            env_indices: (k,) positions of their envs in the recording.
            outcome: (k,) of ends in the step of the next `append`, which hides their last states; "aborted" where
                nothing is known. None for ends before that step.
        """
        if outcome is None:
            return self.end_episodes(env_indices, "aborted")
        ends = EpisodeEnds(
            self.num_steps, list(env_indices), list(outcome), step_is_recorded=self._is_due, is_lost=True
        )
        self._ends.append(ends)

    def forget_ends(self) -> None:
        """Forget the ends in a step that something interrupted, so that it is never appended."""
        self._ends = []

    def learn(self, reward_terms: Sequence[str] = (), seed: int | None = None, **facts: Any) -> None:
        """Take over what the environment tells only in its first step, which comes before that step's `append`.

        Args:
            reward_terms: names of the columns of "rew_terms", before those that are logged.
            seed: of the run, unless one was given.
            facts: `control_dt` and `decimation`, where the environment did not state them.
        """
        info = self._info
        terms, seed = (*reward_terms, *info.reward_terms), seed if info.seed is None else info.seed
        self._info = replace(info, reward_terms=terms, seed=seed, **facts)

    def expect_rewards(self, shape: tuple[int, ...]) -> None:
        """State what shape the rewards of a step will have, so that logged terms of another are refused at once."""
        self._logged.rewards = shape

    def demand(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """State that a logged signal can have this shape only; returns the other one of one that is left out for it."""
        return self._logged.demand(name, shape)

    def leave_out_terms(self, names: Sequence[str]) -> None:
        """State, before the first `append`, that "rew_terms" will not bring these columns after all."""
        terms = tuple(name for name in self._info.reward_terms if name not in names)
        self._info = replace(self._info, reward_terms=terms)

    def set_training_state(self, **facts: Any) -> None:
        """State what training this recording belongs to, from here on; see `replay_viewer.set_training_state`."""
        self.training.set_given(**facts)

    def note_episode(self, env_index: int, step: int, facts: Mapping[str, Any]) -> None:
        """Keep what else is known of the episode of an env that ends in a control step, by name."""
        others = {name: value for name, value in facts.items() if name not in ("env_index", "step", "self")}
        self._write(lambda: self._writer.note_episode(env_index, step, **others))

    def note_training(self, facts: Mapping[str, Any], num_steps: int) -> None:
        """Keep what training it is for the episodes that end after the first `num_steps` control steps."""
        num_records = -(-num_steps // self._info.every)
        self._write(lambda: self._writer.note_training(num_records, facts))

    def note_intervention(self, intervention: Intervention) -> None:
        """Keep what is done by hand before the coming step, so that nobody takes it for the policy's own doing."""
        facts = {"step": intervention.step, "what": intervention.what, "env_id": intervention.env_id}
        others = {"by": intervention.by, "value": intervention.value}
        self._write(lambda: self._writer.log(LINE_KIND, **facts, **others))

    def note_problem(self, field: str, problem: str) -> None:
        """Keep what is wrong with a field in the recording, which states it to whoever opens it."""
        self._write(lambda: self._writer.log("problem", field=field, message=problem))

    def append(self, values: Mapping[str, Any]) -> None:
        """Append one control step of all envs; of `every=k`, each k-th is written, and survives the process.

        Args:
            values: arrays or tensors (num_envs, ...) by name, with the pose of every entity; see `FORMAT.md`. They
                are copied.

        Raises:
            BadField: a value that is missing or misshapen; nothing of the step is written.
            UnknownName: a name that the first step did not have; once.
            FileProblem: the recording is closed.
        """
        if self._is_closed:
            raise FileProblem(self.path, "the recording is closed.", "Make a new one.")
        self._append_values(values)

    def take_logged(self) -> Logged | None:
        """What was logged for the coming block; None for the first, which settles the names."""
        return None if self._packed is None else self._logged.take(self._rewards_shape)

    def append_block(self, block: np.ndarray, fields: Fields, logged: Logged | None) -> None:
        """Like `append`, for a block that has these fields, the same at every step, and what `take_logged` has taken.

        Args:
            block: (num_envs, width) of float32, whose last column is zero and lies behind all fields. Where the step
                `has_ends`, it is written to.
            fields: what else lies where.
            logged: None for the first step. May be called on another thread than `log`.
        """
        if self._packed is None or logged is None:
            self._append_values(fields.views(block))
            self._packed, self._packed_fields = self._packing(fields.columns), fields
        else:
            if fields is not self._packed_fields:
                # They lie elsewhere from now on.
                self._packed, self._packed_fields = self._packing(fields.columns) or self._packed, fields
            packed = self._packed
            words = packed.rows(block, *logged, self._flags() if self._ends else None)
            self._append(words, None if packed.rewards is None else words[:, packed.rewards])

    def packing_of_ends(self, columns: Mapping[str, slice], unknown: Container[str]) -> PackedEnds | None:
        """Makes the `values` of `end_episodes`, what is logged left out, from the first step on; None before.

        Args:
            columns: where each captured field lies in a block's rows.
            unknown: names of those whose values are not those of the last state: they are NaN.
        """
        layout, logged = self._writer.layout, self._logged.signals
        if layout is None:
            return None
        return PackedEnds(layout.row, {name: at for name, at in columns.items() if name not in logged}, unknown)

    def close(self) -> None:
        """Finish the recording; a second call does nothing.

        A signal's handler may call it in the middle of a step, which is then left out.
        """
        try:
            self._writer.close()
        except RecordingStopped as problem:
            self._stop(problem)
        self._is_closed, self._goes_on = True, False

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_lengths(self, columns: Mapping[str, Sequence[Any] | None], count: int) -> None:
        for name, column in columns.items():
            if column is not None and len(column) != count:
                raise BadField(self.path, name, f"has {len(column)} entries for {count} ended episodes.")

    def _note_training(self) -> None:
        if self._goes_on:
            self.note_training(self.training.facts(), self.num_steps)

    @property
    def _is_due(self) -> bool:
        return self.num_steps % self._info.every == 0

    def _append_values(self, values: Mapping[str, Any]) -> None:
        arrays = {name: rows if isinstance(rows, np.ndarray) else as_array(rows) for name, rows in values.items()}
        arrays = self._admitted(arrays)
        step = self._completed(arrays)
        self._append(step, step.get("rew"))

    def _append(self, step: Values, rewards: np.ndarray | None) -> None:
        number, all_ends = self.num_steps, self._ends
        is_due = number % self._info.every == 0
        # First, so that the next step is another one, whatever interrupts this one.
        self.num_steps, self._ends = number + 1, []
        self._sums.add(rewards)
        for ends in all_ends:
            self._write_ends(ends)
        if is_due and self._goes_on:
            try:
                self._writer.append(number, number * self._info.control_dt, step)
            except RecordingStopped as problem:
                self._stop(problem)

    def _packing(self, columns: Mapping[str, slice]) -> PackedStep | None:
        """How further blocks are packed; None when the disk has refused the first."""
        layout, logged = self._writer.layout, self._logged.signals
        if layout is None:
            return None
        gathered = {name: places for name, places in columns.items() if name not in logged}
        return PackedStep(layout.row, layout.num_envs, gathered)

    def _admitted(self, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The values without those that the first step did not have; says once of each that it is left out."""
        if self.num_steps == 0:
            self._fix_terms(values)
            self._names = frozenset(values)
        if values.keys() <= self._names:
            return values
        for name in values.keys() - self._names - self._refused:
            self._refused.add(name)
            fix = "the first step; declare it up front with signals={...} and bring it with log()"
            raise UnknownName("field", name, sorted(self._names), fix)
        return {name: value for name, value in values.items() if name in self._names}

    def _fix_terms(self, values: Mapping[str, np.ndarray]) -> None:
        """Settle which reward terms are logged: those behind the columns of "rew_terms", declared or not."""
        given = values["rew_terms"].shape[-1] if "rew_terms" in values else 0
        columns, declared = self._info.reward_terms[:given], self._info.reward_terms[given:]
        logged = self._logged.terms
        for name in logged:
            if name in columns:
                raise BadField(
                    self.path, name, "is a reward term of the environment already.", "Log it by another name."
                )
        self._logged.terms = [*declared, *(name for name in logged if name not in declared)]
        info = self._info
        self._writer.amend(
            reward_terms=(*columns, *self._logged.terms),
            seed=info.seed,
            control_dt=info.control_dt,
            decimation=info.decimation,
        )

    def _completed(self, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The step with what was logged for it, and flags that say which episodes end in it."""
        if "rew" in self._logged.signals:
            self._rewards_shape = (len(self._info.env_ids), *self._logged.signals["rew"])
        elif "rew" in values:
            self._rewards_shape = values["rew"].shape
        signals, terms = self._logged.take(self._rewards_shape)
        step = {**values, **signals}
        if terms.shape[-1]:
            step["rew_terms"] = np.concatenate([values["rew_terms"], terms], -1) if "rew_terms" in values else terms
        if "flags" not in step:
            step["flags"] = self._flags()
        return step

    def _flags(self) -> np.ndarray:
        flags = np.zeros(len(self._info.env_ids), np.uint32)
        reset = 0 if self._info.terminal_states == "recorded" else RESET_BIT
        for ends in self._ends:
            flags[ends.env_indices] = [reset | FLAG_BITS.get(outcome, 0) for outcome in ends.outcome]
            if ends.time_is_up is not None:
                flags[ends.env_indices] |= np.where(ends.time_is_up, np.uint32(FLAG_BITS["truncated"]), np.uint32(0))
        return flags

    def _write_ends(self, ends: EpisodeEnds) -> None:
        values = ends.values
        if isinstance(values, Mapping):
            # What is logged in place of a value stands in the record of the step.
            values = {name: rows for name, rows in values.items() if name not in self._logged.signals}
        lengths = None if ends.lengths is None else np.array(ends.lengths)
        complete = replace(ends, values=values, returns=self._sums.take(np.array(ends.env_indices), lengths))
        self._write(lambda: self._writer.end_episodes(complete))

    def _write(self, action: Callable[[], None]) -> None:
        if self._goes_on:
            try:
                action()
            except RecordingStopped as problem:
                self._stop(problem)

    def _stop(self, problem: RecordingStopped) -> None:
        if self._goes_on:
            self._goes_on = False
            if not problem.is_told:
                _messages.error("%s The simulation goes on without being recorded.", problem)
