"""Resets an environment under a seed, through whatever wrappers it has."""

from __future__ import annotations

import inspect
import logging
import random
import sys
from typing import Any, Mapping, Sequence

import numpy as np

from .adapters.registry import unwrapped

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
    name = type(layers[-1]).__name__
    text = "%s takes no seed: only the generators of random, NumPy and PyTorch are seeded with %d."
    _messages.warning(text + " What it draws from others will differ.", name, seed)
    return env.reset()


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
    try:
        return inspect.signature(getattr(owner, method)).parameters
    except (AttributeError, TypeError, ValueError):  # No such method, or one that does not tell.
        return {}


def _seed_generators(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)  # Of the CPU and of every GPU.
