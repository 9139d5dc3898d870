"""Numbers as text that does not change its length from one picture to the next, and the ticks of an axis."""

from __future__ import annotations

import math

import numpy as np

# Significant digits of the largest of numbers that are told together.
_DIGITS = 4


def number_format(largest: float, least_decimals: int = 0) -> str:
    """One format for numbers up to about `largest`: always as many decimals, so that they can be compared."""
    magnitude = math.floor(math.log10(largest)) if 0 < largest < math.inf else 0
    decimals = max(_DIGITS - 1 - magnitude, least_decimals)
    return f".{decimals}f" if -4 <= magnitude < 6 else f".{_DIGITS - 2}e"


def largest_of(values: np.ndarray) -> float:
    """The finite value farthest from zero, as its distance; 0 without any."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def number_text(value: float, form: str) -> str:
    """A value in a format of `number_format`; nothing is "-0.00"."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    text = format(value, form)
    return text[1:] if text.startswith("-") and float(text) == 0 else text


def widest_text(values: np.ndarray, form: str) -> str:
    """The longest text that one of the values has."""
    finite = values[np.isfinite(values)]
    candidates = [finite.min(), finite.max()] if finite.size else []
    if finite.size < values.size:
        candidates += values[~np.isfinite(values)][:1].tolist()
    return max((number_text(float(value), form) for value in candidates), key=len, default="")


def ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """At most `most` round values between low and high, with their text; none where there is no such value."""
    if not low < high or most < 1:
        return []
    step = _round_step((high - low) / (most + 1))
    while math.floor(high / step) - math.ceil(low / step) + 1 > most:
        step = _round_step(step * 1.5)
    values = [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
    form = _tick_format(step, max(abs(low), abs(high)))
    return [(value, number_text(value, form)) for value in values]


def _tick_format(step: float, largest: float) -> str:
    """As many digits as tell neighbouring ticks apart."""
    power = math.floor(math.log10(step) + 1e-9)
    if power >= -5 and largest < 1e6:
        return f".{max(0, -power)}f"
    return f".{max(math.floor(math.log10(largest)) - power, 0)}e"


def _round_step(least: float) -> float:
    """The shortest of 1, 2, 5, 10, ... times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
