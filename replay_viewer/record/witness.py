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

    def fallen(self, lengths: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Those of some slots whose counters have not grown in a step."""
        has_fallen = lengths[slots] <= self._lengths[slots]
        self._lengths[:] = lengths
        return slots[has_fallen]

    def forget(self, slots: np.ndarray) -> None:
        """Their episodes are known to be over: whatever their counters are next is right."""
        self._lengths[slots] = -1
