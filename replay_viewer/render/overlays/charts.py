"""Charts of an episode over its time: rewards per step, and their sum so far.

A chart is drawn once for an episode, with a playhead over it in every picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...numerals import largest_of, number_format, number_text
from ...rollout.rewards import EpisodeRewards, chart_range, full_range
from ...theme import Look, Rgb, rgb_bytes, term_color
from .layout import Box, PixelScale
from .painting import blend, dot, fill, line_mask, mixed, write
from .text import number_mask, text_mask, text_width, ticks

# How far beyond the plot, in heights of it, a line is drawn towards a value that is outside.
_BEYOND = 2.0
_LETTERS = 11
# Of two charts, the upper one's share of the height of both.
_UPPER_SHARE = 0.58


class Curve(NamedTuple):
    """One line of a chart.

    Attributes:
        values: (S,), one per step.
        color: of the line.
        width: of the line [px].
    """

    values: np.ndarray
    color: Rgb
    width: float


class Axes(NamedTuple):
    """Scales of a plot.

    Attributes:
        num_steps: S, of the episode.
        seconds: from the first to the last step.
        low: the value at its lower edge.
        high: the value at its upper edge.
    """

    num_steps: int
    seconds: float
    low: float
    high: float


class VideoChart:
    """Curves over an episode's time, inside a box of a picture.

    Args:
        title: above them.
        axes: the scales.
        curves: from the back to the front.
        pixels: how large things are.
        look: colours.
        running: (S,) values of which the present one stands beside the title, or None.

    Attributes:
        plot: the box of the curves, once it is placed.
    """

    def __init__(
        self,
        title: str,
        axes: Axes,
        curves: Sequence[Curve],
        pixels: PixelScale,
        look: Look,
        running: np.ndarray | None = None,
    ) -> None:
        self._title, self._axes, self._curves, self._running = title, axes, curves, running
        self._pixels, self._look = pixels, look
        self._format = number_format(0.0 if running is None else largest_of(running))
        self._letters = pixels.font(_LETTERS)
        self.plot, self._left = Box(0, 0, 1, 1), 0

    def tick_width(self, height: int) -> int:
        """Width of the numbers beside the plot, if it has this height [px]."""
        return max((text_width(text, self._letters) for _, text in self._value_ticks(height)), default=0)

    def place(self, plot: Box, left: int) -> None:
        """Put the plot into a box; its title begins at `left` [px]."""
        self.plot, self._left = plot, left

    def x_of(self, step: np.ndarray | float) -> np.ndarray:
        """Where steps of the episode lie [px]; a single one in the middle."""
        last = self._axes.num_steps - 1
        share = np.asarray(step) / last if last else np.asarray(step) + 0.5
        return self.plot.left + share * self.plot.width

    def y_of(self, values: np.ndarray | float) -> np.ndarray:
        """Where values lie [px]."""
        low, high = self._axes.low, self._axes.high
        return self.plot.bottom - (np.asarray(values) - low) / (high - low) * self.plot.height

    # -- once per episode -----------------------------------------------------

    def paint_axes(self, image: np.ndarray, with_time: bool) -> None:
        """Title, grid and the numbers beside it; those of the time below it where asked for."""
        plot, muted = self.plot, self._look.muted_text
        letters = self._pixels.font(12)
        write(image, text_mask(self._title, letters), self._left, self._title_middle, muted)
        for value, text in self._value_ticks(plot.height):
            y = round(float(self.y_of(value)))
            fill(image, plot.left, y, plot.right, y + 1, self._grid_color(0.6 if value == 0 else 0.18))
            write(image, text_mask(text, self._letters), plot.left - self._pixels.of(6), y, muted, "right")
        for seconds, text in self._time_ticks():
            x = round(plot.left + seconds / self._axes.seconds * plot.width)
            fill(image, x, plot.top, x + 1, plot.bottom, self._grid_color(0.18))
            if with_time:
                mask = text_mask(text, self._letters)
                write(image, mask, x, plot.bottom + 0.9 * self._letters, muted, "middle")

    def paint_curves(self, image: np.ndarray) -> None:
        """The curves of the whole episode."""
        plot = self.plot
        for curve in self._curves:
            points = _envelope(curve.values, plot.width)
            x = self.x_of(points[:, 0]) - plot.left
            y = np.clip(self.y_of(points[:, 1]) - plot.top, -_BEYOND * plot.height, (1 + _BEYOND) * plot.height)
            mask = line_mask(plot.size, np.stack([x, y], axis=1), curve.width)
            blend(plot.of(image), mask, 0, 0, curve.color)

    # -- in every picture -----------------------------------------------------

    def draw_now(self, image: np.ndarray, position: float) -> None:
        """A line at a position [steps of the episode], where every curve is there, and the running value."""
        x, plot = float(self.x_of(position)), self.plot
        half = max(self._pixels.factor, 1.0) / 2
        fill(image, x - half, plot.top, x + half, plot.bottom, self._look.text)
        for curve in self._curves:
            y = float(self.y_of(_value_at(curve.values, position)))
            if plot.top <= y <= plot.bottom:
                dot(image, x, y, curve.width + self._pixels.factor, curve.color)
        if self._running is not None:
            text = number_text(float(self._running[int(position)]), self._format)
            mask = number_mask(text, self._pixels.font(14))
            write(image, mask, plot.right, self._title_middle, self._look.text, "right")

    # -- parts ----------------------------------------------------------------

    @property
    def _title_middle(self) -> int:
        return self.plot.top - self._pixels.of(17)

    def _value_ticks(self, height: int) -> list[tuple[float, str]]:
        """Round values, with room between their texts."""
        most = min(max(height // self._pixels.of(24), 3), 6)
        return ticks(self._axes.low, self._axes.high, most)

    def _time_ticks(self) -> list[tuple[float, str]]:
        widest = text_width(f"{self._axes.seconds:.1f} s", self._letters)
        return [
            (seconds, f"{text} s")
            for seconds, text in ticks(0.0, self._axes.seconds, min(self.plot.width // (2 * widest), 8))
        ]

    def _grid_color(self, opacity: float) -> Rgb:
        return mixed(self._look.panel, self._look.muted_text, opacity)


def reward_charts(
    series: EpisodeRewards, terms: Sequence[int], control_dt: float, pixels: PixelScale, look: Look
) -> list[VideoChart]:
    """The charts for which there are finite values. terms: indices of those that get a curve."""
    return [*_step_charts(series, terms, control_dt, pixels, look), *_sum_charts(series, control_dt, pixels, look)]


def place_charts(charts: Sequence[VideoChart], box: Box, pixels: PixelScale) -> None:
    """Put the charts into a box, one below the other, with their plots and their times aligned."""
    title, below = pixels.of(32), pixels.of(22)
    height = box.height - len(charts) * title - below
    heights = _heights(height, len(charts))
    tick_widths = [chart.tick_width(plot_height) for chart, plot_height in zip(charts, heights, strict=True)]
    left = box.left + max(tick_widths) + pixels.of(8)
    top = box.top + title
    for chart, plot_height in zip(charts, heights, strict=True):
        chart.place(Box(left, top, box.right, top + plot_height), box.left)
        top += plot_height + title


def _heights(height: int, count: int) -> list[int]:
    """Of so many charts; the uppermost one is a little higher than each of the others."""
    upper = height if count == 1 else round(_UPPER_SHARE * height * 2 / count)
    return [upper, *([(height - upper) // max(count - 1, 1)] * (count - 1))]


def _step_charts(
    series: EpisodeRewards, terms: Sequence[int], control_dt: float, pixels: PixelScale, look: Look
) -> list[VideoChart]:
    curves = [Curve(series.terms[:, k], rgb_bytes(term_color(k)), 1.4 * pixels.factor) for k in terms]
    if series.total is not None:
        curves.append(Curve(series.total, look.text, 2 * pixels.factor))
    shown = chart_range(np.stack([curve.values for curve in curves], axis=1)) if curves else None
    return [VideoChart("rewards per step", _axes(series, control_dt, shown), curves, pixels, look)] if shown else []


def _sum_charts(series: EpisodeRewards, control_dt: float, pixels: PixelScale, look: Look) -> list[VideoChart]:
    shown = None if series.cumulative_of == "nothing" else full_range(series.cumulative)
    if shown is None:
        return []
    title = "return so far" if series.cumulative_of == "reward" else "sum of the terms so far"
    axes = _axes(series, control_dt, shown)
    curve = Curve(series.cumulative, look.accent, 2 * pixels.factor)
    return [VideoChart(title, axes, [curve], pixels, look, running=series.cumulative)]


def _axes(series: EpisodeRewards, control_dt: float, shown: tuple[float, float]) -> Axes:
    num_steps = len(series.steps)
    return Axes(num_steps, (num_steps - 1) * control_dt, *shown)


def _value_at(values: np.ndarray, position: float) -> float:
    """The value at a position between two steps."""
    step = math.floor(position)
    here, after = float(values[step]), float(values[min(step + 1, len(values) - 1)])
    return here if position == step else here + (after - here) * (position - step)


def _envelope(values: np.ndarray, width: int) -> np.ndarray:
    """Points (step, value) of a curve: all, or the least and the greatest of each pixel's steps if there are many."""
    values = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
    run = -(-len(values) // width)
    if run <= 2:
        return np.stack([np.arange(len(values)), values], axis=1)
    runs = np.pad(values, (0, -len(values) % run), constant_values=np.nan).reshape(-1, run)
    ends = np.stack([np.fmin.reduce(runs, axis=1), np.fmax.reduce(runs, axis=1)], axis=1)
    # Every other pair is turned round, so that the line goes up and down once for two of them.
    ends[1::2] = ends[1::2, ::-1]
    steps = (np.arange(len(runs)) * run + (run - 1) / 2).clip(max=len(values) - 1)
    return np.stack([np.repeat(steps, 2), ends.ravel()], axis=1)
