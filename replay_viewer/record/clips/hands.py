"""Hands on the policy, as films know of them: which running episodes were touched."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from ...rollout.interventions import SPANS, Intervention


class TouchedEpisodes:
    """Of some envs, n of them, whether the running episode was touched by hand.

    Args:
        env_ids: the simulator's indices of the envs.
    """

    def __init__(self, env_ids: Sequence[int]) -> None:
        self._ids = np.asarray(env_ids)
        # What lasts until its end is said, beyond the episode too.
        self._held = {begin: np.zeros(len(self._ids), bool) for begin in SPANS}
        self._touched = np.zeros(len(self._ids), bool)

    def note(self, intervention: Intervention, have_begun: np.ndarray) -> None:
        """Something is about to be done; (n,) whether the running episodes have a step."""
        what, env_id = intervention.what, intervention.env_id
        concerned = np.ones(len(self._ids), bool) if env_id is None else self._ids == env_id
        for begin, end in SPANS.items():
            if what in (begin, end):
                self._held[begin][concerned] = what == begin
        if what in (*SPANS, "push", "reset"):
            self._touched |= concerned
        if what in SPANS.values():  # What ends before an episode's first step has touched nothing of it.
            self._touched &= have_begun | self._is_held()

    def of(self, slots: np.ndarray) -> np.ndarray:
        """(k,) whether the running episodes at some positions were touched."""
        return self._touched[slots]

    def begin_anew(self, slots: np.ndarray) -> None:
        """Other episodes run there from now on."""
        self._touched[slots] = self._is_held()[slots]

    def _is_held(self) -> np.ndarray:
        return np.any(list(self._held.values()), axis=0)
