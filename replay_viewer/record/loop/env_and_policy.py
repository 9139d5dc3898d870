"""Environments and policies, whatever API they have: resets under a seed, actions, ends and observations.

Environments are those of Gymnasium, of gym, and of simulators whose `step` and `reset` look alike, through whatever
wrappers they have; observations come as arrays, dictionaries or TensorDicts.
"""

from __future__ import annotations

import inspect
import logging
import random
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ...errors import BadArgument
from ..adapters.registry import unwrapped

# In dictionaries of observations, the group that is the policy's own, the likeliest first.
_OWN_GROUPS = ("policy", "actor", "obs")
_messages = logging.getLogger("replay_viewer")


def reset(env: Any, seed: int | None = None) -> Any:
    """Begin new episodes of all envs and return what the outermost `reset` returns.

    With a seed, the generators of random, NumPy and PyTorch (if it is loaded) are seeded, since many simulators draw
    from them, and the environment is given it: by `reset(seed=...)` of the outermost layer that takes one, else by
    `seed(...)`. Warns where it takes none.
    """
    if seed is None:
        return env.reset()
    _seed_generators(seed)
    layers = unwrapped(env)
    if _hands_on(layers):
        return env.reset(seed=seed)
    for layer in layers:
        if "seed" in _parameters(layer, "reset"):
            layer.reset(seed=seed)
            return env.reset()
    for layer in layers:
        if callable(getattr(layer, "seed", None)):
            layer.seed(seed)
            return env.reset()
    _messages.warning(
        "%s takes no seed: only the generators of random, NumPy and PyTorch are seeded with %d. What it draws from "
        "others will differ.",
        type(layers[-1]).__name__,
        seed,
    )
    return env.reset()


def action_function(policy: Any) -> Callable[[Any], Any]:
    """The policy as a function from observations to actions. Raises BadArgument for what is none."""
    predict = getattr(policy, "predict", None)
    if callable(predict):
        # Those of stable-baselines draw their actions unless they are told not to, and return their state too.
        options = {"deterministic": True} if "deterministic" in inspect.signature(predict).parameters else {}
        return lambda obs: first_of(predict(obs, **options))
    if callable(policy):
        return policy
    fix = "expected a function from observations to actions, or an object with predict(obs)."
    raise BadArgument("policy", repr(policy), f"{fix} For a file, pass make_policy(path).")


def first_of(result: Any) -> Any:
    """The observations of what `reset` returns, or the actions of what `predict` returns, with or without more."""
    return result[0] if isinstance(result, tuple) else result


def is_left_ended(result: Sequence[Any]) -> bool:
    """Whether this step of a single environment ended its episode; those with an axis of envs reset by themselves."""
    flags = result[2:-1]
    is_single = all(tuple(flag.shape if hasattr(flag, "shape") else np.shape(flag)) == () for flag in flags)
    return is_single and any(bool(flag) for flag in flags)


def no_gradients() -> AbstractContextManager[Any]:
    """Keeps PyTorch, where it is loaded, from keeping what it would need for gradients."""
    torch = sys.modules.get("torch")
    return nullcontext() if torch is None else torch.no_grad()


def groups_of(obs: Any) -> dict[str, Any] | None:
    """The groups of a dictionary or a TensorDict by name; None for observations that are one array."""
    if not hasattr(obs, "keys"):
        return None
    # Iterating over a TensorDict gives its rows, not its keys.
    return {str(name): obs[name] for name in obs.keys()}  # noqa: SIM118


def own_group(names: Any) -> str | None:
    """The group that is the policy's own, by the names that are in use, or because it is the only one."""
    for name in _OWN_GROUPS:
        if name in names:
            return name
    return next(iter(names)) if len(names) == 1 else None


def by_name(obs: Any) -> dict[str, Any]:
    """Arrays by name: "obs" for the policy's own observations, "obs/<group>" for other groups."""
    groups = groups_of(obs)
    if groups is None:
        return {"obs": obs}
    own = own_group(groups)
    return {"obs" if name == own else f"obs/{name}": values for name, values in groups.items()}


def _hands_on(layers: Sequence[Any]) -> bool:
    """Whether `reset(seed=...)` of the outermost layer comes to one that names the argument."""
    for layer in layers:
        parameters = _parameters(layer, "reset")
        if "seed" in parameters:
            return True
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            return False
    return False


def _parameters(owner: Any, method: str) -> Mapping[str, inspect.Parameter]:
    """Of a method, by name; none where there is no such method, or one that does not tell."""
    try:
        return inspect.signature(getattr(owner, method)).parameters
    except (AttributeError, TypeError, ValueError):
        return {}


def _seed_generators(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)  # Of the CPU and of every GPU.
