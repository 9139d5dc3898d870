"""The watch on an environment whose episodes are filmed: it sees each reset and step from outside, as its user does."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from ...errors import BadArgument
from ..adapters.registry import unwrapped
from ..patches import Function, Patches
from .results import StepEnds, read_step


class Watcher(ABC):
    """Who is told of an environment's steps, in their order; for the envs that it watches, n of them.

    What it raises ends it, by `failed`; the environment goes on.
    """

    @abstractmethod
    def before_step(self) -> None:
        """A step is about to be made."""

    def before_reset(self) -> None:  # noqa: B027 - few need it.
        """A reset from outside is about to be made."""

    @abstractmethod
    def wants_result(self) -> bool:
        """Whether anything is to be known of the coming step but that it was made."""

    @abstractmethod
    def begin(self, slots: np.ndarray, obs: Any) -> None:
        """Envs (k,) were reset, outside of a step; obs of all envs."""

    @abstractmethod
    def step(self, step: StepEnds | None, was_reset: np.ndarray) -> None:
        """A step was made; None where nothing was to be known of it.

        was_reset: (n,) whether the step did nothing but reset an env that had ended before.
        """

    @abstractmethod
    def close(self) -> None:
        """The environment is closed."""

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """Something has gone wrong in here."""


class Watch:
    """Wraps the methods of an environment, on this one instance, until it is put back.

    Args:
        env: as the user steps it.
        env_ids: the simulator's indices of the envs that are watched.
        watcher: is told.

    Attributes:
        num_envs: of the environment.
        is_vector: whether it has an axis of envs.
        resets_later: whether an env that has ended is reset by the step that follows.
        resets_inside: whether it is reset in the step in which it ends.

    Raises:
        BadArgument: it has no `step` or no `reset`.
    """

    def __init__(self, env: Any, env_ids: Sequence[int], watcher: Watcher) -> None:
        self._ids, self._watcher = np.asarray(env_ids), watcher
        self.num_envs, self.is_vector = shape_of(env)
        self.resets_later, self.resets_inside = resets_of(env, self.is_vector)
        self._is_over, self._nothing = np.zeros((2, len(self._ids)), bool)
        self._any_over = False
        self._is_inside, self._process = False, os.getpid()
        # (num_envs,) which envs the reset that is being made is of; None for all.
        self._mask: Any = None
        self._patches = Patches(watcher.failed)
        # Those who step vectors in two halves come by the second of them.
        step = "step_wait" if callable(getattr(env, "step_wait", None)) else "step"
        for name in (step, "reset"):
            if not callable(getattr(env, name, None)):
                raise BadArgument("env", type(env).__name__, f"it has no {name}().")
        self._patches.method(env, step, self._wrap_step)
        self._patches.method(env, "reset", self._wrap_reset)
        if callable(getattr(env, "close", None)):
            self._patches.method(env, "close", self._patches.listener(before=lambda *_, **__: watcher.close()))

    def undo(self) -> None:
        """Put every method back; a second call does nothing."""
        self._patches.undo()

    def _wrap_step(self, original: Function) -> Function:
        return self._wrap(original, self._watcher.before_step, self._take_step)

    def _wrap_reset(self, original: Function) -> Function:
        wrapped = self._wrap(original, self._watcher.before_reset, self._take_reset)

        def reset(*args: Any, **kwargs: Any) -> Any:
            if not self._is_inside:
                self._mask = _mask_of(kwargs)  # Now: Gymnasium's vectors take it out of the options.
            return wrapped(*args, **kwargs)

        return reset

    def _wrap(self, original: Function, before: Callable[[], None], take: Callable[[Any], None]) -> Function:
        """A method of which is told before it is called, and of what came of it."""

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            # Nothing of what is called from inside, nor in a process that was forked since.
            if self._is_inside or not self._patches.active or os.getpid() != self._process:
                return original(*args, **kwargs)
            self._tell(before)
            self._is_inside = True
            try:
                result = original(*args, **kwargs)
            finally:
                self._is_inside = False
            if self._patches.active:
                self._tell(take, result)
            return result

        return wrapped

    def _tell(self, call: Callable[..., None], *args: Any) -> None:
        try:
            call(*args)
        except Exception as error:
            self._watcher.failed(error)

    def _take_step(self, result: Any) -> None:
        was_reset = self._was_reset()
        step = read_step(result, self._ids, self.is_vector) if self._watcher.wants_result() else None
        if step is not None and (step.any_over or self._any_over):
            self._is_over = step.is_over & ~was_reset
            self._any_over = bool(self._is_over.any())
        self._watcher.step(step, was_reset)

    def _was_reset(self) -> np.ndarray:
        """(n,) whether the step that was just made reset an env that had ended before."""
        return self._is_over if self._any_over and self.resets_later else self._nothing

    def _take_reset(self, result: Any) -> None:
        slots = np.arange(len(self._ids))
        if self._mask is not None:
            slots = slots[as_array(self._mask)[self._ids].astype(bool)]
        self._is_over[slots] = False
        self._any_over = bool(self._is_over.any())
        has_info = isinstance(result, tuple) and len(result) == 2
        self._watcher.begin(slots, result[0] if has_info else result)


def _mask_of(arguments: Mapping[str, Any]) -> Any:
    """Which envs a reset is of, out of its arguments; None for all."""
    options = arguments.get("options")
    return options.get("reset_mask") if isinstance(options, dict) else None


def shape_of(env: Any) -> tuple[int, bool]:
    """How many envs there are, and whether there is an axis of them."""
    for layer in unwrapped(env):
        count = getattr(layer, "num_envs", None)
        if isinstance(count, (int, np.integer)) and not isinstance(count, bool):
            return int(count), True
    return 1, False


def resets_of(env: Any, is_vector: bool) -> tuple[bool, bool]:
    """Whether an env that has ended is reset by the step that follows, and whether by the step in which it ends."""
    if not is_vector:
        return False, False
    layers = unwrapped(env)
    for layer in layers:
        mode = getattr(layer, "autoreset_mode", None)
        if mode is None and type(layer).__module__.startswith("gymnasium."):
            mode = (layer.metadata or {}).get("autoreset_mode")
        name = getattr(mode, "name", None)
        if name is not None:
            return name == "NEXT_STEP", name == "SAME_STEP"
    # Before there were modes, Gymnasium 1.0 was the first to reset in the step after, by a list of this name.
    is_later = any(hasattr(layer, "_autoreset_envs") for layer in layers)
    return is_later, not is_later
