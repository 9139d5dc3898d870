"""What a loop of an environment and a policy needs, whatever API they have."""

from __future__ import annotations

import inspect
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Callable, Sequence

import numpy as np

from ...errors import BadArgument


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
