"""The charts of an episode: rewards per step, and their sum so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...palette import term_color
from ...reward_scales import chart_range, full_range
from ...rollout.rewards import EpisodeRewards
from ...theme import Look
from .charts import Axes, Chart, Curve
from .layout import Box, Measures
from .painting import rgb

# The upper chart's share of the height of both.
_UPPER_SHARE = 0.58


def reward_charts(
    series: EpisodeRewards, terms: Sequence[int], control_dt: float, measures: Measures, look: Look
) -> list[Chart]:
    """The charts for which there are finite values. terms: indices of those that get a curve."""
    return [*_step_charts(series, terms, control_dt, measures, look), *_sum_charts(series, control_dt, measures, look)]


def _step_charts(
    series: EpisodeRewards, terms: Sequence[int], control_dt: float, measures: Measures, look: Look
) -> list[Chart]:
    curves = [Curve(series.terms[:, k], rgb(term_color(k)), 1.4 * measures.scale) for k in terms]
    if series.total is not None:
        curves.append(Curve(series.total, look.text, 2 * measures.scale))
    shown = chart_range(np.stack([curve.values for curve in curves], axis=1)) if curves else None
    return [Chart("rewards per step", _axes(series, control_dt, shown), curves, measures, look)] if shown else []


def _sum_charts(series: EpisodeRewards, control_dt: float, measures: Measures, look: Look) -> list[Chart]:
    shown = None if series.cumulative_of == "nothing" else full_range(series.cumulative)
    if shown is None:
        return []
    title = "return so far" if series.cumulative_of == "reward" else "sum of the terms so far"
    axes = _axes(series, control_dt, shown)
    curve = Curve(series.cumulative, look.accent, 2 * measures.scale)
    return [Chart(title, axes, [curve], measures, look, running=series.cumulative)]


def _axes(series: EpisodeRewards, control_dt: float, shown: tuple[float, float]) -> Axes:
    num_steps = len(series.steps)
    return Axes(num_steps, (num_steps - 1) * control_dt, *shown)


def place_charts(charts: Sequence[Chart], box: Box, measures: Measures) -> None:
    """Put the charts into a box, one below the other, with their plots and their times aligned."""
    title, below = measures.px(32), measures.px(22)
    height = box.height - len(charts) * title - below
    upper = round(_UPPER_SHARE * height)
    heights = (upper, height - upper) if len(charts) == 2 else (height,)
    left = box.left + max(map(Chart.tick_width, charts, heights)) + measures.px(8)
    top = box.top + title
    for chart, plot_height in zip(charts, heights, strict=True):
        chart.place(Box(left, top, box.right, top + plot_height), box.left)
        top += plot_height + title
