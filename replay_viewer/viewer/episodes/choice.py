"""A choice: what a browser asks of the table. It comes from a page, and nothing of it is believed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...episodes.where import Where
from .kinds import KINDS
from .rows import OUTCOME, RECORDING

# By what rows can be grouped.
GROUPS = ("", RECORDING, OUTCOME, "run", "job_name", "task", "policy", "checkpoint", "seed")
_MAX_TEXT, _MAX_RANGES, _MAX_COLUMNS = 1000, 20, 60


@dataclass(frozen=True)
class Range:
    """Numbers that are wanted in a column, both ends included.

    Attributes:
        name: of the column.
        low: the least; minus infinity for any.
        high: the greatest.
    """

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Choice:
    """Which episodes, in which order, and what of them.

    Attributes:
        columns: whose values are sent.
        sort: the column by whose values they are ordered; "" for the order of their sources.
        is_descending: whether the greatest comes first.
        group: the column whose values they are grouped by; "" for none.
        kinds: how they ended; none for however they did.
        is_films: whether their films are seen, and only episodes that have some.
        is_noted: whether only those are wanted that have a flag or a note.
        words: texts that they hold, in small letters.
        ranges: of numbers.
        where: a condition in words, as the command line takes it.
    """

    columns: tuple[str, ...] = ()
    sort: str = ""
    is_descending: bool = False
    group: str = RECORDING
    kinds: frozenset[str] = frozenset()
    is_films: bool = False
    is_noted: bool = False
    words: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    where: Where | None = None

    @property
    def is_filter(self) -> bool:
        """Whether it leaves out anything."""
        return bool(self.kinds or self.is_noted or self.words or self.ranges or self.where)

    @classmethod
    def of(cls, sent: Any) -> Choice:
        """What a browser has sent; what is none of it is as if it was not there.

        Raises BadCondition where its condition cannot be understood.
        """
        sent = sent if isinstance(sent, dict) else {}
        columns = sent.get("columns")
        group = sent.get("group")
        kinds = sent.get("kinds")
        ranges = sent.get("ranges")
        where = _text(sent.get("where")).strip()
        return cls(
            columns=tuple(map(_text, columns[:_MAX_COLUMNS])) if isinstance(columns, list) else (),
            sort=_text(sent.get("sort")),
            is_descending=sent.get("descending") is True,
            group=group if group in GROUPS else RECORDING,
            kinds=frozenset(kind for kind in KINDS if isinstance(kinds, list) and kind in kinds),
            is_films=sent.get("films") is True,
            is_noted=sent.get("noted") is True,
            words=tuple(_text(sent.get("text")).lower().split()),
            ranges=tuple(filter(None, map(_range, ranges[:_MAX_RANGES]))) if isinstance(ranges, list) else (),
            where=Where(where) if where else None,
        )


def _text(value: Any) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def _range(value: Any) -> Range | None:
    """None where there is no column, or neither end."""
    found: Mapping[str, Any] = value if isinstance(value, dict) else {}
    low, high = _number(found.get("low")), _number(found.get("high"))
    name = _text(found.get("name"))
    if not name or low is high is None:
        return None
    return Range(name, -math.inf if low is None else low, math.inf if high is None else high)


def _number(value: Any) -> float | None:
    """A number that a double holds; None for what is none."""
    is_number = type(value) in (int, float) and abs(value) < 1e300
    return float(value) if is_number else None
