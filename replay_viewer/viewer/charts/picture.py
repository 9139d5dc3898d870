"""The picture of a chart: curves over the steps of an episode, and how they are drawn; the same for every browser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...errors import printable
from ...numerals import largest_of
from ...rollout.rewards import Range

# Of lines, by their numbers: values that are marked. One may be that of all lines.
ALL_LINES = -1
Limits = tuple[tuple[int, float], ...]
# An axis has no room for many digits.
_LEAST_SPAN, _LARGEST_VALUE = 0.015, 10_000
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Line:
    """How a curve is drawn.

    Attributes:
        width: [px].
        factor: what is drawn, over the value that a reader is told.
        curve: its number among those of the source.
    """

    name: str
    color: str
    width: float = 1.25
    factor: float = 1.0
    curve: int = 0


@dataclass(frozen=True, eq=False)
class Spread:
    """Of one line: the mean (P,) over episodes, and how far a deviation is from it (P,)."""

    line: int
    mean: np.ndarray
    deviation: np.ndarray


@dataclass(frozen=True, eq=False)
class Picture:
    """Curves over the steps of an episode, P points each.

    Attributes:
        steps: (P,) positions in the recording.
        curves: (P, L), one column per line.
        lines: L of them.
        span: first and last step of the axis of time.
        y_range: bottom and top of the axis of values.
        unit: of the values.
        limits: values that are marked, in the colour of a line: (line, value).
        is_difference: whether the values are of one thing beyond another.
        nothing: what a reader is told where a curve has no value.
        title: of the axis of values.
    """

    steps: np.ndarray
    curves: np.ndarray
    lines: tuple[Line, ...]
    span: tuple[float, float]
    y_range: Range
    unit: str
    spreads: tuple[Spread, ...] = ()
    limits: Limits = ()
    is_difference: bool = False
    nothing: str = "NaN"
    title: str = field(init=False)

    @property
    def largest(self) -> float:
        """Of the values that a reader is told, the one farthest from zero, as its distance."""
        return largest_of(self.curves / [line.factor for line in self.lines]) if self.lines else 0.0

    def __post_init__(self) -> None:
        exponent = power_of_ten(self.y_range)
        power = "\N{MULTIPLICATION SIGN} 10" + str(exponent).translate(_SUPERSCRIPTS) if exponent else ""
        object.__setattr__(self, "title", " ".join(part for part in (self.unit, power) if part))


def power_of_ten(y_range: Range) -> int:
    """By which power of ten the labels of an axis are divided, so that they are exact and short."""
    if y_range is None:
        return 0
    bottom, top = y_range
    largest = max(abs(bottom), abs(top))
    if top - bottom >= _LEAST_SPAN and largest < _LARGEST_VALUE:
        return 0
    return 3 * math.floor(math.log10(largest) / 3)


def step_span(first_step: int, num_steps: int) -> tuple[float, float]:
    """First and last step of an axis; a single step, which has no width of its own, with one to either side."""
    return (first_step, first_step + num_steps - 1) if num_steps > 1 else (first_step - 1, first_step + 1)


def headings(names: Sequence[str], unit: str) -> tuple[str, ...]:
    """Of columns of values: what is in them, and its unit."""
    return tuple(f"{printable(name)} [{unit}]" if unit else printable(name) for name in names)
