"""Episodes as text: a table for people, lines of JSON and CSV for programs."""

from __future__ import annotations

import json
import math
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..csv_lines import csv_line
from ..episode_record import EpisodeRecord, as_json, to_line
from ..errors import printable
from .episodes import Episodes, columns_of

# What the table shows of every episode, by what stands above it, and the names of these values.
_TABLE: Mapping[str, Callable[[EpisodeRecord], Any]] = {
    "recording": lambda record: record.recording,
    "env": lambda record: record.env_id,
    "episode": lambda record: record.episode_in_env,
    "outcome": lambda record: f"{record.outcome} ({record.reason})" if record.reason else record.outcome,
    "success": lambda record: record.success,
    "steps": lambda record: record.episode_length,
    "return": lambda record: record.total_reward,
    "at": lambda record: None if record.first_step is None else f"{record.first_step}:{record.last_step}",
}
_NAMES = ("recording", "env_id", "episode_in_env", "outcome", "reason", "success", "episode_length", "total_reward")
_WIDEST = 48
# Digits of a column's greatest number that are shown, and from where on they are powers of ten.
_DIGITS, _LARGE = 4, 1e6


def jsonl_text(episodes: Episodes) -> Iterator[str]:
    """A JSON object a line."""
    return map(to_line, episodes)


def csv_text(episodes: Episodes) -> Iterator[str]:
    """A heading, and a line for each episode, see `csv_line`: empty where nothing is known, lists as JSON."""
    rows = episodes.rows()
    columns = columns_of(rows)
    yield csv_line(columns)
    for row in rows:
        yield csv_line([_cell(row.get(column)) for column in columns])


def table_text(episodes: Episodes, also: Iterable[str] = ()) -> Iterator[str]:
    """A table for a terminal, and a line that counts. Columns of which nothing is known are left out.

    Args:
        episodes: what it shows.
        also: names of values that have columns of their own, such as variations.friction.
    """
    columns = {heading: list(map(of, episodes)) for heading, of in _TABLE.items()}
    columns["recording"] = _from_common_folder(columns["recording"])
    columns.update((name, episodes.values(name)) for name in also if name not in _NAMES)
    cells = [_cells(heading, values) for heading, values in columns.items() if any(v is not None for v in values)]
    for row in zip(*cells, strict=True):
        yield "  ".join(row).rstrip() + "\n"
    if len(episodes):
        yield f"\n{_count(episodes)}\n"


TEXTS: Mapping[str, Callable[[Episodes], Iterator[str]]] = {"jsonl": jsonl_text, "csv": csv_text}


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool | list) else value


def _count(episodes: Episodes) -> str:
    """How many there are, and how they have ended."""
    outcomes = Counter(record.outcome or "unknown" for record in episodes)
    recordings = len({record.recording for record in episodes} - {None})
    of_several = f" in {recordings} recordings" if recordings > 1 else ""
    ends = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    success = [record.success for record in episodes if record.success is not None]
    rate = f"; {sum(success)} of {len(success)} a success" if success else ""
    return f"{len(episodes)} episode{'s' if len(episodes) > 1 else ''}{of_several}: {ends}{rate}"


def _from_common_folder(paths: Sequence[str | None]) -> list[str | None]:
    """The paths from the folder on that has them all."""
    folders = {posixpath.dirname(path) for path in paths if path is not None}
    try:
        common = posixpath.commonpath(folders)
    except ValueError:  # There is none: no path, or some from the root on and others not.
        return list(paths)
    return [path if path is None else posixpath.relpath(path, common or ".") for path in paths]


def _cells(heading: str, values: Sequence[Any]) -> list[str]:
    """A column, equally wide: its heading and its values."""
    spec = _number_format(max((abs(value) for value in values if isinstance(value, float)), default=0.0))
    cells = [printable(heading), *(_shown(value, spec) for value in values)]
    width = max(map(len, cells))
    is_number = heading == "at" or all(type(value) in (int, float, type(None)) for value in values)
    return [cell.rjust(width) if is_number else cell.ljust(width) for cell in cells]


def _number_format(largest: float) -> str:
    """For numbers up to a largest one: with the same decimals, where that shows something of them."""
    if not 10.0**-_DIGITS < largest < _LARGE:
        return f".{_DIGITS}g"
    return f".{max(0, _DIGITS - 1 - math.floor(math.log10(largest)))}f"


def _shown(value: Any, spec: str) -> str:
    """A value for people; "" where it is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(value, spec)
    text = printable(value if isinstance(value, str) else json.dumps(as_json(value)))
    return text if len(text) <= _WIDEST else "..." + text[3 - _WIDEST :]
