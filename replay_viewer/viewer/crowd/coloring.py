"""The colours of a crowd: how the episode that each env is in ended, or what it returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ...rollout.episodes import KIND_TEXT, kind_of
from ...rollout.rollout import Rollout
from ...theme import OUTCOME_COLORS, rgb_of, scale_colors

# Of many envs, so many percent at either end are drawn in the scale's last colours, so that a few do not take it all.
_MANY, _CLIPPED = 50, 2.0
# Ways to end, as the table counts them.
KINDS = tuple(KIND_TEXT)
# Rewards (steps x envs) that are read at once.
_READ_VALUES = 1 << 22


@dataclass(frozen=True, eq=False)
class Coloring:
    """What colours tell.

    Attributes:
        colors: (N, 3) sRGB 0..1, one for each env.
    """

    colors: np.ndarray


@dataclass(frozen=True, eq=False)
class ByOutcome(Coloring):
    """Colours of outcomes.

    Attributes:
        counts: (text, CSS colour, number of envs) of each outcome that is there.
    """

    counts: Sequence[tuple[str, str, int]]


@dataclass(frozen=True, eq=False)
class ByReturn(Coloring):
    """Colours on a scale of returns.

    Attributes:
        returns: (N,) of the whole episode that each env is in.
        low, high: ends of the scale.
        is_clipped: whether there are returns beyond the ends.
    """

    returns: np.ndarray
    low: float
    high: float
    is_clipped: bool


def by_outcome(table: EpisodeColumns, shown: np.ndarray) -> ByOutcome:
    """Colours of the outcomes of episodes (N,) in the table; a success is one of its own."""
    kinds = table.kinds[shown]
    numbers = np.bincount(kinds, minlength=len(KINDS)).tolist()
    counts = [(KIND_TEXT[k], OUTCOME_COLORS[k], number) for k, number in zip(KINDS, numbers, strict=True) if number]
    return ByOutcome(np.array([rgb_of(OUTCOME_COLORS[kind]) for kind in KINDS])[kinds], counts)


def by_return(table: EpisodeColumns, shown: np.ndarray, agent: int | None) -> ByReturn:
    """Colours of the returns of episodes (N,) in the table, of an agent or the sum of all."""
    returns = table.returns(shown, agent)
    finite = returns[np.isfinite(returns)]
    clipped = _CLIPPED if len(finite) >= _MANY else 0.0
    low, high = np.percentile(finite, (clipped, 100 - clipped)).tolist() if len(finite) else (0.0, 0.0)
    place = (returns - low) / (high - low) if high > low else np.full(len(returns), 0.5)
    return ByReturn(
        scale_colors(np.nan_to_num(place, nan=0.0)), returns, low, high, is_clipped=clipped > 0 and low < high
    )


class EpisodeColumns:
    """All episodes of some envs, as far as they are recorded now.

    Attributes:
        kinds: (M,) index into `KINDS`.
        num_steps: of the recording they are of.
    """

    def __init__(self, rollout: Rollout, envs: Sequence[int]) -> None:
        """List the episodes of the envs, positions in the recording."""
        per_env = [rollout.episodes(env) for env in envs]
        episodes = list(chain.from_iterable(per_env))
        self.num_steps = rollout.num_steps
        self.kinds = np.array([KINDS.index(kind_of(e)) for e in episodes])
        self._rollout = rollout
        self._first = np.array([e.first_step for e in episodes])
        self._last = np.array([e.last_step for e in episodes])
        self._env = np.array([e.env_index for e in episodes])
        self._offsets = np.arange(len(per_env)) * self.num_steps
        # Ascending over all envs: one search finds the episodes of all of them.
        self._keys = self._first + np.repeat(self._offsets, [len(of_env) for of_env in per_env])
        self._returns: dict[int | None, np.ndarray] = {}

    def at(self, step: int) -> np.ndarray:
        """The episode that each env is in at a step, (N,): position in the table."""
        return np.searchsorted(self._keys, self._offsets + step, side="right") - 1

    def returns(self, chosen: np.ndarray, agent: int | None = None) -> np.ndarray:
        """Sums of the rewards (k,) of episodes in the table, each as a whole; NaN is left out of them.

        agent: whose rewards, where each agent has its own; None sums over them.
        """
        known = self._returns.setdefault(agent, np.full(len(self._first), np.nan))
        missing = np.unique(chosen[np.isnan(known[chosen])])
        if len(missing):
            known[missing] = self._sums(missing, agent)
        return known[chosen]

    def _sums(self, chosen: np.ndarray, agent: int | None) -> np.ndarray:
        first, last, envs = self._first[chosen], self._last[chosen], self._env[chosen]
        sums = np.zeros(len(chosen))
        stride = max(1, _READ_VALUES // len(chosen))
        for start in range(first.min(), last.max() + 1, stride):
            steps = np.arange(start, min(start + stride, last.max() + 1))
            rewards = _rewards(self._rollout, slice(start, steps[-1] + 1), envs.tolist(), agent)
            is_inside = (steps[:, None] >= first) & (steps[:, None] <= last)
            sums += np.nansum(np.where(is_inside, rewards, 0), axis=0)
        return sums


def _rewards(rollout: Rollout, steps: slice, envs: Sequence[int], agent: int | None) -> np.ndarray:
    """Rewards (S, E); where only their terms are recorded, the sums of those."""
    if "rew" in rollout.fields:
        rewards = rollout.read("rew", steps, envs).astype(np.float64)
    else:
        rewards = np.asarray(np.nansum(rollout.read("rew_terms", steps, envs), axis=-1, dtype=np.float64))
    if rewards.ndim == 2:
        return rewards
    return rewards.sum(axis=-1) if agent is None else rewards[..., agent]
