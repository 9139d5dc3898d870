"""Bins: a factor's values put into a few heaps, each of which has enough episodes to say something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# So many different numbers are a heap each.
_MOST_DISTINCT = 8
_MOST_BINS, _FEWEST_BINS, _IN_A_BIN = 8, 3, 20
_MOST_CATEGORIES = 12
# Ways in which successes are dealt out.
_DEALT = 4000


@dataclass(frozen=True)
class Bin:
    """One heap.

    Attributes:
        members: (N,) which values are in it.
        low: least of its numbers; of a category, its place from 0 on.
        high: greatest, likewise.
        label: of a category; "" of numbers.
    """

    members: np.ndarray
    low: float
    high: float
    label: str = ""


def number_bins(values: np.ndarray) -> list[Bin]:
    """Heaps of about equally many numbers, or one for each number where there are few different ones.

    Args:
        values: (N,), NaN is in none.
    """
    known = values[np.isfinite(values)]
    distinct = np.unique(known)
    if len(distinct) <= _MOST_DISTINCT:
        return [Bin(values == number, float(number), float(number)) for number in distinct]
    count = min(max(len(known) // _IN_A_BIN, _FEWEST_BINS), _MOST_BINS)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, count + 1)))
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    heaps = [np.isfinite(values) & (places == place) for place in range(len(edges) - 1)]
    return [Bin(heap, float(values[heap].min()), float(values[heap].max())) for heap in heaps if heap.any()]


def category_bins(labels: Sequence[str | None]) -> list[Bin]:
    """A heap for each text, the most frequent ones; what is left is one more.

    Args:
        labels: (N,), None is in no heap.
    """
    counts = Counter(label for label in labels if label is not None)
    kept = [label for label, _ in counts.most_common(_MOST_CATEGORIES)]
    found = np.array([label if label is not None else "" for label in labels], dtype=object)
    known = np.array([label is not None for label in labels], dtype=bool)
    bins = [Bin((found == label) & known, place, place, label) for place, label in enumerate(sorted(kept))]
    rest = known & ~np.isin(found, kept)
    if rest.any():
        bins.append(Bin(rest, len(bins), len(bins), f"{len(counts) - len(kept)} others"))
    return bins


def explained(values: np.ndarray, bins: Sequence[Bin]) -> float:
    """The share of the values' variance that lies between the bins (eta squared), 0 to 1; less what chance gives.

    Args:
        values: (N,), NaN is left out.
        bins: of the same N.
    """
    groups = [values[one.members & np.isfinite(values)] for one in bins]
    groups = [group for group in groups if len(group)]
    total = np.concatenate(groups) if groups else np.zeros(0)
    if len(total) <= len(groups) or len(groups) < 2:
        return 0.0
    whole = float(((total - total.mean()) ** 2).sum())
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    if not whole:
        return 0.0
    # Epsilon squared (T. L. Kelley, 1935): the within part as an estimate that is right on average.
    noise = within / (len(total) - len(groups)) * (len(groups) - 1)
    return max((whole - within - noise) / whole, 0.0)


def chance(successes: np.ndarray, bins: Sequence[Bin]) -> float:
    """How likely bins differ at least as much by chance alone, where the successes fall into any of them alike.

    The test of Pearson's chi squared, against 4,000 ways to deal out the same number of successes.

    Args:
        successes: (N,) 1 and 0, NaN is left out.
        bins: of the same N.
    """
    known = np.isfinite(successes)
    sizes = np.array([int((one.members & known).sum()) for one in bins])
    counts = np.array([int((one.members & (successes == 1)).sum()) for one in bins])
    sizes, counts = sizes[sizes > 0], counts[sizes > 0]
    total, good = int(sizes.sum()), int(counts.sum())
    if len(sizes) < 2 or good in (0, total):
        return 1.0
    expected = sizes * good / total
    dealt = np.random.default_rng(0).multivariate_hypergeometric(sizes, good, size=_DEALT)
    # Of failures the distance is the same: that both count only scales it by bin.
    scale = 1 / expected + 1 / (sizes - expected)
    distances = ((dealt - expected) ** 2 * scale).sum(axis=1)
    found = float(((counts - expected) ** 2 * scale).sum())
    return (1 + int((distances >= found - 1e-9).sum())) / (1 + _DEALT)
