"""Recordings of states, one for each take: of `attach(when=...)`, and of films that are drawn later."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from ...errors import BadArgument
from ..adapters import find_adapter
from ..attached_recorder import AttachedRecorder
from ..attachments import close_at_exit
from ..chosen_envs import chosen_envs
from .filming import Budget, Filming, Shooter, Take
from .timing import control_dt_of
from .triggers import Trigger, When, trigger_of

# Begins the recording of a take.
Begin = Callable[[Take], AttachedRecorder]
# Told of a recording that is closed: of which take, with which facts, and whether the episode goes on.
Ended = Callable[[AttachedRecorder, Take, Mapping[str, Any], bool], object]


class StatesShooter(Shooter):
    """Records the states of each take.

    Args:
        begin: begins a recording.
        ended: told of each that is closed.
        finish: called when nothing more comes.

    Attributes:
        current: the recorder that records; None while nothing is to be recorded.
    """

    def __init__(self, begin: Begin, ended: Ended | None = None, finish: Callable[[], object] | None = None) -> None:
        self._begin, self._ended, self._finish = begin, ended, finish
        self.current: AttachedRecorder | None = None
        # What has its last step, but did not see it yet: it is closed before the next one.
        self._over: list[tuple[AttachedRecorder, Take, Mapping[str, Any], bool]] = []

    def before_step(self) -> None:
        over, self._over = self._over, []
        for recorder, take, facts, is_partial in over:
            recorder.close()
            if self._ended is not None:
                self._ended(recorder, take, facts, is_partial)

    def begin(self, take: Take) -> None:
        self.current = self._begin(take)
        # The one before it may still be open, and is closed by nobody else.
        self.current.stand_alone()

    def shoot(self, take: Take, obs: Any, env_id: int | None) -> None:
        """The recorder sees it by itself."""

    def end(self, take: Take, facts: Mapping[str, Any], is_partial: bool) -> None:
        recorder, self.current = self.current, None
        if recorder is not None:
            self._over.append((recorder, take, facts, is_partial))

    def close(self) -> None:
        self.before_step()
        if self._finish is not None:
            self._finish()


def attach_when(env: Any, path: str | Path, when: When, attach: functools.partial) -> TriggeredRecorder:
    """Record the episodes that a trigger names.

    Args:
        env: the environment.
        path: of the first recording.
        when: the trigger.
        attach: `attach` with its other options.

    Raises:
        BadArgument, UnknownEnvironment, UnknownName: as `attach` does, as far as that is known before the first step.
    """
    if attach.keywords.get("control"):
        raise BadArgument(
            "when", repr(when), "a policy is held by a recorder that is always there: attach another one."
        )
    layers, _ = find_adapter(env, attach.keywords["adapter"])
    ids = chosen_envs(attach.keywords["env_ids"], int(getattr(layers[-1], "num_envs", 1)))
    trigger = trigger_of(when) or Trigger()
    every = attach.keywords["every"] * trigger.frame_stride
    begin = functools.partial(attach, env, path, every=every)
    return TriggeredRecorder(env, ids, path, trigger, begin, attach.keywords["strict"])


class TriggeredRecorder(AttachedRecorder):
    """The recorder that `attach(when=...)` hands out: a recording for each episode of the first env that is wanted.

    Their paths are numbered: `run.rec`, `run-2.rec`, ... Between them nothing is read, and what is logged is dropped.

    Args:
        env: the environment.
        env_ids: the simulator's indices of the envs that are recorded.
        path: of the first recording.
        trigger: when.
        attach: begins a recording.
        strict: whether what goes wrong is raised.
    """

    def __init__(
        self,
        env: Any,
        env_ids: Sequence[int],
        path: str | Path,
        trigger: Trigger,
        attach: Callable[[], AttachedRecorder],
        strict: bool,
    ) -> None:
        self._ids, self._path, self._attach, self._held = list(env_ids), Path(path), attach, None
        self._facts: dict[str, Any] = {}
        self._last: AttachedRecorder | None = None
        self._num_steps = 0
        self._shooter = StatesShooter(self._begin, self._count)
        dt = control_dt_of(env) or 1.0
        self._filming = Filming(env, self._ids[:1], self._shooter, trigger, Budget(), dt, strict=strict)
        close_at_exit(self._filming.close)

    @property
    def path(self) -> Path:
        """Where the last recording is; before there is any, where the first one is to be."""
        return self._path if self._last is None else self._last.path

    @property
    def env_ids(self) -> list[int]:
        return self._ids

    @property
    def num_steps(self) -> int:
        """Control steps that were recorded so far, in all recordings."""
        current = self._shooter.current
        return self._num_steps + (0 if current is None else current.num_steps)

    @property
    def is_recording(self) -> bool:
        """Whether the trigger has it record now."""
        return self._shooter.current is not None and self._shooter.current.is_recording

    @property
    def episodes_path(self) -> Path | None:
        return None if self._last is None else self._last.episodes_path

    def set_training_state(self, **facts: Any) -> None:
        self._facts.update(facts)
        if self._shooter.current is not None:
            self._shooter.current.set_training_state(**facts)

    def log_variation(self, name: str, values: Any, env_ids: Any = None) -> None:
        if self._shooter.current is not None:
            self._shooter.current.log_variation(name, values, env_ids)

    def log(self, name: str, values: Any) -> None:
        if self._shooter.current is not None:
            self._shooter.current.log(name, values)

    def log_terms(self, terms: Mapping[str, Any]) -> None:
        if self._shooter.current is not None:
            self._shooter.current.log_terms(terms)

    def stand_alone(self) -> None:
        """It does already."""

    def detach(self) -> None:
        self._filming.close()

    def close(self) -> None:
        self._filming.close()

    def _begin(self, take: Take) -> AttachedRecorder:
        self._last = self._attach()
        if self._facts:
            self._last.set_training_state(**self._facts)
        return self._last

    def _count(self, recorder: AttachedRecorder, *_: Any) -> None:
        self._num_steps += recorder.num_steps
