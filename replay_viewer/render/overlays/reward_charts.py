"""The charts of an episode: rewards per step, and their sum so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...looks import Look
from ...palette import term_color
from ...reward_scales import chart_range
from ...rewards import EpisodeRewards
from .chart import Axes, Chart, Curve
from .measures import Box, Measures
from .painting import rgb

# The upper chart's share of the height of both.
_UPPER_SHARE = 0.58


def reward_charts(
    series: EpisodeRewards, terms: Sequence[int], control_dt: float, measures: Measures, look: Look
) -> list[Chart]:
    """The charts for which there are finite values. terms: indices of those that get a curve."""
    thin, thick = 1.4 * measures.scale, 2.0 * measures.scale
    curves = [Curve(series.terms[:, k], rgb(term_color(k)), thin) for k in terms]
    if series.total is not None:
        curves.append(Curve(series.total, look.text, thick))
    shown = chart_range(np.stack([curve.values for curve in curves], axis=1)) if curves else None
    if shown is None:
        return []
    num_steps = len(series.steps)
    seconds = (num_steps - 1) * control_dt
    summed = Curve(series.cumulative, look.accent, thick)
    name = "return so far" if series.cumulative_of == "reward" else "sum of the terms so far"
    axes, below = Axes(num_steps, seconds, *shown), Axes(num_steps, seconds, *_full_range(series.cumulative))
    return [
        Chart("rewards per step", axes, curves, measures, look),
        Chart(name, below, [summed], measures, look, running=series.cumulative),
    ]


def _full_range(values: np.ndarray) -> tuple[float, float]:
    """From below the least to above the greatest finite value, of which there must be one."""
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    margin = 0.12 * (high - low) or 1.0
    return low - margin, high + margin


def place_charts(charts: Sequence[Chart], box: Box, measures: Measures) -> None:
    """Put the charts into a box, one below the other, with their plots and their times aligned."""
    title, below = measures.px(32), measures.px(22)
    height = box.height - len(charts) * title - below
    upper = round(_UPPER_SHARE * height)
    left = box.left + max(chart.tick_width(upper) for chart in charts) + measures.px(8)
    top = box.top + title
    for chart, plot_height in zip(charts, (upper, height - upper), strict=True):
        chart.place(Box(left, top, box.right, top + plot_height), box.left)
        top += plot_height + title
