"""The walking demo's environment for evaluations: friction, mass, pushes and commands vary from episode to episode.

What varies in an episode depends on the seed, the env and the episode's number alone: all controllers meet the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from config import TrotterCfg
from env import TrotterEnv

FACTORS = {"friction": (0.2, 1.0), "added_mass": (-1.0, 5.0), "push": (0.0, 3.0), "commanded_speed": (0.2, 0.9)}
"""Ranges: of the ground; on the base [kg]; the velocity to its left that a push would give a body which nothing holds
[m/s]; forward [m/s]."""
WAITING = (1.0, 0.0, 0.0, 0.0)
"""The factors of a robot whose episodes are over."""
PUSH_AT = 3.0
"""When the push comes [s]."""


class VariedCfg(TrotterCfg):
    """The demo's settings, but for what `VariedEnv` decides itself."""

    class env(TrotterCfg.env):
        """Episodes last as long as each other [s]."""

        episode_length_s = (8.0, 8.0)

    class commands(TrotterCfg.commands):
        """One command for each episode."""

        resampling_time = 1e6


class VariedEnv(TrotterEnv):
    """n robots that walk so many episodes each; who is through with them stands and waits for the others.

    Args:
        num_envs: n.
        seed: of all that is drawn.
        num_episodes: of each env.
        first: the number of each env's first episode, (n,), where those before were walked another time.

    Attributes:
        episode: numbers of the running episodes, (n,).
        factors: what varies, by name: its values in the running episodes, (n,).
        on_draw: called where episodes begin: with a factor's name, its new values (k,), and their envs (k,).
    """

    def __init__(self, num_envs: int, seed: int, num_episodes: int, first: np.ndarray) -> None:
        low, high = np.array(list(FACTORS.values())).T
        self._plan = np.random.default_rng(seed).uniform(low, high, (num_episodes, num_envs, len(FACTORS)))
        self.episode, self.factors = first - 1, {name: np.zeros(num_envs) for name in FACTORS}
        self.on_draw: Callable[[str, np.ndarray, np.ndarray], object] = lambda name, values, env_ids: None
        super().__init__(num_envs, seed, VariedCfg)

    @property
    def is_waiting(self) -> np.ndarray:
        """Who is through with its episodes, (n,)."""
        return self.episode >= len(self._plan)

    def reset_idx(self, env_ids: np.ndarray) -> None:
        """Begin the next episodes of these envs."""
        self.episode[env_ids] += 1
        for index in env_ids:
            self._vary(index)
            super().reset_idx(np.array([index]))
        self.max_episode_length[self.is_waiting] = sys.maxsize
        for name, values in self.factors.items():
            self.on_draw(name, values[env_ids], env_ids)

    def _vary(self, index: int) -> None:
        number = self.episode[index]
        # Where it begins is drawn, too.
        self._rng = np.random.default_rng([self.seed, index, number])
        drawn = WAITING if self.is_waiting[index] else self._plan[number, index]
        for values, value in zip(self.factors.values(), drawn, strict=True):
            values[index] = value
        self.sim.vary(index, self.factors["friction"][index], self.factors["added_mass"][index])

    def _resample_commands(self, env_ids: np.ndarray) -> None:
        self.commands[env_ids, 0] = self.factors["commanded_speed"][env_ids]

    def _push_robots(self) -> None:
        since, push_s = self.dt * self.episode_length_buf - PUSH_AT, self.cfg.domain_rand.push_s
        force = self.sim.mass * self.factors["push"] / push_s
        self.pushes[:, 1] = np.where((since >= 0) & (since < push_s), force, 0)
