"""A view: the lines that one browser sees of the table, of which it is sent those that are on its screen."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...clips.films import Film
from ...episodes.annotations import Annotation
from ...errors import printable
from .choice import Choice
from .films import tile
from .kinds import KINDS, kind_name
from .notes import Notes
from .rows import RECORDING, Key, Rows
from .sources import Source

# Lines that are sent at once, and characters of a text in one.
MAX_LINES = 400
_MAX_TEXT = 300
_NOTHING = Annotation()


@dataclass(frozen=True)
class Group:
    """Rows that have something in common, under one line.

    Attributes:
        key: by which a browser folds it.
        label: for people.
        source: whose rows they are, where that is what they have in common.
        start: of its rows, in the view's order.
        stop: likewise, not included.
    """

    key: str
    label: str
    source: Source | None
    start: int
    stop: int


class View:
    """What a browser has chosen of the rows, in order.

    Attributes:
        choice: what it asks for.
        version: of the lines; another one whenever they change.
        order: all rows that are wanted (M,), whether they are folded away or not.
    """

    def __init__(self, address: Callable[[Film], str]) -> None:
        """address: where a browser fetches a film."""
        self._address = address
        self.choice, self.version = Choice(), 0
        self.order = np.zeros(0, int)
        self._rows, self._notes = Rows(()), Notes()
        self._groups: list[Group] = []
        # Row numbers, and -1, -2, ... for the groups.
        self._lines = np.zeros(0, int)
        self._is_folded = True
        self._folds: dict[str, bool] = {}
        self._asked: tuple[Rows, str, np.ndarray] | None = None

    # -- what is seen -----------------------------------------------------------

    def choose(self, choice: Choice) -> None:
        """Take what the browser asks for; `show` brings it about."""
        if choice.group != self.choice.group:
            self.fold_all(True)
        self.choice = choice

    def fold(self, key: str) -> None:
        """Fold a group, or unfold it; `show` brings it about."""
        group = next((group for group in self._groups if group.key == key), None)
        if group is not None:
            self._folds[key] = not self.is_folded(group)

    def unfold(self, key: str) -> None:
        """Unfold a group, which need not be there yet; likewise."""
        self._folds[key] = False

    def fold_all(self, is_folded: bool) -> None:
        """Fold all groups, or unfold them; likewise."""
        self._is_folded, self._folds = is_folded, {}

    def show(self, rows: Rows, notes: Notes) -> None:
        """See these rows. Raises BadCondition for a name in the condition that none of the episodes has."""
        self._rows, self._notes = rows, notes
        self.version += 1
        order = np.flatnonzero(self._matching())
        if self.choice.sort:
            places = rows.column(self.choice.sort).places[order]
            order = order[np.argsort(-places if self.choice.is_descending else places, kind="stable")]
        self.order, self._groups = self._grouped(order)
        self._lines = self._tiled() if self.choice.is_films else self._listed()

    def is_folded(self, group: Group) -> bool:
        """Whether a group's rows are not seen; a single group is not folded by itself."""
        return self._folds.get(group.key, self._is_folded and len(self._groups) > 1)

    @property
    def num_lines(self) -> int:
        """How many lines there are to scroll through."""
        return len(self._lines)

    def place(self, row: int | None) -> int | None:
        """The line of a row, or of the group in which it is folded away."""
        if row is None:
            return None
        if self.choice.is_films:
            shown = (line for line, film in enumerate(self._lines.tolist()) if self._rows.films[film][1] == row)
            return next(shown, None)
        found = np.flatnonzero(self._lines == row)
        if not found.size:
            inside = np.flatnonzero(self.order == row)
            groups = [
                -1 - n for n, group in enumerate(self._groups) if inside.size and group.start <= inside[0] < group.stop
            ]
            found = np.flatnonzero(self._lines == groups[0]) if groups else found
        return int(found[0]) if found.size else None

    def failure(self, row: int | None, step: int) -> int | None:
        """The next failure after a row, or with step -1 the one before it; from an end where the row is not wanted."""
        failed = np.flatnonzero(self._rows.failed[self.order])
        found = np.flatnonzero(self.order == row) if row is not None else np.zeros(0, int)
        at = found[0] if found.size else (-1 if step > 0 else len(self.order))
        beyond = failed[failed > at] if step > 0 else failed[failed < at][::-1]
        return int(self.order[beyond[0]]) if beyond.size else None

    def window(self, first: int, count: int) -> list[list[Any]]:
        """Some lines, as the page takes them; see page/episodes.js."""
        lines = self._lines[max(first, 0) : max(first, 0) + min(count, MAX_LINES)].tolist()
        if self.choice.is_films:
            return [self._tile(line) for line in lines]
        return [self._row(line) if line >= 0 else self._heading(self._groups[-1 - line]) for line in lines]

    # -- which rows -------------------------------------------------------------

    def _matching(self) -> np.ndarray:
        rows, choice = self._rows, self.choice
        found = np.ones(len(rows), bool)
        if choice.kinds:
            found &= np.isin(rows.kinds, [code for code, kind in enumerate(KINDS) if kind in choice.kinds])
        if choice.is_noted:
            found &= self._noted("")
        for word in choice.words:
            found &= rows.holding(word) | self._noted(word)
        for wanted in choice.ranges:
            column = rows.column(wanted.name)
            found &= (column.places >= wanted.low) & (column.places <= wanted.high) & (column.labels is None)
        return found & self._fulfilling() if choice.where else found

    def _noted(self, word: str) -> np.ndarray:
        """Which rows (N,) have a flag or a note with a text in it."""
        found = np.zeros(len(self._rows), bool)
        for source in self._rows.sources:
            for (env_id, episode), note in self._notes.of(source.path).items():
                row = self._rows.find((source.number, env_id, episode))
                if row is not None and word in f"{note.flag} {note.text}".lower():
                    found[row] = True
        return found

    def _fulfilling(self) -> np.ndarray:
        """For which rows (N,) the condition holds; kept, since it is asked row by row."""
        where = self.choice.where
        assert where is not None, "there is a condition"
        if self._asked is None or self._asked[:2] != (self._rows, where.text):
            where.check_names(self._rows.names)
            holds = np.fromiter(map(where.matches, self._rows.records), bool, len(self._rows))
            self._asked = self._rows, where.text, holds
        return self._asked[2]

    # -- groups -----------------------------------------------------------------

    def _grouped(self, order: np.ndarray) -> tuple[np.ndarray, list[Group]]:
        """The rows, group by group, and the groups: where rows are sorted, in the order of their first rows."""
        rows, name = self._rows, self.choice.group
        if not name:
            return order, []
        codes = rows.source_of if name == RECORDING else np.nan_to_num(rows.column(name).places, nan=np.inf)
        found, first, inverse, counts = np.unique(
            codes[order], return_index=True, return_inverse=True, return_counts=True
        )
        ranks = np.empty(len(found), int)
        ranks[np.argsort(first) if self.choice.sort else np.arange(len(found))] = np.arange(len(found))
        order = order[np.argsort(ranks[inverse], kind="stable")]
        in_order = np.argsort(ranks)
        stops = np.cumsum(counts[in_order])
        spans = {
            found[code].item(): (int(stop - count), int(stop))
            for code, stop, count in zip(in_order, stops, counts[in_order], strict=True)
        }
        if name != RECORDING:
            return order, [Group(f"{code}", self._label(name, code), None, *span) for code, span in spans.items()]
        return order, self._of_sources(spans)

    def _of_sources(self, spans: Mapping[int, tuple[int, int]]) -> list[Group]:
        """Those of recordings: also of one without an episode, unless it is not looked for."""
        sources = self._rows.sources
        without = [place for place, source in enumerate(sources) if place not in spans and self._is_wanted(source)]
        places = [*spans, *without]
        if not self.choice.sort:
            places.sort()
        return [
            Group(str(sources[place].number), sources[place].name, sources[place], *spans.get(place, (0, 0)))
            for place in places
        ]

    def _is_wanted(self, source: Source) -> bool:
        choice = self.choice
        if choice.kinds or choice.is_noted or choice.ranges or choice.where or not source.is_recording:
            return False
        return all(word in source.name.lower() for word in choice.words)

    def _label(self, name: str, code: float) -> str:
        labels = self._rows.column(name).labels
        if math.isinf(code):
            return "unknown"
        return printable(labels[int(code)]) if labels is not None else f"{code:.10g}"

    def _tiled(self) -> np.ndarray:
        """The films of the rows: newest first, or in the order by which these are sorted."""
        places = np.full(len(self._rows), -1)
        places[self.order] = np.arange(len(self.order))
        films = np.array([place for place, (_, row) in enumerate(self._rows.films) if places[row] >= 0], int)
        if not self.choice.sort:
            return films
        return films[np.argsort([places[self._rows.films[film][1]] for film in films], kind="stable")]

    def _listed(self) -> np.ndarray:
        if not self.choice.group:
            return self.order
        parts: list[np.ndarray] = []
        for number, group in enumerate(self._groups):
            parts.append(np.array([-1 - number]))
            if not self.is_folded(group):
                parts.append(self.order[group.start : group.stop])
        return np.concatenate([np.zeros(0, int), *parts])

    # -- what the page is sent --------------------------------------------------

    def _row(self, row: int) -> list[Any]:
        key = self._rows.key(row)
        source, record = self._rows.source(row), self._rows.records[row]
        note = self._notes.of(source.path).get(key[1:], _NOTHING)
        values = [_sent(self._rows.value(row, name)) for name in self.choice.columns]
        reason = "" if record.reason is None else printable(record.reason[:_MAX_TEXT])
        return [0, *key, kind_name(self._rows.kinds[row]), reason, printable(note.flag), _line(note.text), *values]

    def _tile(self, number: int) -> list[Any]:
        """A film: what a row has, with the film in the place of values."""
        film, row = self._rows.films[number]
        _, *facts = self._row(row)
        return [2, *facts[:7], self._seen_film(film, row)]

    def _seen_film(self, film: Film, row: int) -> Mapping[str, Any]:
        record = self._rows.records[row]
        return {**tile(film, self._rows.place(row), self._address), "total": _sent(record.total_reward)}

    def _heading(self, group: Group) -> list[Any]:
        members = self.order[group.start : group.stop]
        counts = np.bincount(self._rows.kinds[members], minlength=len(KINDS)).tolist()
        kinds = {kind: count for kind, count in zip(KINDS, counts, strict=True) if count}
        means = [self._mean(name, members) for name in self.choice.columns]
        return [1, group.key, group.label, self.is_folded(group), kinds, _facts(group.source), *means]

    def _mean(self, name: str, members: np.ndarray) -> float | None:
        """The mean of a column that has one, of a group's rows."""
        if name not in ("total_reward", "episode_length", "duration_s") and "." not in name:
            return None
        column = self._rows.column(name)
        known = column.places[members]
        known = known[np.isfinite(known)]
        return None if column.labels is not None or not known.size else _sent(float(known.mean()))


def _facts(source: Source | None) -> list[Any] | None:
    """What the page shows of a recording: its number, whether it can be opened and was read, when, how long, envs."""
    if source is None:
        return None
    known = source.known
    seconds, num_envs = (None, 0) if known is None else (known.seconds, known.num_envs)
    return [source.number, source.is_recording, known is not None, source.modified, seconds, num_envs, source.problem]


def key_of(value: Any) -> Key | None:
    """Which episode a browser means; None where it means none."""
    is_key = isinstance(value, list) and len(value) == 3 and all(type(part) is int for part in value)
    return (value[0], value[1], value[2]) if is_key else None


def _sent(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    return _line(value if isinstance(value, str) else json.dumps(value, default=str))


def _line(text: str) -> str:
    """A text for one line of a page, cut."""
    cut = printable(" ".join(text.split()))
    return cut if len(cut) <= _MAX_TEXT else f"{cut[: _MAX_TEXT - 3]}..."
