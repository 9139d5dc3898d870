"""Hands on the policy, as films know of them: which running episodes were touched."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from ...rollout.interventions import SPANS, Intervention, touches_episode
from ..episodes.hands import LastingHands


class TouchedEpisodes:
    """Of some envs, n of them, whether the running episode was touched by hand.

    Args:
        env_ids: the simulator's indices of the envs.
    """

    def __init__(self, env_ids: Sequence[int]) -> None:
        self._ids = np.asarray(env_ids)
        self._slots = np.arange(len(self._ids))
        self._lasting = LastingHands(len(self._ids))
        self._touched = np.zeros(len(self._ids), bool)

    def note(self, intervention: Intervention, have_begun: np.ndarray) -> None:
        """Something is about to be done; (n,) whether the running episodes have a step."""
        what, env_id = intervention.what, intervention.env_id
        concerned = np.ones(len(self._ids), bool) if env_id is None else self._ids == env_id
        self._lasting.note(what, self._slots[concerned])
        if touches_episode(what):
            self._touched |= concerned
        if what in SPANS.values():  # What ends before an episode's first step has touched nothing of it.
            self._touched &= have_begun | self._lasting.last(self._slots)

    def of(self, slots: np.ndarray) -> np.ndarray:
        """(k,) whether the running episodes at some positions were touched."""
        return self._touched[slots]

    def begin_anew(self, slots: np.ndarray) -> None:
        """Other episodes run there from now on."""
        self._touched[slots] = self._lasting.last(slots)
