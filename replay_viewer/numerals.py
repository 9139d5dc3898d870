"""Numbers that are told together have one form: as many decimals, so that they can be compared at a glance."""

from __future__ import annotations

import math

import numpy as np

# Significant digits of the largest of them.
_DIGITS = 4


def number_format(largest: float, least_decimals: int = 0) -> str:
    """One format for numbers up to about `largest`: always as many decimals."""
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
