"""Scales: from values to pixels, and round numbers for ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..texts import MINUS, number_text


@dataclass(frozen=True)
class Scale:
    """A line from `low` at the pixel `start` to `high` at the pixel `stop`."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """The pixel of a value, to a tenth; what is beyond the ends is at them."""
        fraction = min(max((value - self.low) / ((self.high - self.low) or 1.0), 0.0), 1.0)
        return round(self.start + fraction * (self.stop - self.start), 1)

    def ticks(self, count: int = 5) -> list[float]:
        """About so many round numbers on it."""
        if not 1e-300 < self.high - self.low < math.inf:
            return [self.low]  # Numbers that no chart can tell apart.
        step = _round_step((self.high - self.low) / count)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


def extent(values: Iterable[float], with_zero: bool = False, pad: float = 0.05) -> tuple[float, float]:
    """The least and the greatest of them that are finite, with a little room; 0 to 1 of none."""
    known = [value for value in values if math.isfinite(value)]
    if with_zero and known:
        known.append(0.0)
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    room = max((high - low) * pad, 1e-6 * max(abs(low), abs(high))) or 0.5
    return (low if with_zero and low == 0 else low - room), (high if with_zero and high == 0 else high + room)


def tick_texts(ticks: list[float]) -> list[str]:
    """Ticks as texts, with as many decimals as they need to differ."""
    if len(ticks) < 2:
        return [number_text(tick) for tick in ticks]
    step = ticks[1] - ticks[0]
    if max(map(abs, ticks)) >= 1e6 or step < 1e-5:
        return [number_text(tick) for tick in ticks]
    decimals = max(-math.floor(math.log10(step) + 1e-9), 0)
    return [f"{tick:,.{decimals}f}".replace("-", MINUS) if tick else "0" for tick in ticks]


def _round_step(step: float) -> float:
    """The one of 1, 2, 5, 10, ... that is nearest to a step."""
    base = 10.0 ** math.floor(math.log10(step))
    return min((factor * base for factor in (1, 2, 5, 10)), key=lambda one: abs(math.log(one / step)))
