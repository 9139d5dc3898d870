"""Reward terms by outcome: what each gave to good and to bad episodes, as a sum and per second."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .draws import MOST_COLUMNS
from .evaluation import Evaluation, as_numbers
from .statistics.estimates import Estimate, mean

# Of an episode without any time there is no rate [s].
_SHORTEST = 1e-9


@dataclass(frozen=True)
class Term:
    """One reward term.

    Attributes:
        name: of it.
        sums: over an episode, of good and of bad ones.
        rates: per second, likewise: what is left when long episodes are not simply more of everything.
        separation: how far the rates are apart, in standard deviations.
    """

    name: str
    sums: tuple[Estimate, Estimate]
    rates: tuple[Estimate, Estimate]
    separation: float


def terms_of(episodes: Evaluation) -> list[Term]:
    """The reward terms of finished episodes, those first that differ most between good and bad ones."""
    names = list(dict.fromkeys(name for record in episodes.records for name in record.rewards))[:MOST_COLUMNS]
    good, bad = episodes.is_good == 1, episodes.is_good == 0
    found = []
    for name in names:
        sums = as_numbers([record.rewards.get(name) for record in episodes.records])
        rates = sums / np.where(episodes.seconds > _SHORTEST, episodes.seconds, np.nan)
        two_sums = mean(sums[good]), mean(sums[bad])
        found.append(Term(name, two_sums, (mean(rates[good]), mean(rates[bad])), _apart(rates[good], rates[bad])))
    return sorted(found, key=lambda term: -term.separation)


def _apart(first: np.ndarray, second: np.ndarray) -> float:
    """Their means' distance in pooled standard deviations (J. Cohen's d); 0 where it is not known."""
    first, second = first[np.isfinite(first)], second[np.isfinite(second)]
    if len(first) < 2 or len(second) < 2:
        return 0.0
    weights = len(first) - 1, len(second) - 1
    pooled = math.sqrt((weights[0] * first.var(ddof=1) + weights[1] * second.var(ddof=1)) / sum(weights))
    return abs(float(first.mean() - second.mean())) / pooled if pooled else 0.0
