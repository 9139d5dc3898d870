"""Drawings: the plots of an evaluation's findings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..theme import TAKE_COLORS
from .charts.plots import Curves, Histogram, Pairs, Points, Value, curves, histogram, pairs, points
from .comparison import Comparison
from .evaluation import Evaluation
from .factors import Factor, Level
from .statistics.estimates import Estimate
from .survivors import Survivors
from .texts import number_text, percent_text

# So long a category's name may be below its point, and what is measured below its axis.
_LONGEST_NAME, _LONGEST_LABEL = 12, 40


def success_plot(factor: Factor, episodes: Evaluation, whole: Estimate) -> Points:
    """How success depends on a factor; the line across is the rate of all."""
    values = [_value(factor, level, level.good, percent_text) for level in factor.levels]
    names = _names(factor)
    return points(
        values, _label(factor.name), episodes.measure.short, names=names, is_share=True, reference=whole.value
    )


def return_plot(factor: Factor, whole: Estimate) -> Points:
    """How the return depends on a factor."""
    values = [_value(factor, level, level.total_reward, number_text) for level in factor.levels]
    return points(values, _label(factor.name), "return", names=_names(factor), reference=whole.value)


def distribution(episodes: Evaluation, values: np.ndarray, label: str, column: str) -> Histogram:
    """How a number is spread over finished episodes, by whether they were successes."""
    kinds = [
        (episodes.measure.no, episodes.is_good == 0),
        (episodes.measure.yes, episodes.is_good == 1),
        ("unknown", ~np.isfinite(episodes.is_good)),
    ]
    return histogram(values, kinds, _label(label), column)


def survival_plot(survivors: Survivors) -> Curves:
    """Which share still goes on after some time, by group."""
    steps = []
    for curve in survivors.curves:
        # To where the last one was watched; a curve that nothing ended is a line.
        times = np.append(curve.times, curve.last)
        ends = [np.append(v, v[-1] if len(v) else 1.0) for v in (curve.alive, curve.low, curve.high)]
        steps.append((times, *ends))
    return curves(steps, group_colors(len(steps)), f"time [{survivors.unit}]", "still going")


def pairs_plot(comparison: Comparison, episodes: Evaluation) -> Pairs | None:
    """The returns of matched episodes; None where they are not known."""
    a, b = comparison.pairs.T
    first, second = episodes.total_reward[a], episodes.total_reward[b]
    known = np.isfinite(first) & np.isfinite(second)
    if not known.any():
        return None
    good = [(episodes.is_good[i], episodes.is_good[j]) for i, j in comparison.pairs[known]]
    kinds = ["both" if x == y else "second" if y > x else "first" if x > y else "both" for x, y in good]
    texts = [
        f"seed {r.seed}, env {r.env_id}, episode {r.episode_in_env}: {number_text(x)} and {number_text(y)}"
        for r, x, y in zip((episodes.records[i] for i in a[known]), first[known], second[known], strict=True)
    ]
    first_name, second_name = map(_label, comparison.names)
    labels = (f"return of {first_name}", f"return of {second_name}")
    return pairs(first[known], second[known], kinds, texts, labels)


def group_colors(count: int) -> list[str]:
    """CSS colours of groups."""
    return [TAKE_COLORS[(index + 1) % len(TAKE_COLORS)] for index in range(count)]


def _names(factor: Factor) -> Sequence[str]:
    return [_cut(level.bin.label) for level in factor.levels] if factor.values is None else ()


def _value(factor: Factor, level: Level, estimate: Estimate, text: Callable[[float], str]) -> Value:
    low, high = level.bin.low, level.bin.high
    column = f"variations.{factor.name}"
    if factor.values is None:
        x, chosen = low, {"column": column, "text": level.bin.label}
    else:
        x, chosen = float(np.nanmean(factor.values[level.bin.members])), {"column": column, "low": low, "high": high}
    said = f"{level.text}: {text(estimate.value)}"
    if math.isfinite(estimate.low):
        said += f" ({text(estimate.low)} to {text(estimate.high)})"
    said += f", {estimate.count} episodes"
    return Value(x, low, high, estimate.value, estimate.low, estimate.high, said, chosen)


def _label(name: str) -> str:
    return _cut(name, _LONGEST_LABEL)


def _cut(name: str, longest: int = _LONGEST_NAME) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"
