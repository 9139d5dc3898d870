"""What somebody does by hand to running episodes, beyond the step in which it begins."""

from __future__ import annotations

import numpy as np

from ...rollout.interventions import SPANS


class LastingHands:
    """Of n envs, by position, whether something that was begun by hand has not been ended: it lasts over episodes."""

    def __init__(self, num_envs: int) -> None:
        # By what begins it.
        self._lasting = {begin: np.zeros(num_envs, bool) for begin in SPANS}

    def note(self, what: str, slots: np.ndarray) -> None:
        """Something is about to be done to some envs, which may begin or end such."""
        for begin, end in SPANS.items():
            if what in (begin, end):
                self._lasting[begin][slots] = what == begin

    def last(self, slots: np.ndarray) -> np.ndarray:
        """(k,) whether anything lasts in some envs."""
        return np.any([lasting[slots] for lasting in self._lasting.values()], axis=0)
