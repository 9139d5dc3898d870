"""Records of episodes that end together, in columns: most of their values are the same, or of one kind."""

from __future__ import annotations

import functools
import json
import math
from typing import Any, Iterator, Mapping, Sequence, Union

import numpy as np

from ...episode_record import LARGEST_INTEGER, NAMES, EpisodeRecord, as_json
from .columns import MISSING, Column, Columns, columns_of, rows_of
from .float_texts import texts_of

_OWN_NAMES = frozenset(NAMES)
_encoded = json.JSONEncoder(allow_nan=False, check_circular=False).encode
# What stands in a place of a template, (k,): what is to be written there, or floats.
_Place = Union[Sequence[Any], np.ndarray]
# Arrays of more numbers in a row are written row by row.
_WIDE = 32


class RecordBatch:
    """Records of k episodes.

    Args:
        count: how many.
        shared: by name, what all of them have; "more" holds further names.
        columns: by name, the values of each.
        said: what else is known of them, by name: what has the name of a record's value takes its place, if it is
            known.
    """

    def __init__(
        self, count: int, shared: Mapping[str, Any], columns: Mapping[str, Column], said: Columns | None = None
    ) -> None:
        self._count, self._shared, self._columns, self._said = count, shared, columns, said or {}

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[EpisodeRecord]:
        """Each of them."""
        more = self._shared.get("more", {})
        for own, other in zip(rows_of(self._own_columns(), self._count), rows_of(self._others(), self._count)):
            yield EpisodeRecord.of({**self._shared, **own, "more": {**more, **other}})

    def lines(self) -> list[str]:
        """Each as a line of JSON, as `to_line` gives it; several times as quick."""
        shared = {**_UNKNOWN, **self._shared}
        more = shared.pop("more", {})
        columns, others = self._own_columns(), self._others()
        names = [*NAMES, *others, *(name for name in more if name not in others and name not in _OWN_NAMES)]
        columns.update(others)
        template, places = _object({name: columns.get(name) for name in names}, {**more, **shared}, self._count)
        template += "\n"
        return [template % row for row in zip(*_texts(places))] if places else [template % ()] * self._count

    def _others(self) -> Columns:
        """What is said that not every record has."""
        return {name: column for name, column in self._said.items() if name not in _OWN_NAMES}

    def _own_columns(self) -> Columns:
        """The others; of what is said and not known, what the episodes have otherwise."""
        columns = dict(self._columns)
        for name, said in self._said.items():
            if name in _OWN_NAMES:
                unknown = [value is None or value is MISSING for value in said] if isinstance(said, list) else []
                if any(unknown):
                    default = {**_UNKNOWN, **self._shared}[name]
                    old = rows_of(columns.get(name, [default] * self._count), self._count)
                    said = [before if is_unknown else value for value, before, is_unknown in zip(said, old, unknown)]
                columns[name] = said
        return columns


_UNKNOWN = {name: value for name, value in vars(EpisodeRecord(-1, -1)).items() if name != "more"}


def _texts(places: Sequence[_Place]) -> list[Sequence[Any]]:
    """Places with floats as texts, all at once."""
    floats = [index for index, place in enumerate(places) if isinstance(place, np.ndarray)]
    found: list[Any] = list(places)
    if floats:
        texts = texts_of(np.concatenate([places[index] for index in floats]))
        count = len(texts) // len(floats)
        for number, index in enumerate(floats):
            found[index] = texts[number * count : (number + 1) * count]
    return found


def _object(columns: Mapping[str, Column | None], shared: Mapping[str, Any], count: int) -> tuple[str, list[_Place]]:
    """Objects as JSON: a template with a place for each value that differs, and these values.

    columns: in the order of the object; None for what is shared.
    """
    text, places = "", []
    for name, column in columns.items():
        if isinstance(column, list) and MISSING in column:
            if not text:  # Nothing stands before it, to which a comma would belong.
                return "%s", [list(map(_line_of, rows_of(columns, count)))]
            text += "%s"
            start = f", {_encoded(name)}: "
            places.append(["" if value is MISSING else start + _line_of(value) for value in column])
            continue
        value, own = (_literal(shared[name]), []) if column is None else _values(column, count)
        text += f"{', ' if text else ''}{_name(name)}: {value}"
        places += own
    return f"{{{text}}}", places


def _values(column: Column, count: int) -> tuple[str, list[_Place]]:
    """The same of one column."""
    if isinstance(column, dict):
        return _object(column, {}, count)
    if isinstance(column, np.ndarray):
        return _numbers(column)
    kinds = set(map(type, column))
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is float and all(map(math.isfinite, column)):
        # Times, mostly, of which there are not many different ones.
        return ("%s", [list(map(_text, column))]) if column.count(column[0]) < count else (_text(column[0]), [])
    if kind is int and -LARGEST_INTEGER <= min(column) <= max(column) <= LARGEST_INTEGER:
        return "%d", [column]
    if kind is dict:
        return _object(columns_of(column), {}, count)
    if kind is list and column[0] and len(set(map(len, column))) == 1:
        return _list([_values(list(part), count) for part in zip(*column)])
    if kind in (str, bool, type(None)) and column.count(column[0]) == count:
        return _literal(column[0]), []
    return "%s", [list(map(_line_of, column))]


def _numbers(array: np.ndarray) -> tuple[str, list[_Place]]:
    """The same of an array (k, ...)."""
    if array.ndim > 1 and 0 < array.shape[1] <= _WIDE:
        return _list([_numbers(array[:, index]) for index in range(array.shape[1])])
    if array.ndim == 1 and array.dtype.kind == "f":
        return "%s", [array.astype(np.float64, copy=False)]
    if array.ndim == 1 and array.dtype.kind in "iu":
        return "%d", [array.tolist()]
    return "%s", [list(map(_encoded, array.tolist()))]


def _list(parts: Sequence[tuple[str, list[_Place]]]) -> tuple[str, list[_Place]]:
    return f"[{', '.join(text for text, _ in parts)}]", [place for _, places in parts for place in places]


def _line_of(value: Any) -> str:
    return _encoded(as_json(value))


_text = functools.lru_cache(maxsize=10_000)(repr)


@functools.lru_cache(maxsize=1000)
def _name(name: str) -> str:
    return _literal(name)


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return _line_of(value).replace("%", "%%")
