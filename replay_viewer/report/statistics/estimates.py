"""Estimates with their 95 % intervals: of a share, of a mean, and of what two matched samples differ by."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

# Of a normal distribution, on either side of 95 %.
Z = 1.959963984540054
# Beyond as many degrees of freedom Student's distribution is the normal one, to four digits.
_MOST_FREEDOM = 10_000


class Estimate(NamedTuple):
    """A value with its 95 % interval; NaN where too little is known.

    Attributes:
        value: estimated.
        low: of the interval.
        high: likewise.
        count: values that it was made of.
    """

    value: float
    low: float
    high: float
    count: int


NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


def share(successes: np.ndarray) -> Estimate:
    """How often it is true, with Wilson's score interval (E. B. Wilson, 1927).

    Args:
        successes: (N,) truth values, or 0 and 1; NaN is left out.
    """
    known = _known(successes)
    return wilson(int(known.sum()), len(known))


def wilson(count: int, total: int) -> Estimate:
    """The same for `count` successes of `total`."""
    if not total:
        return NOTHING
    rate, weight = count / total, Z * Z / total
    center = (rate + weight / 2) / (1 + weight)
    half = Z / (1 + weight) * math.sqrt(rate * (1 - rate) / total + weight / (4 * total))
    # Rounding leaves a rest beyond 0 and 1.
    low = 0.0 if count == 0 else center - half
    high = 1.0 if count == total else center + half
    return Estimate(rate, low, high, total)


def mean(values: np.ndarray) -> Estimate:
    """Their mean, with Student's interval; of one value there is none.

    Args:
        values: (N,), NaN is left out.
    """
    known = _known(values)
    if not len(known):
        return NOTHING
    middle = float(known.mean())
    if len(known) == 1:
        return Estimate(middle, math.nan, math.nan, 1)
    half = t_quantile(len(known) - 1) * float(known.std(ddof=1)) / math.sqrt(len(known))
    return Estimate(middle, middle - half, middle + half, len(known))


def paired_difference(first: np.ndarray, second: np.ndarray) -> Estimate:
    """The mean of second - first, pair by pair, with Student's interval.

    Args:
        first: (N,), NaN is left out with its partner.
        second: (N,) of the same pairs.
    """
    return mean(np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64))


def paired_share_difference(first: np.ndarray, second: np.ndarray) -> Estimate:
    """How much more often the second of a pair is true than the first, with Newcombe's score interval.

    That is method 10 of R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions
    based on paired data" (1998): Wilson's intervals of both, put together by how they are correlated.

    Args:
        first: (N,) truth values, or 0 and 1; NaN is left out with its partner.
        second: (N,) of the same pairs.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    known = np.isfinite(first) & np.isfinite(second)
    is_first, is_second = first[known] > 0, second[known] > 0
    total = int(known.sum())
    if not total:
        return NOTHING
    a, b = wilson(int(is_first.sum()), total), wilson(int(is_second.sum()), total)
    phi = _correlation(is_first, is_second)
    difference = b.value - a.value
    low = _square_and_add(b.value - b.low, a.high - a.value, phi)
    high = _square_and_add(b.high - b.value, a.value - a.low, phi)
    return Estimate(difference, difference - low, difference + high, total)


@lru_cache(maxsize=256)
def t_quantile(freedom: int) -> float:
    """The point of Student's distribution between whose negative and itself 95 % lie; to five digits.

    With t = sqrt(freedom) tan(angle), the density is cos(angle) ** (freedom - 1): a smooth curve on a finite stretch.
    """
    freedom = min(freedom, _MOST_FREEDOM)
    angles = np.linspace(0.0, math.pi / 2, 50_001)
    density = np.cos(angles) ** (freedom - 1)
    below = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return math.sqrt(freedom) * math.tan(float(np.interp(0.95 * below[-1], below, angles)))


def _known(values: np.ndarray) -> np.ndarray:
    numbers = np.asarray(values, dtype=np.float64)
    return numbers[np.isfinite(numbers)]


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Phi of a table of two by two, with Newcombe's correction for few pairs."""
    both, only_first = int((first & second).sum()), int((first & ~second).sum())
    only_second, neither = int((~first & second).sum()), int((~first & ~second).sum())
    product = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if not product:
        return 0.0
    distance = both * neither - only_first * only_second
    if distance > 0:
        distance = max(distance - len(first) / 2, 0)
    return distance / math.sqrt(product)


def _square_and_add(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(one * one - 2 * phi * one * other + other * other, 0.0))
