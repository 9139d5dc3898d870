"""Values of several episodes by column: by name, what each of them has."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Sequence

import numpy as np

from ...episode_record import LARGEST_INTEGER, as_json

# Of k episodes: JSON-ready values (k,) as a list; an array (k, ...) of numbers that JSON has; or columns by name.
Column = Any
Columns = Dict[str, Column]


class _Missing:
    """Stands in a list for the value of an episode that has none."""


MISSING = _Missing()


def column_of(values: np.ndarray) -> Column:
    """An array (k, ...) as a column: itself where all of it are finite numbers, as nearly always."""
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "f":
        is_plain = size <= 8 and bool(np.isfinite(values).all())
    else:
        is_plain = kind == "b" or (kind in "iu" and (size <= 4 or _are_small(values)))
    return values if is_plain else [as_json(value) for value in values.tolist()]


def chosen_of(column: Column, places: np.ndarray) -> Column:
    """Some of its rows, by a mask or by indices."""
    if isinstance(column, dict):
        return {name: chosen_of(part, places) for name, part in column.items()}
    if isinstance(column, np.ndarray):
        return column[places]
    places = np.flatnonzero(places) if places.dtype == bool else places
    return [column[place] for place in places.tolist()]


def rows_of(column: Column, count: int) -> list[Any]:
    """What each of `count` episodes has, JSON-ready; of columns by name, dicts of what is not missing."""
    if not isinstance(column, dict):
        return column.tolist() if isinstance(column, np.ndarray) else column
    rows: list[dict[str, Any]] = [{} for _ in range(count)]
    for name, part in column.items():
        for row, value in zip(rows, rows_of(part, count)):
            if value is not MISSING:
                row[name] = value
    return rows


def columns_of(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """Dicts as columns by name."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, MISSING) for row in rows] for name in names}


def _are_small(integers: np.ndarray) -> bool:
    return integers.size == 0 or -LARGEST_INTEGER <= integers.min() <= integers.max() <= LARGEST_INTEGER
