"""What was drawn for each episode, as columns of numbers or texts: vectors and lists of draws are taken apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

# A vector of more components than these is told by its size alone.
_MOST_COMPONENTS = 4
# Nobody looks at more columns than these; a file may have any number of names.
MOST_COLUMNS = 300
# The square of a number has to be one, too; beyond, it is not known.
LARGEST = 1e100


def columns_of(drawn: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Each factor as one or more columns (N,) of numbers or texts, None where there is none.

    A vector has a column for each component; of several draws in an episode there are how many, and the largest by
    size; a mapping has columns of its own names.
    """
    columns: dict[str, list[Any]] = {}
    for name in dict.fromkeys(name for draws in drawn for name in draws):
        if len(columns) >= MOST_COLUMNS:
            break
        _add_columns(columns, name, [draws.get(name) for draws in drawn])
    return columns


def _add_columns(columns: dict[str, list[Any]], name: str, values: list[Any]) -> None:
    if any(_are_draws(value) for value in values):
        _add_draws(columns, name, [_draws_of(value) for value in values])
        return
    values = [_drawn(value) for value in values]
    known = [value for value in values if value is not None]
    if any(isinstance(value, Mapping) for value in known):
        keys = dict.fromkeys(key for value in known if isinstance(value, Mapping) for key in value)
        for key in list(keys)[:MOST_COLUMNS]:
            _add_columns(columns, f"{name}.{key}", [v.get(key) if isinstance(v, Mapping) else None for v in values])
    elif any(isinstance(value, list) for value in known):
        size = _vector_size(known)
        if size is None:
            _add_draws(columns, name, [_draws_of(value) for value in values])
        elif size <= _MOST_COMPONENTS:
            for index in range(size):
                columns[f"{name}[{index}]"] = [None if value is None else number_of(value[index]) for value in values]
        else:
            columns[f"|{name}|"] = [None if value is None else _size(value) for value in values]
    elif all(isinstance(value, bool) for value in known):
        columns[name] = [None if value is None else "yes" if value else "no" for value in values]
    else:
        columns[name] = [value if isinstance(value, str) else number_of(value) for value in values]


def _add_draws(columns: dict[str, list[Any]], name: str, draws: Sequence[Sequence[Any]]) -> None:
    """Of several draws in an episode: how many there were, and the largest."""
    columns[f"{name}: draws"] = [float(len(of_episode)) for of_episode in draws]
    sizes = [[size for draw in of_episode if (size := _size(draw)) is not None] for of_episode in draws]
    columns[f"{name}: largest"] = [max(of_episode, default=None) for of_episode in sizes]


def _is_late(value: Any) -> bool:
    """Whether it is a draw in the middle of an episode, which is kept with its step."""
    return isinstance(value, Mapping) and set(value) == {"step", "value"}


def _are_draws(value: Any) -> bool:
    """Whether it is several draws of one episode: one of them came later than its beginning."""
    return isinstance(value, list) and any(_is_late(item) for item in value)


def _drawn(value: Any) -> Any:
    return value["value"] if _is_late(value) else value


def _draws_of(value: Any) -> list[Any]:
    """The draws of an episode, whether there was one, several or none."""
    several = _are_draws(value) or (isinstance(value, list) and any(isinstance(item, list) for item in value))
    if value is None or value == []:
        return []
    return [_drawn(item) for item in value] if several else [_drawn(value)]


def _vector_size(known: Sequence[Any]) -> int | None:
    """How many numbers each value has, where they are vectors; None where they are lists of draws, or of anything."""
    sizes = {len(value) if isinstance(value, list) else 1 for value in known}
    are_numbers = all(isinstance(value, list) and all(number_of(item) is not None for item in value) for value in known)
    return next(iter(sizes)) if len(sizes) == 1 and are_numbers and sizes != {0} else None


def number_of(value: Any) -> float | None:
    """A value as a number that can be counted with; None where it is none, or too large for sums of squares."""
    is_number = isinstance(value, bool | int | float) and abs(value) < LARGEST
    return float(value) if is_number else None


def _size(draw: Any) -> float | None:
    """The size of a draw: of a vector its length."""
    items = draw if isinstance(draw, list) else [draw]
    numbers = [number_of(item) for item in items]
    return None if not numbers or None in numbers else math.hypot(*[number or 0.0 for number in numbers])
