"""Records of episodes that end together, in columns: most of their values are the same, or of one kind."""

from __future__ import annotations

import functools
import json
import math
from typing import Any, Iterator, Mapping, Sequence

from ...episode_record import LARGEST_INTEGER, NAMES, EpisodeRecord, as_json, to_line

_OWN_NAMES = frozenset(NAMES)
_encoded = json.JSONEncoder(allow_nan=False, check_circular=False).encode


class RecordBatch:
    """Records of k episodes.

    Args:
        count: how many.
        shared: by name, what all of them have; "more" holds further names.
        columns: by name, the values of each (k,), or columns of such by name.
        said: (k,) what else is known of each, by name: what has the name of a record's value takes its place, if it is
            known.
    """

    def __init__(
        self,
        count: int,
        shared: Mapping[str, Any],
        columns: Mapping[str, Any],
        said: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        self._count, self._shared, self._columns = count, shared, columns
        self._said = said if said and any(said) else None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[EpisodeRecord]:
        return map(self.record, range(self._count))

    def record(self, index: int) -> EpisodeRecord:
        """One of them."""
        facts = {**self._shared, **{name: _row(column, index) for name, column in self._columns.items()}}
        facts["more"] = more = dict(facts.get("more", {}))
        for name, value in (self._said[index] if self._said else {}).items():
            if name not in _OWN_NAMES:
                more[name] = value
            elif value is not None:
                facts[name] = value
        return EpisodeRecord.of(facts)

    def lines(self) -> list[str]:
        """Each as a line of JSON, as `to_line` gives it; several times as quick."""
        try:
            shared, columns = {**_UNKNOWN, **self._shared}, dict(self._columns)
            more = shared.pop("more", {})
            columns.update(_said_columns(self._said, shared, columns, self._count))
            names = [*NAMES, *(name for name in columns if name not in _OWN_NAMES)]
            names += [name for name in more if name not in columns and name not in _OWN_NAMES]
            template, values = _template({name: columns.get(name) for name in names}, {**more, **shared})
        except _Unlike:
            return list(map(to_line, self))
        template += "\n"
        return [template % row for row in zip(*values)] if values else [template % ()] * self._count


class _Unlike(Exception):
    """Rows that do not fit in columns."""


_UNKNOWN = {name: value for name, value in vars(EpisodeRecord(-1, -1)).items() if name != "more"}


def _row(column: Any, index: int) -> Any:
    return {name: _row(part, index) for name, part in column.items()} if isinstance(column, dict) else column[index]


def _said_columns(
    said: Sequence[Mapping[str, Any]] | None, shared: Mapping[str, Any], columns: Mapping[str, Any], count: int
) -> dict[str, list[Any]]:
    """What is said of each, by name; where it is not known of some, what they have otherwise. Raises _Unlike."""
    found = {} if said is None else _columns_of(said)
    for name, values in found.items():
        if name in _OWN_NAMES and None in values:
            old = columns.get(name) or [shared[name]] * count
            found[name] = [_row(old, index) if value is None else value for index, value in enumerate(values)]
    return found


def _columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows by column. Raises _Unlike for rows that have not the same names."""
    names = rows[0].keys()
    if any(row.keys() != names for row in rows):
        raise _Unlike
    return {name: [row[name] for row in rows] for name in names}


def _template(columns: Mapping[str, Any], shared: Mapping[str, Any]) -> tuple[str, list[Sequence[Any]]]:
    """An object as JSON, with a place for each value that differs, and these values by column.

    columns: in the order of the object; None for what is shared.
    """
    parts, places = [], []
    for name, column in columns.items():
        text, own = (_literal(shared[name]), []) if column is None else _column(column)
        parts.append(f"{_name(name)}: {text}")
        places += own
    return f"{{{', '.join(parts)}}}", places


def _column(values: Any) -> tuple[str, list[Sequence[Any]]]:
    """The same of one column."""
    if isinstance(values, dict):
        return _template(values, {})
    kinds = set(map(type, values))
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is float and all(map(math.isfinite, values)):
        return "%r", [values]
    if kind is int and -LARGEST_INTEGER <= min(values) <= max(values) <= LARGEST_INTEGER:
        return "%d", [values]
    if kind is dict:
        try:
            return _template(_columns_of(values), {})
        except _Unlike:
            pass
    if kind is list and values[0] and len(set(map(len, values))) == 1:
        texts, places = zip(*(_column(part) for part in zip(*values)))
        return f"[{', '.join(texts)}]", [place for own in places for place in own]
    if kind in (str, bool, type(None)) and values.count(values[0]) == len(values):
        return _literal(values[0]), []
    return "%s", [[_encoded(as_json(value)) for value in values]]


@functools.lru_cache(maxsize=1000)
def _name(name: str) -> str:
    return _literal(name)


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return _encoded(as_json(value)).replace("%", "%%")
