"""The table's data: every episode by column, as small as JSON gets it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..episode_record import EpisodeRecord
from .draws import LARGEST, MOST_COLUMNS, columns_of
from .evaluation import Evaluation

# What is shown at first: of groups so many columns, and of what is the same in all episodes none.
_SHOWN_FACTORS, _SHOWN_PROGRESS = 4, 2
# Digits of numbers; the recordings have all of them. The page shows four, which are not to be rounded twice.
_DIGITS = 7
# By name: what stands above the column, and what it holds.
_COLUMNS: Sequence[tuple[str, str, str]] = (
    ("outcome", "outcome", "outcome"),
    ("reason", "reason", "text"),
    ("success", "success", "truth"),
    ("episode_length", "steps", "number"),
    ("duration_s", "duration [s]", "number"),
    ("total_reward", "return", "bar"),
    ("job_name", "job", "text"),
    ("policy", "policy", "text"),
    ("task", "task", "text"),
    ("checkpoint", "checkpoint", "text"),
    ("iteration", "iteration", "number"),
    ("global_step", "global step", "number"),
    ("seed", "seed", "text"),
    ("run", "run", "text"),
    ("rebuild", "rebuild", "number"),
    ("rank", "rank", "number"),
    ("recording", "recording", "text"),
    ("env_id", "env", "number"),
    ("episode_in_env", "episode", "number"),
    ("first_step", "first step", "number"),
    ("last_step", "last step", "number"),
    ("language_instruction", "instruction", "text"),
    ("timestamp", "ended", "text"),
)
# Shown at first, beside what parts the episodes into groups.
_ALWAYS = ("outcome", "success", "episode_length", "total_reward", "env_id", "episode_in_env")


def table_of(
    episodes: Evaluation, groups: Sequence[str], factors: Sequence[str], notes: Mapping[int, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """The columns of the table, those first that are of every record.

    Args:
        episodes: all of them.
        groups: fields that part them, which are shown at first.
        factors: those that varied, in the order in which they come, and are shown while there is room.
        notes: flags and notes that people left, by place.

    Returns:
        For each column `id`, `label`, `kind`, `shown` and `values`; those of a text are places in `texts`.
    """
    records = episodes.records
    columns = [
        _column(name, label, kind, name in _ALWAYS or name in groups, _values(records, name))
        for name, label, kind in _COLUMNS
    ]
    columns += _notes(len(records), notes)
    drawn = episodes.factors
    drawn = {name: drawn[name] for name in dict.fromkeys([*factors, *drawn])}
    columns += _group(drawn, "variations", min(_SHOWN_FACTORS, len(factors)))
    columns += _group(episodes.progress, "progress", _SHOWN_PROGRESS)
    names = list(dict.fromkeys(name for record in records for name in record.rewards))[:MOST_COLUMNS]
    columns += _group({name: [record.rewards.get(name) for record in records] for name in names}, "rewards", 0)
    columns += _group(columns_of([record.more for record in records]), "", 0)
    return [column for column in columns if column]


def _group(columns: Mapping[str, Sequence[Any]], group: str, num_shown: int) -> list[dict[str, Any]]:
    """Columns of a group; the first ones that are not the same everywhere are shown."""
    found = []
    for name, values in columns.items():
        is_shown = num_shown > 0 and len({value for value in values if value is not None}) > 1
        num_shown -= is_shown
        kind = "number" if all(value is None or isinstance(value, int | float) for value in values) else "text"
        found.append(_column(f"{group}.{name}" if group else name, name, kind, is_shown, values))
    return found


def _notes(count: int, notes: Mapping[int, Mapping[str, str]]) -> list[dict[str, Any]]:
    return [
        _column(name, name, "text", True, [notes.get(place, {}).get(name) for place in range(count)])
        for name in ("flag", "note")
    ]


def _values(records: Sequence[EpisodeRecord], name: str) -> list[Any]:
    values = [getattr(record, name) for record in records]
    # Seeds are names: of any size, and nobody adds them up.
    return [None if value is None else str(value) for value in values] if name == "seed" else values


def _column(name: str, label: str, kind: str, shown: bool, values: Iterable[Any]) -> dict[str, Any]:
    """A column; empty where nothing is known."""
    found = list(values)
    if all(value is None for value in found):
        return {}
    column: dict[str, Any] = {"id": name, "label": label, "kind": kind, "shown": bool(shown)}
    if kind in ("number", "bar"):
        return {**column, "values": [_rounded(value) for value in found]}
    if kind == "truth":
        return {**column, "values": [None if value is None else int(value) for value in found]}
    texts = {text: place for place, text in enumerate(dict.fromkeys(str(v) for v in found if v is not None))}
    return {**column, "texts": list(texts), "values": [None if v is None else texts[str(v)] for v in found]}


def _rounded(value: Any) -> float | int | None:
    if value is None or not abs(value) < LARGEST:
        return None
    number = float(f"{float(value):.{_DIGITS}g}") if isinstance(value, float) else int(value)
    return int(number) if number == int(number) and abs(number) < 1e15 else number
