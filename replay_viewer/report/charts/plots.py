"""The plots of the report: points with intervals, histograms, curves, and pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .scales import Scale, extent, tick_texts

# Of a drawing [px]; the page scales it a little to fit its column.
WIDTH, HEIGHT = 380, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 12, 40
_MOST_DOTS = 2000
_HISTOGRAM_BINS = 24


@dataclass(frozen=True)
class Tick:
    """A tick at a pixel with its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Frame:
    """Where the axes are.

    Attributes:
        x_ticks: below.
        y_ticks: on the left.
        x_label: below the ticks.
        y_label: on top of the left axis.
    """

    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    x_label: str
    y_label: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


@dataclass(frozen=True)
class Value:
    """What a point tells.

    Attributes:
        x: where; of categories 0, 1, 2, ...
        x_low: least of the values that the point stands for.
        x_high: greatest.
        y: how much.
        low: of its interval.
        high: likewise.
        text: what is said when somebody points at it.
        chosen: which rows of the table it stands for, as the page's script reads it; None for none.
    """

    x: float
    x_low: float
    x_high: float
    y: float
    low: float
    high: float
    text: str
    chosen: object = None


@dataclass(frozen=True)
class Mark:
    """A point in pixels; see `Value`."""

    x: float
    x_low: float
    x_high: float
    y: float
    low: float | None
    high: float | None
    text: str
    chosen: object


@dataclass(frozen=True)
class Points:
    """Points with intervals, joined where x is a number.

    Attributes:
        frame: the axes.
        marks: the points.
        path: that joins them; "" of categories.
        reference: pixel of a line across; None for none.
    """

    frame: Frame
    marks: Sequence[Mark]
    path: str
    reference: float | None


@dataclass(frozen=True)
class Column:
    """A column of a histogram: its pieces from the bottom up, as (kind, y, height)."""

    x: float
    width: float
    pieces: Sequence[tuple[str, float, float]]
    text: str
    chosen: object


@dataclass(frozen=True)
class Histogram:
    """Counts of values, stacked by kind."""

    frame: Frame
    columns: Sequence[Column]


@dataclass(frozen=True)
class Curve:
    """A curve with its band, as SVG paths."""

    path: str
    band: str
    color: str


@dataclass(frozen=True)
class Curves:
    """Curves of steps."""

    frame: Frame
    curves: Sequence[Curve]


@dataclass(frozen=True)
class Dot:
    """A pair of values in pixels."""

    x: float
    y: float
    kind: str
    text: str


@dataclass(frozen=True)
class Pairs:
    """Dots on either side of the line where both values are the same.

    Attributes:
        frame: the axes, of one scale.
        dots: in it.
        line: x, y of its two ends.
        num_left_out: pairs that are not drawn, so that the page stays small.
    """

    frame: Frame
    dots: Sequence[Dot]
    line: tuple[float, float, float, float]
    num_left_out: int


def points(
    values: Sequence[Value],
    x_label: str,
    y_label: str,
    *,
    names: Sequence[str] = (),
    is_share: bool = False,
    reference: float = math.nan,
) -> Points:
    """Points with intervals. names: of the categories, where x are these."""
    ends = [edge for value in values for edge in (value.y, value.low, value.high)]
    y = _share_scale() if is_share else Scale(*extent([*ends, reference]), HEIGHT - _BOTTOM, _TOP)
    x = _category_scale(len(names)) if names else Scale(*_x_extent(values), _LEFT, WIDTH - _RIGHT)
    x_ticks = [Tick(x(k), name) for k, name in enumerate(names)] if names else _ticks(x, 6)
    frame = Frame(x_ticks, _share_ticks(y) if is_share else _ticks(y, 4), x_label, y_label)
    marks = [
        Mark(x(v.x), x(v.x_low), x(v.x_high), y(v.y), _pixel(y, v.low), _pixel(y, v.high), v.text, v.chosen)
        for v in values
        if math.isfinite(v.y)
    ]
    path = "" if names or len(marks) < 2 else "M" + " L".join(f"{mark.x} {mark.y}" for mark in marks)
    return Points(frame, marks, path, _pixel(y, reference))


