"""The rows of the table: all episodes of all sources, and their values by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ...clips.films import Film
from ...clips.placing import EpisodePlace, episodes_before
from ...episode_record import EpisodeRecord
from ...episodes.where import getter_of, value_of
from .films import episode_place
from .kinds import KINDS, is_failure, kind_name
from .sources import Source

# What the table has beside the values of a record: the source's name, and how an episode ended in one word.
RECORDING, OUTCOME = "recording", "outcome"
# Columns that the search for a text looks through.
_SEARCHED = (
    RECORDING,
    OUTCOME,
    "reason",
    "job_name",
    "run",
    "policy",
    "task",
    "checkpoint",
    "seed",
    "language_instruction",
)

# Which episode of which source: the source's number, env_id, and its number within the env.
Key = tuple[int, int, int]


class Column:
    """The values of all rows by one name.

    Attributes:
        places: numbers (N,) by which the rows are ordered, NaN where nothing is known: the numbers themselves, or
            positions in `labels`.
        labels: the different texts in their order, where there are any; else None.
    """

    def __init__(self, values: Sequence[Any]) -> None:
        if all(value is None or type(value) in (int, float, bool) for value in values):
            self.labels: list[str] | None = None
            self.places = np.array([np.nan if value is None else _number(value) for value in values], float)
        else:
            # Numbers come before texts, whose order is that of people.
            keys = [None if value is None else _key(value) for value in values]
            order = sorted({key for key in keys if key is not None})
            codes = {key: float(code) for code, key in enumerate(order)}
            self.labels = [str(key[-1]) for key in order]
            self.places = np.array([np.nan if key is None else codes[key] for key in keys], float)

    def holding(self, text: str) -> np.ndarray:
        """Which rows (N,) have a text within their value, whatever the case of its letters."""
        if self.labels is None:
            return np.zeros(len(self.places), bool)
        found = np.array([*(text in label.lower() for label in self.labels), False])
        return found[np.where(np.isnan(self.places), len(self.labels), self.places).astype(int)]


class Rows:
    """Episodes in the order of their sources; what is computed of them is kept for as long as they are the same.

    Attributes:
        sources: where they come from.
        records: of all episodes.
        source_of: of which source each is (N,), as a position.
        kinds: how each ended (N,), as codes.
        films: with the rows of the episodes that they show, newest first.
    """

    def __init__(self, sources: Sequence[Source], films: Sequence[tuple[Film, int]] = ()) -> None:
        self.sources, self.films = tuple(sources), tuple(films)
        known = [source.known for source in self.sources]
        counts = [0 if part is None else len(part) for part in known]
        self.records: list[EpisodeRecord] = [record for part in known if part is not None for record in part.records]
        self.source_of = np.repeat(np.arange(len(self.sources), dtype=np.int32), counts)
        self.kinds = np.concatenate([np.zeros(0, np.int8), *(part.kinds for part in known if part is not None)])
        self._column = lru_cache(maxsize=None)(self._make_column)

    def __len__(self) -> int:
        return len(self.records)

    def place(self, row: int) -> EpisodePlace | None:
        """Where a row's episode is in its recording; None where that is not here."""
        return episode_place(self.records[row], self.source(row), self._before)

    @cached_property
    def _before(self) -> Mapping[Path, int]:
        return episodes_before(film for film, _ in self.films)

    @cached_property
    def names(self) -> frozenset[str]:
        """By which at least one episode has a value."""
        return frozenset[str]().union(*(source.known.names for source in self.sources if source.known is not None))

    @cached_property
    def failed(self) -> np.ndarray:
        """Which episodes (N,) are failures."""
        return is_failure(self.kinds)

    def column(self, name: str) -> Column:
        """The values by a name; nothing is known by a name that no episode has."""
        return self._column(name)

    def key(self, row: int) -> Key:
        """Which episode a row is."""
        record = self.records[row]
        return self.source(row).number, record.env_id, record.episode_in_env

    def source(self, row: int) -> Source:
        """Where a row comes from."""
        return self.sources[self.source_of[row]]

    def find(self, key: Key) -> int | None:
        """The row of an episode."""
        return self._by_key.get(key)

    def value(self, row: int, name: str) -> Any:
        """What a row has in a column."""
        if name == RECORDING:
            return self.source(row).name
        if name == OUTCOME:
            return kind_name(self.kinds[row])
        return value_of(self.records[row], tuple(name.split(".")))

    def holding(self, text: str) -> np.ndarray:
        """Which rows (N,) have a text in one of the columns that are searched."""
        found = np.zeros(len(self), bool)
        for name in _SEARCHED:
            if name in (RECORDING, OUTCOME) or name in self.names:
                found |= self.column(name).holding(text)
        return found

    @cached_property
    def _by_key(self) -> dict[Key, int]:
        numbers = [source.number for source in self.sources]
        places = zip(self.source_of.tolist(), self.records, strict=True)
        return {
            (numbers[place], record.env_id, record.episode_in_env): row for row, (place, record) in enumerate(places)
        }

    def _make_column(self, name: str) -> Column:
        if name == RECORDING:
            names = [source.name for source in self.sources]
            return Column([names[place] for place in self.source_of.tolist()])
        if name == OUTCOME:
            words = tuple(KINDS)
            return Column([words[code] for code in self.kinds.tolist()])
        return Column([_plain(value) for value in map(getter_of(tuple(name.split("."))), self.records)])


def _plain(value: Any) -> Any:
    """A value that has an order; of what has none nothing is known."""
    return value if isinstance(value, (int, float, str)) else None


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _key(value: Any) -> tuple[Any, ...]:
    """Numbers before texts; the value itself is the last part."""
    return (1, value.lower(), value) if isinstance(value, str) else (0, _number(value), str(value))
