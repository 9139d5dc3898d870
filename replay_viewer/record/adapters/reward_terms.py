"""Reward terms of legged_gym and its kin, as they enter the reward."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..arrays import Rows
from ..patches import Function, Patches

TERMINATION = "termination"


class RewardTerms:
    """Keeps what each reward function returns when the environment calls it.

    They are never called again: terms such as `feet_air_time` change the state that they read. The rows are copied at
    once, since a term may return a buffer that a later term changes. The termination term is not in the environment's
    list: it is added after the sum was clipped at zero.

    Attributes:
        names: in the order in which they are added up.
    """

    def __init__(self, env: Any, rows: Rows) -> None:
        self._env, self._rows = env, rows
        self.names: tuple[str, ...] = tuple(getattr(env, "reward_names", ()))
        # walk-these-ways keeps its functions in an object of their own.
        self._owner = getattr(env, "reward_container", env)
        if TERMINATION in getattr(env, "reward_scales", {}) and hasattr(self._owner, "_reward_termination"):
            self.names = (*self.names, TERMINATION)
        self._kept: dict[str, Any] = {}

    def metadata(self) -> dict[str, Any]:
        """The scales, which contain the control step's seconds, and how the total is made of the terms."""
        rewards = getattr(self._env.cfg, "rewards", None)
        rules = ("only_positive_rewards", "only_positive_rewards_ji22_style", "sigma_rew_neg")
        found = {name: getattr(rewards, name) for name in rules if hasattr(rewards, name)}
        return {"reward_scales": {name: float(self._env.reward_scales[name]) for name in self.names}, **found}

    def patch(self, patches: Patches) -> None:
        """Listen to every function."""
        for index, name in enumerate(getattr(self._env, "reward_names", ())):
            patches.item(self._env.reward_functions, index, functools.partial(self._listen, name))
        if TERMINATION in self.names:
            patches.method(self._owner, "_reward_termination", functools.partial(self._listen, TERMINATION))

    def forget(self) -> None:
        """A new step begins."""
        self._kept.clear()

    def kept(self) -> list[Any]:
        """Rows (n,) of each term before scaling, where the simulator has them; NaN where it was not called."""
        like = self._env.rew_buf
        return [self._kept[name] if name in self._kept else self._rows.filled(like, np.nan) for name in self.names]

    def scaled(self, terms: list[np.ndarray]) -> np.ndarray:
        """(n, num_terms) as they entered the reward: the same product in the same precision."""
        scales = np.array([self._env.reward_scales[name] for name in self.names], np.float32)
        return np.stack(terms, axis=1) * scales

    def _listen(self, name: str, original: Function) -> Function:
        @functools.wraps(original)
        def listening(*args: Any, **kwargs: Any) -> Any:
            value = original(*args, **kwargs)
            # A term may be a plain number, the same for all envs.
            is_number = getattr(value, "ndim", 0) == 0
            rows = self._rows
            self._kept[name] = rows.filled(self._env.rew_buf, float(value)) if is_number else rows.copied(value)
            return value

        return listening
