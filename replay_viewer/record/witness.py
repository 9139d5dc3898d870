"""Ends of episodes that no hook has seen: the simulator's counters of control steps give them away."""

from __future__ import annotations

import numpy as np


class EndWitness:
    """Watches the counters: one that has not grown in a step without a reset that was seen tells of an end."""

    def __init__(self, num_envs: int) -> None:
        self._lengths, self._has_fallen = np.full(num_envs, -1), np.zeros(num_envs, dtype=bool)

    def is_growing(self, lengths: np.ndarray) -> bool:
        """Whether all counters (num_envs,) have grown in a step; only then are they taken over."""
        if np.count_nonzero(np.less_equal(lengths, self._lengths, out=self._has_fallen)):
            return False
        self._lengths[:] = lengths
        return True

    def has_fallen(self, lengths: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """(k,) which of some slots' counters (k,) have not grown in a step."""
        has_fallen = lengths <= self._lengths[slots]
        self._lengths[slots] = lengths
        return has_fallen

    def take(self, lengths: np.ndarray, slots: np.ndarray) -> None:
        """Take over the counters (k,) of some slots, whose reset was seen."""
        self._lengths[slots] = lengths

    def forget(self, slots: np.ndarray) -> None:
        """Their episodes are known to be over: whatever their counters are next is right."""
        self._lengths[slots] = -1
