"""Reward terms as they enter the reward: out of the functions that compute them, else out of what they are summed to.

The functions are those of legged_gym and its kin, whose rules `reward_metadata` states; Isaac Lab's direct workflow has
sums alone.
"""

from __future__ import annotations

import functools
from typing import Any, MutableSequence, Sequence

import numpy as np

from ...arrays import numbers_like
from ..patches import Function, Patches
from ..rows import Rows

# The term that legged_gym keeps apart from the others.
_TERMINATION = "termination"
# Settings of legged_gym and its kin that say how the total is made of the terms.
_RULES = ("only_positive_rewards", "only_positive_rewards_ji22_style", "sigma_rew_neg")


def find_terms(env: Any, rows: Rows) -> FunctionTerms | SummedTerms:
    """The terms as the environment's functions return them; only where there are none, out of its sums."""
    if not _functions(env) and getattr(env, "episode_sums", None) and hasattr(env, "compute_reward"):
        return SummedTerms(env, rows)
    return FunctionTerms(env, rows)


def reward_metadata(env: Any, names: Sequence[str]) -> dict[str, Any]:
    """The scales, which contain the control step's seconds, and how the total is made of the terms."""
    scales, rewards = getattr(env, "reward_scales", {}), getattr(env.cfg, "rewards", None)
    rules = {name: getattr(rewards, name) for name in _RULES if hasattr(rewards, name)}
    return {"reward_scales": {name: float(scales[name]) for name in names if name in scales}, **rules}


class FunctionTerms:
    """Keeps what each reward function returns when the environment calls it.

    No function is called again: terms such as `feet_air_time` change the state that they read. The rows are copied at
    once, since a term may return a buffer that a later term changes. The termination term is not in the environment's
    list: it is added after the sum was clipped at zero.

    Attributes:
        names: in the order in which they are added up.
    """

    def __init__(self, env: Any, rows: Rows) -> None:
        self._env, self._rows = env, rows
        self._functions = _functions(env)
        self.names: tuple[str, ...] = tuple(env.reward_names) if self._functions else ()
        # walk-these-ways keeps its functions in an object of their own.
        self._owner = getattr(env, "reward_container", env)
        if _TERMINATION in getattr(env, "reward_scales", {}) and hasattr(self._owner, "_reward_termination"):
            self.names = (*self.names, _TERMINATION)
        self._kept = rows.table(env.rew_buf, len(self.names))
        self._scales: list[float] = []
        self._factors: Any = None
        self.forget()

    def patch(self, patches: Patches) -> None:
        """Listen to every function."""
        for index in range(len(self._functions)):
            patches.item(self._functions, index, functools.partial(self._listen, index))
        if _TERMINATION in self.names:
            patches.method(self._owner, "_reward_termination", functools.partial(self._listen, len(self.names) - 1))

    def forget(self) -> None:
        """A new step begins: what is not called in it is unknown."""
        self._kept[:] = np.nan

    def scaled(self) -> Any:
        """(n, num_terms) as they entered the reward: the same product in the same precision."""
        scales = [self._env.reward_scales[name] for name in self.names]
        if scales != self._scales:
            # Scales may change while a policy learns.
            self._scales, self._factors = scales, numbers_like(self._kept, scales)
        return self._kept * self._factors

    def _listen(self, column: int, original: Function) -> Function:
        kept = self._kept[:, column]

        @functools.wraps(original)
        def listening(*args: Any, **kwargs: Any) -> Any:
            value = original(*args, **kwargs)
            # A term may be a plain number, the same for all envs.
            kept[:] = value if getattr(value, "ndim", 0) == 0 else self._rows.of(value)
            return value

        return listening


class SummedTerms:
    """Takes what the sums grow by while the environment computes a reward.

    The sums are of single precision, so a term is off by up to 1e-6 where its sum has come near 16, and by less before.

    Args:
        env: the environment.
        rows: the recorded envs.
        sums: its attribute with a sum (num_envs,) for each term, by name; not empty.
        method: its method that adds to them, once in a step.

    Attributes:
        names: in the order of the sums, without walk-these-ways' "total".
    """

    def __init__(self, env: Any, rows: Rows, sums: str = "episode_sums", method: str = "compute_reward") -> None:
        self._env, self._rows, self._sums, self._method = env, rows, sums, method
        found = getattr(env, sums)
        self.names = tuple(name for name in found if name != "total")
        self._kept = rows.table(next(iter(found.values())), len(self.names))
        self.forget()

    def patch(self, patches: Patches) -> None:
        """Look at the sums before and after each reward."""
        patches.method(self._env, self._method, self._watch)

    def forget(self) -> None:
        """A new step begins: without a reward, its terms are unknown."""
        self._kept[:] = np.nan

    def scaled(self) -> Any:
        """(n, num_terms) as they entered the reward."""
        return self._kept

    def _watch(self, original: Function) -> Function:
        @functools.wraps(original)
        def watching(*args: Any, **kwargs: Any) -> Any:
            before = getattr(self._env, self._sums)
            for column, name in enumerate(self.names):
                self._kept[:, column] = self._rows.of(before[name])
            result = original(*args, **kwargs)
            after = getattr(self._env, self._sums)
            for column, name in enumerate(self.names):
                self._kept[:, column] = self._rows.of(after[name]) - self._kept[:, column]
            return result

        return watching


def _functions(env: Any) -> MutableSequence[Any]:
    """The environment's list of one function for each name; empty where it keeps them otherwise."""
    functions = getattr(env, "reward_functions", None)
    if isinstance(functions, list) and len(functions) == len(getattr(env, "reward_names", ())):
        return functions
    return []
