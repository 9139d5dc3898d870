"""Episodes as text: a table for people, lines of JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..episode_record import EpisodeRecord, to_line
from ..errors import printable
from .episodes import Episodes, columns_of

# What the table shows, by what stands above it.
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
_WIDEST = 48


def jsonl_text(episodes: Episodes) -> Iterator[str]:
    """A JSON object a line."""
    return map(to_line, episodes)


def csv_text(episodes: Episodes) -> Iterator[str]:
    """A heading, and a line for each episode: empty where nothing is known, lists as JSON."""
    rows = episodes.rows()
    columns = columns_of(rows)
    yield _csv_line(columns)
    for row in rows:
        yield _csv_line([_cell(row.get(column)) for column in columns])


def table_text(episodes: Episodes) -> Iterator[str]:
    """A table for a terminal, of what every episode has; columns of which nothing is known are left out."""
    rows = [[_shown(value(record)) for value in _TABLE.values()] for record in episodes]
    used = [index for index in range(len(_TABLE)) if any(row[index] for row in rows)]
    table = [list(_TABLE), *rows]
    widths = {index: max(len(row[index]) for row in table) for index in used}
    numbers = {index for index in used if list(_TABLE)[index] in ("env", "episode", "steps", "return", "at")}
    for row in table if rows else ():
        cells = (row[i].rjust(widths[i]) if i in numbers else row[i].ljust(widths[i]) for i in used)
        yield "  ".join(cells).rstrip() + "\n"


TEXTS: Mapping[str, Callable[[Episodes], Iterator[str]]] = {"table": table_text, "jsonl": jsonl_text, "csv": csv_text}


def _csv_line(cells: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool | list):
        return json.dumps(value)
    return value


def _shown(value: Any) -> str:
    """A value for people; "" where it is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = printable(f"{value:.4g}" if isinstance(value, float) else str(value))
    return text if len(text) <= _WIDEST else "..." + text[3 - _WIDEST :]
