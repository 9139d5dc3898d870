"""What is sent while the policy is off: zeros, the default pose, the last action, or what a function gives."""

from __future__ import annotations

import math
from typing import Any, Callable, Union

import numpy as np

from ...errors import BadArgument
from .means import Means

PolicyOff = Union[str, Callable[[Any], Any]]
_NAMES = ("zero", "default_pose", "last")


class Substitute:
    """Gives the action that is sent in the place of the policy's.

    Args:
        policy_off: "zero", "default_pose", "last", or a function of the environment.
        means: of the environment.
        env: as the user gave it.

    Attributes:
        name: of what is sent, for a recording.

    Raises:
        BadArgument: there is no such, or the environment has no default pose that an action leads to.
    """

    def __init__(self, policy_off: PolicyOff, means: Means, env: Any) -> None:
        self._env, self._ask, self._held = env, policy_off, None
        self._means = means
        if callable(policy_off):
            self.name = getattr(policy_off, "__name__", type(policy_off).__name__)
            return
        if policy_off not in _NAMES:
            problem = f"is none of {', '.join(_NAMES)}. Or give a function: policy_off=lambda env: action"
            raise BadArgument("policy_off", policy_off, problem)
        if policy_off == "default_pose" and means.default_pose is None:
            reason = means.lack("default_pose") or "this kind of environment names no default pose."
            raise BadArgument("policy_off", policy_off, f"{reason} Give a function: policy_off=lambda env: action")
        self.name = policy_off

    def begin(self) -> None:
        """The policy is switched off: its coming action is the last one."""
        self._held = None

    def action(self, wanted: Any) -> Any:
        """What is sent instead of what the policy wants, in the same form.

        Raises:
            ValueError: a function gave what the environment could not take in its place.
        """
        if callable(self._ask):
            return in_place_of(wanted, self._ask(self._env))
        if self._ask == "zero":
            return zeros_like(wanted)
        if self._ask == "default_pose" and self._means.default_pose is not None:
            return self._means.default_pose(wanted)
        if self._held is None:
            self._held = copy_of(wanted)  # Whoever steps may reuse its memory.
        return copy_of(self._held)


def zeros_like(action: Any) -> Any:
    """An action of zeros: arrays, tensors, numbers, and dicts, lists and tuples of these."""
    return _mapped(action, lambda part: part.new_zeros(part.shape) if _is_tensor(part) else np.zeros_like(part))


def copy_of(action: Any) -> Any:
    """The same action in memory of its own."""
    return _mapped(action, lambda part: part.clone() if _is_tensor(part) else np.array(part))


def in_place_of(wanted: Any, given: Any) -> Any:
    """An action that stands for another one: a tensor for a tensor, one env's for all envs.

    Raises:
        ValueError: it has too few or too many numbers, or none.
    """
    if isinstance(wanted, dict):
        if not isinstance(given, dict) or given.keys() != wanted.keys():
            raise ValueError(f"it gave {_described(given)}, the policy gives a dict of {', '.join(map(str, wanted))}")
        return {name: in_place_of(part, given[name]) for name, part in wanted.items()}
    if not (_is_tensor(wanted) or _is_of_numbers(wanted)):
        return given  # Whatever that is, the environment knows.
    if not (_is_tensor(given) or _is_of_numbers(given)):
        raise ValueError(f"it gave {_described(given)}, the policy gives {_described(wanted)}")
    if _is_tensor(wanted) and not _is_tensor(given):
        given = wanted.new_tensor(np.asarray(given).tolist())
    shape, own = _shape_of(wanted), _shape_of(given)
    if math.prod(own) == math.prod(shape):
        return given
    if own != shape[len(shape) - len(own) :]:
        raise ValueError(f"it gave {_described(given)}, the policy gives {_described(wanted)}")
    return given.expand(shape) if _is_tensor(given) else np.array(np.broadcast_to(given, shape))


def _mapped(action: Any, of_part: Callable[[Any], Any]) -> Any:
    if isinstance(action, dict):
        return {name: _mapped(part, of_part) for name, part in action.items()}
    if isinstance(action, (list, tuple)):
        parts = [_mapped(part, of_part) for part in action]
        return type(action)(*parts) if hasattr(action, "_fields") else type(action)(parts)
    if isinstance(action, (bool, int, float)):
        return type(action)(of_part(action))
    if isinstance(action, np.generic):
        return of_part(action)[()]  # A number, which is looked up in tables where no array is.
    return of_part(action) if hasattr(action, "shape") else action


def _is_tensor(part: Any) -> bool:
    return hasattr(part, "new_zeros")


def _is_of_numbers(part: Any) -> bool:
    try:
        return np.asarray(part).dtype.kind in "biufc"
    except (TypeError, ValueError):  # Of no shape.
        return False


def _shape_of(part: Any) -> tuple[int, ...]:
    return tuple(part.shape) if hasattr(part, "shape") else np.shape(part)


def _described(part: Any) -> str:
    if _is_tensor(part) or _is_of_numbers(part):
        return f"numbers of shape {_shape_of(part)}"
    return type(part).__name__
