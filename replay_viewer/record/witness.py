"""Ends of episodes that no hook has seen: the simulator's counters of control steps give them away."""

from __future__ import annotations

import operator

import numpy as np

# Between two steps of a simulator, so many numbers are compared faster one by one.
_FEW = 64


class EndWitness:
    """Watches the counters: one that has not grown in a step without a reset that was seen tells of an end."""

    def __init__(self, num_envs: int) -> None:
        self._lengths, self._has_fallen = np.full(num_envs, -1), np.zeros(num_envs, dtype=bool)
        # The same lengths, where the last step has found all of a few growing.
        self._few: list[int] | None = None

    def is_growing(self, lengths: np.ndarray, is_reset: np.ndarray | None = None) -> bool:
        """Whether all counters (num_envs,) have grown in a step; only then are they taken over.

        is_reset: (num_envs,) those that need not, since their reset was seen.
        """
        if len(lengths) <= _FEW:
            few = lengths.tolist()
            is_growing = not any(map(operator.le, few, self._lengths.tolist() if self._few is None else self._few))
            self._few = few if is_growing else self._few
            if is_growing or is_reset is None:
                return is_growing
            self._take_few()
        has_fallen = np.less_equal(lengths, self._lengths, out=self._has_fallen)
        if np.count_nonzero(has_fallen) and (is_reset is None or np.count_nonzero(has_fallen > is_reset)):
            return False
        self._lengths[:] = lengths
        return True

    def has_fallen(self, lengths: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """(k,) which of some slots' counters (k,) have not grown in a step."""
        self._take_few()
        has_fallen = lengths <= self._lengths[slots]
        self._lengths[slots] = lengths
        return has_fallen

    def take(self, lengths: np.ndarray, slots: np.ndarray) -> None:
        """Take over the counters (k,) of some slots, whose reset was seen."""
        self._take_few()
        self._lengths[slots] = lengths

    def forget(self, slots: np.ndarray) -> None:
        """Their episodes are known to be over: whatever their counters are next is right."""
        self._take_few()
        self._lengths[slots] = -1

    def _take_few(self) -> None:
        if self._few is not None:
            self._lengths[:] = self._few
            self._few = None
