"""Varied factors: in which bins of their values how many episodes were successes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .evaluation import Evaluation
from .statistics.bins import Bin, category_bins, chance, explained, number_bins
from .statistics.estimates import Estimate, mean, share
from .texts import number_text


@dataclass(frozen=True)
class Level:
    """What comes of a factor's values in one bin.

    Attributes:
        bin: which values.
        good: how often the episodes were successes.
        total_reward: their mean return.
    """

    bin: Bin
    good: Estimate
    total_reward: Estimate

    @property
    def text(self) -> str:
        """The values: 0.2 to 0.38, or a name."""
        low, high = number_text(self.bin.low), number_text(self.bin.high)
        return self.bin.label or (low if low == high else f"{low} to {high}")


@dataclass(frozen=True)
class Factor:
    """A factor that was not the same in all episodes.

    Attributes:
        name: with the component, or what of several draws it is.
        values: (N,) its numbers, NaN where there is none; None of texts.
        levels: by bin, in order.
        explained: share of the variance of success that lies between the bins, 0 to 1.
        explained_of_return: the same of the return.
        chance: how likely success differs as much between bins where the factor does nothing.
    """

    name: str
    values: np.ndarray | None
    levels: tuple[Level, ...]
    explained: float
    explained_of_return: float
    chance: float

    @property
    def ends(self) -> tuple[Level, Level]:
        """The best and the worst bin."""
        known = [level for level in self.levels if level.good.count] or self.levels
        return max(known, key=lambda level: level.good.value), min(known, key=lambda level: level.good.value)


def factors_of(episodes: Evaluation) -> list[Factor]:
    """The factors that varied among finished episodes, those first by which success differs most."""
    factors = [factor for name, column in episodes.factors.items() if (factor := _factor(name, column, episodes))]
    return sorted(factors, key=lambda factor: (-factor.explained, -factor.explained_of_return))


def _factor(name: str, column: Sequence[Any], episodes: Evaluation) -> Factor | None:
    """What comes of a column; None where it is the same in all episodes."""
    known = [value for value in column if value is not None]
    values: np.ndarray | None = None
    if all(isinstance(value, float) for value in known):
        values = np.array([math.nan if value is None else value for value in column])
        bins = number_bins(values)
    else:
        bins = category_bins([None if value is None else _text(value) for value in column])
    if len(bins) < 2:
        return None
    levels = [Level(one, share(episodes.is_good[one.members]), _mean_of(episodes, one)) for one in bins]
    good, rewards = episodes.is_good, episodes.total_reward
    return Factor(name, values, tuple(levels), explained(good, bins), explained(rewards, bins), chance(good, bins))


def _mean_of(episodes: Evaluation, one: Bin) -> Estimate:
    return mean(episodes.total_reward[one.members])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"