def histogram(values: np.ndarray, kinds: Sequence[tuple[str, np.ndarray]], x_label: str, column: str) -> Histogram:
    """Counts of values (N,), stacked by kinds, each a word with a mask (N,).

    column: of the table, in which a click chooses such values.
    """
    known = np.isfinite(values)
    low, high = (float(values[known].min()), float(values[known].max())) if known.any() else (0.0, 1.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = max(0.5, 1e-6 * max(abs(low), abs(high)))
        low, high = low - room, high + room
    edges = np.linspace(low, high, min(_HISTOGRAM_BINS, max(int(known.sum()) // 3, 6)) + 1)
    counts = {kind: np.histogram(values[known & mask], edges)[0] for kind, mask in kinds}
    total = np.sum(list(counts.values()), axis=0)
    x = Scale(low, high, _LEFT, WIDTH - _RIGHT)
    y = Scale(0, max(int(total.max()), 1) * 1.05, HEIGHT - _BOTTOM, _TOP)
    columns = [
        _column(x, y, edges[k], edges[k + 1], {kind: int(count[k]) for kind, count in counts.items()}, column)
        for k in range(len(total))
        if total[k]
    ]
    ticks = [Tick(y(tick), text) for tick, text in _texts(y.ticks(4)) if tick == int(tick)]
    return Histogram(Frame(_ticks(x, 6), ticks, x_label, "episodes"), columns)


def curves(steps: Sequence[tuple[np.ndarray, ...]], colors: Sequence[str], x_label: str, y_label: str) -> Curves:
    """Curves of steps between 0 and 1, each as (times, heights, lows, highs), from 1 at time 0 on."""
    last = max((float(times[-1]) for times, *_ in steps), default=1.0)
    x, y = Scale(0, last if last > 1e-9 else 1.0, _LEFT, WIDTH - _RIGHT), _share_scale()
    frame = Frame(_ticks(x, 6), _share_ticks(y), x_label, y_label)
    drawn = []
    for (times, heights, lows, highs), color in zip(steps, colors, strict=True):
        upper, lower = _steps(x, y, times, highs), _steps(x, y, times, lows)
        band = "M" + " L".join([*upper, *reversed(lower)]) + " Z"
        drawn.append(Curve("M" + " L".join(_steps(x, y, times, heights)), band, color))
    return Curves(frame, drawn)


def pairs(first: np.ndarray, second: np.ndarray, kinds: list[str], texts: list[str], labels: tuple[str, str]) -> Pairs:
    """Dots of two values (N,) each; of many, a part that is spread evenly."""
    low, high = extent([*first, *second])
    x, y = Scale(low, high, _LEFT, WIDTH - _RIGHT), Scale(low, high, HEIGHT - _BOTTOM, _TOP)
    shown: list[int] = np.unique(np.linspace(0, len(first) - 1, min(len(first), _MOST_DOTS)).astype(int)).tolist()
    dots = [Dot(x(float(first[k])), y(float(second[k])), kinds[k], texts[k]) for k in shown]
    frame = Frame(_ticks(x, 5), _ticks(y, 4), *labels)
    return Pairs(frame, dots, (x(low), y(low), x(high), y(high)), len(first) - len(shown))


def _column(x: Scale, y: Scale, low: float, high: float, counts: dict[str, int], column: str) -> Column:
    pieces, base = [], 0
    for kind, count in counts.items():
        if count:
            pieces.append((kind, y(base + count), round(y(base) - y(base + count), 1)))
            base += count
    (low_text, high_text) = tick_texts([low, high])
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    chosen = {"column": column, "low": float(low), "high": float(high)}
    width = max(round(x(high) - x(low) - 1, 1), 0.5)
    return Column(x(low) + 0.5, width, pieces, f"{low_text} to {high_text}: {said}", chosen)


def _steps(x: Scale, y: Scale, times: np.ndarray, heights: np.ndarray) -> list[str]:
    """The corners of a curve that begins with 1 at 0 and steps to each height at its time."""
    corners, height = [f"{x(0)} {y(1)}"], 1.0
    for time, next_height in zip(times.tolist(), heights.tolist(), strict=True):
        corners += [f"{x(time)} {y(height)}", f"{x(time)} {y(next_height)}"]
        height = next_height
    return list(dict.fromkeys(corners))


def _x_extent(values: Sequence[Value]) -> tuple[float, float]:
    return extent([edge for value in values for edge in (value.x_low, value.x_high)], pad=0.03)


def _share_scale() -> Scale:
    return Scale(0, 1, HEIGHT - _BOTTOM, _TOP)


def _category_scale(count: int) -> Scale:
    return Scale(-0.5, count - 0.5, _LEFT, WIDTH - _RIGHT)


def _share_ticks(y: Scale) -> list[Tick]:
    return [Tick(y(share), f"{100 * share:.0f} %") for share in (0, 0.25, 0.5, 0.75, 1)]


def _ticks(scale: Scale, count: int) -> list[Tick]:
    return [Tick(scale(tick), text) for tick, text in _texts(scale.ticks(count))]


def _texts(ticks: list[float]) -> list[tuple[float, str]]:
    return list(zip(ticks, tick_texts(ticks), strict=True))


def _pixel(scale: Scale, value: float) -> float | None:
    return scale(value) if math.isfinite(value) else None
