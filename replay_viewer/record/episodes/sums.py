"""Sums of the rewards that the running episodes have earned."""

from __future__ import annotations

import numpy as np

# So many steps wait to be added up: between two steps of a simulator, the first sum costs as much as many.
_WAITING = 32
# Of so many envs, the copy that waits would cost as much as the sum.
_MANY_ENVS = 512


class EpisodeSums:
    """Sums of rewards and numbers of control steps since each env's last reset, over all steps, recorded or not."""

    def __init__(self, num_envs: int) -> None:
        self._steps = np.zeros(num_envs, np.int64)
        self._rewards = np.zeros(num_envs)
        self._waiting: list[np.ndarray | None] = []

    def add(self, rewards: np.ndarray | None) -> None:
        """Count one step, with its rewards (num_envs,) or (num_envs, num_agents) where there are any."""
        is_large = rewards is not None and len(rewards) >= _MANY_ENVS
        self._waiting.append(rewards if rewards is None or is_large else rewards.copy())
        if is_large or len(self._waiting) >= _WAITING:
            self._add_waiting()

    def _add_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for rewards in waiting:
            if rewards is None:
                self._rewards[...] = np.nan
            elif rewards.shape == self._rewards.shape:
                self._rewards += rewards
            else:
                # The first step tells that there are several agents, or terms.
                self._rewards = rewards.astype(np.float64)
        # Last, here and in `take`: what interrupts them leaves a length that fits no episode's.
        self._steps += len(waiting)

    def take(self, envs: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
        """The sums (k,) or (k, num_agents) of episodes that are over, which are none from now on.

        They are NaN where the simulator counts other lengths than were seen here.
        """
        self._add_waiting()
        returns = self._rewards[envs]
        if lengths is not None:
            is_other = self._steps[envs] != lengths
            if is_other.any():
                returns[is_other] = np.nan
        self._rewards[envs] = 0
        self._steps[envs] = 0
        return returns
