"""The training that an evaluation belongs to: facts that are set once, and stand in every record from then on.

set_training_state(iteration=1500, checkpoint="model_1500.pt", task="go2-flat")
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Any, Callable, Mapping, SupportsInt

from ..episode_record import NAMES, TRAINING_NUMBERS, TRAINING_TEXTS, as_json
from ..errors import BadArgument
from .ranks import rank
from .run_dir import VARIABLE


class TrainingState:
    """Facts of the training: those of the process, or of one recorder on top of them."""

    def __init__(self, base: TrainingState | None = None) -> None:
        self._base = base
        self._facts: dict[str, Any] = {}
        self._above: weakref.WeakSet = weakref.WeakSet()
        self._listener: Callable[[], Callable[[], None] | None] = _nobody
        if base is not None:
            base._above.add(self)

    def set(self, **facts: Any) -> None:
        """Take over facts in the place of earlier ones; see `set_training_state`, also for what it raises."""
        self._facts = {**self._facts, **{name: _checked(name, value) for name, value in facts.items()}}
        self._tell()

    def set_given(self, **facts: Any) -> None:
        """The same, by the names that `set_training_state` has; what is None stays."""
        facts["job_name"] = facts.pop("job", None)
        self.set(**{name: value for name, value in facts.items() if value is not None})

    def facts(self) -> dict[str, Any]:
        """What is known, by name."""
        return {**(_known_of_process() if self._base is None else self._base.facts()), **self._facts}

    def stated(self, name: str) -> Any:
        """A fact that was set; None where it was not. What the process knows by itself is not looked at."""
        found = self._facts.get(name)
        return found if found is not None or self._base is None else self._base.stated(name)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call a method after each change, in the place of another one, for as long as its object lives."""
        self._listener = weakref.WeakMethod(listener)  # type: ignore[arg-type]

    def _tell(self) -> None:
        listener = self._listener()
        if listener is not None:
            listener()
        for state in list(self._above):
            state._tell()


def _nobody() -> None:
    return None


_process_state = TrainingState()


def process_state() -> TrainingState:
    """That of this process."""
    return _process_state


def set_training_state(
    *,
    iteration: SupportsInt | None = None,
    global_step: SupportsInt | None = None,
    checkpoint: str | Path | None = None,
    policy: str | None = None,
    task: str | None = None,
    job: str | None = None,
    **more: Any,
) -> None:
    """State for this process what training its recordings and records belong to; what is not given stays.

        set_training_state(iteration=1500, checkpoint="model_1500.pt", task="go2-flat")

    A recording has what was known when it began in its metadata, and what changes later from its step on.

    Args:
        iteration: of the learner.
        global_step: of the training.
        checkpoint: the weights.
        policy: which policy.
        task: what it is for.
        job: the job within the run.
        more: anything else that JSON can express, and `run`, `rebuild`, `rank` or `language_instruction`.

    Raises:
        BadArgument: of another type, or a name that a record has for something else.
    """
    facts = {"iteration": iteration, "global_step": global_step, "policy": policy, "task": task, "job": job}
    process_state().set_given(checkpoint=checkpoint, **facts, **more)


def as_metadata(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as a recording has them: those that every record has a name for, and the others together."""
    own = {name: value for name, value in facts.items() if name in NAMES}
    others = {name: value for name, value in facts.items() if name not in own}
    return {**own, **({"training_state": others} if others else {})}


def _known_of_process() -> dict[str, Any]:
    """What the process knows by itself."""
    found = rank()
    known = {"run": os.environ.get(VARIABLE) or None, "rank": None if found is None else found.number}
    return {name: value for name, value in known.items() if value is not None}


def _checked(name: str, value: Any) -> Any:
    if name in TRAINING_TEXTS:
        if not isinstance(value, (str, os.PathLike)):
            raise BadArgument(name, repr(value), "expected a text.")
        return os.fspath(value)
    if name in TRAINING_NUMBERS:
        number = as_json(value)
        if isinstance(number, bool) or not isinstance(number, int):
            raise BadArgument(name, repr(value), "expected a whole number.")
        return number
    if name in NAMES:
        raise BadArgument(name, repr(value), "every record has something else by this name; use another one.")
    return as_json(value)
