"""Reward terms of environments whose reward functions cannot be listened to, out of what each episode has earned."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..arrays import Rows
from ..patches import Function, Patches


class SummedTerms:
    """Takes what `episode_sums` grow by while the environment computes a reward.

    The sums are of single precision, so a term is off by up to 1e-6 where its sum has come near 16, and by less before.

    Attributes:
        names: in the order of the sums, without walk-these-ways' "total".
    """

    def __init__(self, env: Any, rows: Rows) -> None:
        self._env, self._rows = env, rows
        self.names = tuple(name for name in env.episode_sums if name != "total")
        self._kept = rows.table(env.rew_buf, len(self.names))
        self.forget()

    def patch(self, patches: Patches) -> None:
        """Look at the sums before and after each reward."""
        patches.method(self._env, "compute_reward", self._watch)

    def forget(self) -> None:
        """A new step begins: without a reward, its terms are unknown."""
        self._kept[:] = np.nan

    def scaled(self) -> Any:
        """(n, num_terms) as they entered the reward."""
        return self._kept

    def _watch(self, original: Function) -> Function:
        @functools.wraps(original)
        def watching(*args: Any, **kwargs: Any) -> Any:
            for column, name in enumerate(self.names):
                self._kept[:, column] = self._rows.of(self._env.episode_sums[name])
            result = original(*args, **kwargs)
            for column, name in enumerate(self.names):
                self._kept[:, column] = self._rows.of(self._env.episode_sums[name]) - self._kept[:, column]
            return result

        return watching
