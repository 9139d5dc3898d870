"""Reward terms of environments whose reward functions cannot be listened to, out of what each episode has earned."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..arrays import Rows
from ..patches import Function, Patches


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
