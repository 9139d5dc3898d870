"""Checks of what shapes are made of: layers of users give anything, and an error says which value is wrong, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ..errors import ReplayError
from ..theme import Rgb

# Pieces of one shape, and texts of one: beyond these browsers stop moving.
_MOST_PIECES, _MOST_TEXTS = 1_000_000, 1000
# No label is read that is longer.
_MOST_LETTERS = 300


class BadShape(ReplayError):
    """A shape that cannot be drawn: of which kind, which of its values is wrong, and what it should be."""

    def __init__(self, shape: object, field: str, problem: str) -> None:
        self.kind, self.field, self.problem = type(shape).__name__, field, problem
        super().__init__(f"{self.kind}.{field} {problem}")


def finite_array(shape: object, field: str, value: object, wanted: tuple[int | None, ...]) -> np.ndarray:
    """A read-only float32 copy of an array of finite numbers; None in `wanted` stands for any length."""
    array = _numbers(shape, field, value)
    fits = array.ndim == len(wanted) and all(w in (None, n) for n, w in zip(array.shape, wanted, strict=True))
    if not fits and array.size == 0 and wanted[0] in (None, 0):  # An empty list has one dimension.
        array, fits = array.reshape(0, *(n or 0 for n in wanted[1:])), True
    if not fits:
        raise BadShape(shape, field, f"has the shape {array.shape}, expected {_wanted_text(wanted)}.")
    _check_count(shape, field, array)
    if not np.isfinite(array).all():
        raise BadShape(shape, field, "has numbers that are not finite.")
    array.setflags(write=False)
    return array


def triangle_array(shape: object, value: object, num_vertices: int) -> np.ndarray:
    """A read-only uint32 copy of triangles (N, 3) whose numbers are those of vertices."""
    array = np.array(value)
    if array.ndim != 2 or array.shape[1:] != (3,) or array.dtype.kind not in "iu":
        problem = f"has the shape {array.shape} and the type {array.dtype}, expected whole numbers (N, 3)."
        raise BadShape(shape, "triangles", problem)
    _check_count(shape, "triangles", array)
    if array.size and not 0 <= array.min() <= array.max() < num_vertices:
        raise BadShape(shape, "triangles", f"name vertices up to {array.max()}, and there are {num_vertices}.")
    array = array.astype(np.uint32)
    array.setflags(write=False)
    return array


def colors_like(shape: object, value: Rgb | np.ndarray, count: int | None) -> np.ndarray:
    """Read-only sRGB bytes (3,), or (count, 3) where there is one for each piece."""
    if type(value) is tuple and len(value) == 3 and all(type(part) is int and 0 <= part <= 255 for part in value):
        return _bytes_of(value)
    array = np.array(value)
    if array.shape not in ((3,), (count, 3)) or array.dtype.kind not in "iu":
        each = "" if count is None else f", or ({count}, 3) for one of each"
        problem = f"has the shape {array.shape} and the type {array.dtype}, expected whole numbers (3,) 0..255{each}."
        raise BadShape(shape, "color", problem)
    if array.dtype != np.uint8:
        if array.size and not 0 <= array.min() <= array.max() <= 255:
            raise BadShape(shape, "color", f"has {array.min()} and {array.max()}, expected numbers from 0 to 255.")
        array = array.astype(np.uint8)
    array.setflags(write=False)
    return array


def length(shape: object, field: str, value: object) -> float:
    """A finite number that is not negative."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number < math.inf:
        raise BadShape(shape, field, f"is {value!r}, expected a number that is not negative.")
    return number


def text_lines(shape: object, field: str, value: Sequence[str]) -> tuple[str, ...]:
    """Lines of text, cut where nobody reads any further."""
    if isinstance(value, str) or not all(isinstance(text, str) for text in value):
        raise BadShape(shape, field, "is no list of texts.")
    if len(value) > _MOST_TEXTS:
        raise BadShape(shape, field, f"has {len(value)} texts, more than {_MOST_TEXTS}.")
    return tuple(text[:_MOST_LETTERS] for text in value)


@lru_cache(maxsize=256)
def _bytes_of(color: Rgb) -> np.ndarray:
    """A colour as a read-only array, the same one each time."""
    array = np.array(color, np.uint8)
    array.setflags(write=False)
    return array


def _numbers(shape: object, field: str, value: object) -> np.ndarray:
    if type(value) is np.ndarray and value.dtype == np.float32:
        return value.copy()
    try:
        with np.errstate(over="ignore"):  # What is too large for float32 becomes infinite, and is told of as such.
            return np.array(value, dtype=np.float32)
    except (TypeError, ValueError):
        raise BadShape(shape, field, "is no array of numbers.") from None


def _check_count(shape: object, field: str, array: np.ndarray) -> None:
    if len(array) > _MOST_PIECES:
        raise BadShape(shape, field, f"has {len(array)} rows, more than {_MOST_PIECES}.")


def _wanted_text(wanted: tuple[int | None, ...]) -> str:
    numbers = ", ".join("N" if length is None else str(length) for length in wanted)
    return f"({numbers},)" if len(wanted) == 1 else f"({numbers})"
