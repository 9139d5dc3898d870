"""Episodes of any number of recordings, as records in an order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..episode_record import GROUPS, NAMES, EpisodeRecord, to_json
from ..errors import ReplayError, UnknownName
from .where import Where, names_of, value_of
from .where_tokens import suggestion


class Episodes(Sequence[EpisodeRecord]):
    """Records of episodes.

        episodes = load_episodes("runs/")
        print(len(episodes.where("success == false and episode_length < 100")))

    Attributes:
        problems: by path, why nothing or not all was read of it.
    """

    def __init__(self, records: Iterable[EpisodeRecord], problems: Mapping[str, str] | None = None) -> None:
        self._records = list(records)
        self.problems = dict(problems or {})

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[EpisodeRecord]:
        return iter(self._records)

    def __getitem__(self, index: Any) -> Any:
        return Episodes(self._records[index], self.problems) if isinstance(index, slice) else self._records[index]

    def where(self, condition: str) -> Episodes:
        """Those for which a condition holds, such as 'rewards.tracking < 10 and not success'; see where.py.

        Raises BadCondition where it cannot be understood, or names what none of the episodes has.
        """
        where = Where(condition)
        where.check_names(names_of(self._records))
        return Episodes(filter(where.matches, self._records), self.problems)

    def sorted_by(self, name: str, descending: bool = False) -> Episodes:
        """In the order of a value, such as "total_reward" or "variations.friction"; where it is not known, last.

        Raises UnknownName where none of the episodes has it.
        """
        self._check_name(name)
        parts = tuple(name.split("."))
        known_values: list[tuple[tuple[int, Any], EpisodeRecord]] = []
        unknown: list[EpisodeRecord] = []
        for record in self._records:
            key = _sort_key(value_of(record, parts))
            if key is None:
                unknown.append(record)
            else:
                known_values.append((key, record))
        known_values.sort(key=lambda pair: pair[0], reverse=descending)
        return Episodes([*(record for _, record in known_values), *unknown], self.problems)

    def known(self, names: Iterable[str]) -> list[str]:
        """These names, once each: that of a group, such as "variations", stands for all of its values.

        Raises UnknownName where none of the episodes has one.
        """
        found: dict[str, None] = {}
        for name in names:
            if name in GROUPS:
                inside = columns_of(flat(record) for record in self._records)
                found.update(dict.fromkeys(column for column in inside if column.startswith(f"{name}.")))
            else:
                self._check_name(name)
                found[name] = None
        return list(found)

    def values(self, name: str) -> list[Any]:
        """What the episodes have by a name, such as "variations.friction"; None where one has nothing."""
        parts = tuple(name.split("."))
        return [value_of(record, parts) for record in self._records]

    def rows(self) -> list[dict[str, Any]]:
        """A row for each episode, by columns such as rewards.tracking; lists stay lists, what it lacks is missing."""
        return [flat(record) for record in self._records]

    def _check_name(self, name: str) -> None:
        known = {*NAMES, *names_of(self._records)} - {*GROUPS}
        if name not in known:
            raise UnknownName("value", name, sorted(known), "the episodes", suggestion(name, known))

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with a row for each episode. Raises ReplayError where pandas is not installed."""
        return _library("pandas").DataFrame(_filled(self.rows()))

    def to_polars(self) -> Any:
        """A `polars.DataFrame` with a row for each episode. Raises ReplayError where polars is not installed."""
        return _library("polars").DataFrame(_filled(self.rows()), infer_schema_length=None, strict=False)


def flat(record: EpisodeRecord) -> dict[str, Any]:
    """A record's values by names without groups: rewards.tracking is one, and so is each value of a group within it."""
    row: dict[str, Any] = {}
    for name, value in to_json(record).items():
        _flatten(row, name, value)
    return row


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns that such rows have: those of every record first, groups in their places, then the others."""
    found = dict.fromkeys(name for row in rows for name in row)
    order = {name: index for index, name in enumerate(NAMES)}
    return sorted(found, key=lambda name: order.get(name.partition(".")[0], len(order)))


def _flatten(row: dict[str, Any], name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for inner, item in value.items():
            _flatten(row, f"{name}.{inner}", item)
    else:
        row[name] = value


def _filled(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {column: [row.get(column) for row in rows] for column in columns_of(rows)}


def _sort_key(value: Any) -> tuple[int, Any] | None:
    """Numbers come before texts; what has no order has no key."""
    if isinstance(value, int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else None


def _library(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise ReplayError(f"{name} is not installed. Install it: pip install {name}") from error
