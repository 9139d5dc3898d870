"""Rewards as curves: the terms, then the reward itself."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import numpy as np

from ...palette import TOTAL_COLOR, term_color
from ...rollout.rewards import read_reward
from ...rollout.spread import Read
from ..session import Session

# Rows that are put together at once.
_BLOCK = 1 << 14


class RewardCurves:
    """See CurveSource."""

    def __init__(self, session: Session) -> None:
        self._session = session
        rollout = session.replay.rollout
        has_total = "rew" in rollout.fields
        self._num_terms = len(rollout.reward_terms)
        self.names = (*rollout.reward_terms, *(("reward",) if has_total else ()))
        self.colors = (*map(term_color, range(self._num_terms)), *((TOTAL_COLOR,) if has_total else ()))
        self.main = self._num_terms if has_total else None
        self.max_shown = len(self.names)
        self.unit, self.has_rate = "", True
        self.limits: dict[int, tuple[float, ...]] = {}

    @property
    def key(self) -> Hashable:
        return self._session.env_index, self._session.agent, self.steps.start

    @property
    def steps(self) -> range:
        return self._session.episode_rewards.steps

    def read_from(self, first: int) -> Iterator[np.ndarray]:
        rewards = self._session.episode_rewards
        for begin in range(first, len(rewards.steps), _BLOCK):
            rows = slice(begin, begin + _BLOCK)
            total = [] if rewards.total is None else [rewards.total[rows, None]]
            yield np.concatenate([rewards.terms[rows], *total], axis=1)

    def spread_key(self, curve: int) -> Hashable:
        return curve, self._session.agent

    def reader(self, curve: int) -> Read:
        return read_reward(None if curve == self._num_terms else curve, self._session.agent)
