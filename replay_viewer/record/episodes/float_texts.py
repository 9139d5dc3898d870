"""Floats as JSON has them, many at once: the same texts as Python's `repr`, in less than half of its time.

Of a float, Python writes the shortest decimal number that is read back as the same float; of several the closest. That
has 15, 16 or 17 digits, less its zeros at the end. Here the float is multiplied by a power of ten so that it has 17
digits before the point. The product is exact, as a whole number and a rest, and so are the distances to the next
numbers of fewer digits, which are compared to half of what lies between two floats. Where they are so close that
rounding might decide, Python is asked.
"""

from __future__ import annotations

import math
from typing import Iterator

import numpy as np

# Others are written with an exponent, or are rare.
_LEAST, _LIMIT = 1e-4, 1e4
# Below so many, the calls of numpy cost more than Python.
_FEW = 200
# Distances that differ by less are compared by Python; they are wrong by 1e-14 at most.
_CLOSE = 1e-6

# A float from 10^(place - 4) to 10^(place - 3) has this place.
_PLACES = 10.0 ** np.arange(-3, 4)
_INTEGERS = 10 ** np.arange(19, dtype=np.int64)
# By place, what gives 17 digits: powers of ten that are exact as floats.
_SCALES = np.array([float(10 ** (20 - place)) for place in range(8)])
# Splits a float in halves whose products are exact.
_SPLITTER = 2.0**27 + 1
_UPPER_SCALES = _SCALES * _SPLITTER - (_SCALES * _SPLITTER - _SCALES)
_LOWER_SCALES = _SCALES - _UPPER_SCALES

# Texts as integers of the same bytes, which numpy copies quickly; zero bytes do not count. What stands up to the point,
# of positive and negative numbers; four digits behind it, all, and without zeros at their end; and a single zero.
_NUM_FOUR = 10**4
_DIGITS = [f"{number:04}" for number in range(_NUM_FOUR)]
_BEFORE = np.array([f"\n{sign}{number}." for sign in ("", "-") for number in range(_NUM_FOUR)], "S8").view(np.uint64)
_BEHIND = np.array([*_DIGITS, *(digits.rstrip("0") for digits in _DIGITS), "0"], "S4").view(np.uint32)
_ZERO = 2 * _NUM_FOUR


def texts_of(values: np.ndarray) -> list[str]:
    """What `repr` gives for floats (k,) float64; null where they are not finite."""
    if len(values) < _FEW:
        return list(map(_text, values.tolist()))
    sizes = np.abs(values)
    is_zero = sizes == 0
    is_other = ~((sizes >= _LEAST) & (sizes < _LIMIT) | is_zero)
    sizes[is_other] = 1
    places = _PLACES.searchsorted(sizes, side="right")
    digits, is_close = _shortest(sizes, places)
    texts = _written(digits, places, np.signbit(values))
    for index in np.flatnonzero(is_other | (is_close & ~is_zero)).tolist():
        texts[index] = _text(values[index].item())
    return texts


def _text(value: float) -> str:
    return repr(value) if math.isfinite(value) else "null"


def _shortest(sizes: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The digits (k,) of floats, as integers of 17; and where something is too close to tell."""
    scales = _SCALES[places]
    whole, rest = _product(sizes, scales, places)
    reach = np.spacing(sizes) * (0.5 * scales)
    nearest = np.rint(rest)
    found = whole + nearest.astype(np.int64)
    is_close = np.abs(rest - nearest) > 0.5 - _CLOSE
    for unit in (10, 100):
        above = whole % unit
        offset = above + rest
        nearest = np.rint(offset / unit)
        distance = np.abs(offset - nearest * unit)
        is_close |= np.abs(distance - reach) < _CLOSE
        if unit == 10:  # Of a hundred, what is half-way is never within reach.
            is_close |= distance > 5 - _CLOSE
        found = np.where(distance <= reach, whole - above + nearest.astype(np.int64) * unit, found)
    return found, is_close


def _product(sizes: np.ndarray, scales: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Floats times their scales, exactly: an integer, and the rest (Dekker's product)."""
    product = sizes * scales
    split = sizes * _SPLITTER
    upper = split - (split - sizes)
    lower = sizes - upper
    upper_scales, lower_scales = _UPPER_SCALES[places], _LOWER_SCALES[places]
    rest = upper * upper_scales - product
    rest += upper * lower_scales
    rest += lower * upper_scales
    rest += lower * lower_scales
    return product.astype(np.int64), rest


def _written(digits: np.ndarray, places: np.ndarray, is_negative: np.ndarray) -> list[str]:
    """Numbers of 17 digits, 20 - place of them behind the point."""
    unit = _INTEGERS[np.minimum(20 - places, 18)]
    before = digits // unit
    behind = digits - before * unit
    # Twenty digits behind the point, in two parts: an int64 has no more than 18.
    unit = _INTEGERS[12 - places]
    upper = behind // unit
    lower = (behind - upper * unit) * _INTEGERS[places]
    out = np.empty((len(digits), 7), np.uint32)
    out[:, :2] = _BEFORE[before + _NUM_FOUR * is_negative].view(np.uint32).reshape(-1, 2)
    fours = np.array([*_fours(lower, 3), *_fours(upper, 2)])[::-1]
    # Where nothing comes behind, zeros at the end are left out.
    has_more = np.zeros(fours.shape, bool)
    np.logical_or.accumulate((fours[:0:-1] != 0), out=has_more[-2::-1])
    index = fours + np.where(has_more, 0, _NUM_FOUR)
    index[0, index[0] == _NUM_FOUR] = _ZERO
    out[:, 2:] = _BEHIND[index].T
    return out.tobytes().translate(None, b"\0").decode().split("\n")[1:]


def _fours(numbers: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Their last four digits, those before, and so on."""
    for _ in range(count):
        above = numbers // _NUM_FOUR
        yield numbers - above * _NUM_FOUR
        numbers = above
