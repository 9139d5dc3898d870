"""A recording's summary as text for a terminal. What is left out for its length is counted, with where to find it."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from replay_viewer.errors import printable
from replay_viewer.replay.summary import Sample, Statistics, Summary
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.interventions import ENDS, INTERVENTION_TEXT
from replay_viewer.rollout.rollout import Verdict

_MAX_EPISODES = 40
_LABEL_WIDTH = 12
_STATUSES = ("problem", "assumed", "found", "stated")


def info_text(summary: Summary, width: int | None = None) -> str:
    """The summary as aligned text.

    Args:
        summary: of the recording.
        width: columns to wrap at; None takes the terminal's, or 100 where there is none.
    """
    width = width or shutil.get_terminal_size((100, 24)).columns
    blocks = [
        _head(summary, width),
        *(_entity(entity, width) for entity in summary.entities),
        _episodes(summary),
        _by_hand(summary, width),
        _fields(summary),
        _rewards(summary.rewards, summary.sample, summary.env_ids),
        _batch_means(summary.batch_means),
        _metadata(summary.metadata, width),
        _verdicts(summary.verdicts, width),
    ]
    return "\n\n".join("\n".join(map(printable, block)) for block in blocks if block)


def id_ranges(ids: Iterable[int]) -> str:
    """Ids in their order with consecutive ones as ranges: 0-3, 7, 16-31."""
    groups = [[i for _, i in group] for _, group in groupby(enumerate(ids), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(str(group[0]) if len(group) == 1 else f"{group[0]}-{group[-1]}" for group in groups)


def _head(summary: Summary, width: int) -> list[str]:
    triangles = summary.terrain_triangles
    ground = f"a terrain of {_count(triangles, 'triangle')}" if triangles else summary.ground
    seconds = f"{summary.control_dt:.6g} s ({1 / summary.control_dt:.4g} Hz)"
    return [
        *([summary.path] if summary.path else [summary.name]),
        "",
        *_labelled("Time", f"{_count(summary.num_steps, 'step')} of {seconds}, {summary.duration:.2f} s in all", width),
        *_labelled("Envs", f"{len(summary.env_ids)}: id {id_ranges(summary.env_ids)}", width),
        *_labelled("Ground", ground, width),
    ]


def _entity(entity: EntitySpec, width: int) -> list[str]:
    carried = " in the recording" if entity.folder else ""
    body = (
        f"URDF {entity.urdf}{carried}"
        if entity.urdf
        else f"shape {entity.shape['type']}"
        if entity.shape
        else "no URDF"
    )
    lines = _labelled(entity.kind.capitalize(), f"{entity.name}: {body}", width)
    if entity.kind == "robot" or entity.joint_names:
        joints = f"{_count(len(entity.joint_names), 'joint')} recorded"
        lines += _labelled("", f"{joints}: {', '.join(entity.joint_names)}" if entity.joint_names else joints, width)
    return lines


def _episodes(summary: Summary) -> list[str]:
    episodes = summary.episodes
    outcomes = Counter(episode.outcome for episode in episodes)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    rows = [_episode_row(summary, episode) for episode in episodes[:_MAX_EPISODES]]
    rest = len(episodes) - len(rows)
    return [
        f"Episodes    {len(episodes)}: {counts}",
        *_table(("env", "steps", "seconds", "end"), rows, left_aligned=(0, 3)),
        *([f"  ... and {_count(rest, 'more episode')}: see --json"] if rest else []),
    ]


def _by_hand(summary: Summary, width: int) -> list[str]:
    """What somebody did while the policy ran; ends of what goes on for a while are not counted."""
    counts = [(INTERVENTION_TEXT[what], count) for what, count in summary.interventions.items() if what not in ENDS]
    if not counts:
        return []
    done = ", ".join(f"{text} {'once' if count == 1 else f'{count} times'}" for text, count in counts)
    touched = f"{summary.num_manual} of {_count(len(summary.episodes), 'episode')} touched"
    return _labelled("By hand", f"{done}; {touched}", width)


def _episode_row(summary: Summary, episode: Episode) -> tuple[str, ...]:
    end = episode.outcome + (f" ({episode.outcome_reason})" if episode.outcome_reason else "")
    if episode.success is not None:
        end += ", success" if episode.success else ", no success"
    if episode.terminal_state == "lost":
        end += ", terminal state lost"
    steps = f"{episode.first_step} - {episode.last_step}"
    seconds = f"{episode.num_steps * summary.control_dt:.2f}"
    return (str(summary.env_ids[episode.env_index]), steps, seconds, end)


def _fields(summary: Summary) -> list[str]:
    rows = [(f.name, " x ".join(map(str, f.shape)) or "1", f.unit, str(f.dtype)) for f in summary.fields]
    return ["Fields      per env and step", *_table(("name", "shape", "unit", "type"), rows, left_aligned=(0, 1, 2, 3))]


def _rewards(rewards: Sequence[Statistics], sample: Sample | None, env_ids: Sequence[int]) -> list[str]:
    if sample is None:
        return ["Rewards     none recorded"]
    steps = "every step" if sample.stride == 1 else f"every {_ordinal(sample.stride)} step ({sample.num_steps} of them)"
    all_envs = len(sample.env_ids) == len(env_ids)
    envs = "every env" if all_envs else f"{len(sample.env_ids)} of {len(env_ids)} envs"
    return [f"Rewards     per step, over {steps} of {envs}", *_statistics(rewards)]


def _batch_means(means: Sequence[Statistics]) -> list[str]:
    if not means:
        return []
    return ["Batch means over the simulator's envs, which are no env's own values", *_statistics(means)]


def _statistics(statistics: Sequence[Statistics]) -> list[str]:
    rows = [(s.name, *map(_number, (s.mean, s.min, s.max)), str(s.num_not_finite or "")) for s in statistics]
    header = ("name", "mean", "min", "max", "NaN or inf")
    if not any(s.num_not_finite for s in statistics):
        rows, header = [row[:-1] for row in rows], header[:-1]
    return _table(header, rows, left_aligned=(0,))


def _metadata(metadata: Mapping[str, Any], width: int) -> list[str]:
    if not metadata:
        return []
    lines = [
        f"{key}: {value if isinstance(value, str) else json.dumps(value, default=str)}"
        for key, value in metadata.items()
    ]
    return ["Metadata", *(part for line in lines for part in _wrapped(line, width, "  ", "    "))]


def _verdicts(verdicts: Sequence[Verdict], width: int) -> list[str]:
    """Every verdict, what needs attention first."""
    if not verdicts:
        return []
    lines = ["Verdicts"]
    for verdict in sorted(verdicts, key=lambda v: _STATUSES.index(v.status)):
        first = f"  {verdict.status:<{_LABEL_WIDTH - 2}}"
        indent = " " * _LABEL_WIDTH
        lines += _wrapped(f"{verdict.topic}: {verdict.finding}", width, first, indent)
        lines += _wrapped(verdict.reason, width, indent, indent)
    return lines


def _labelled(label: str, text: str, width: int) -> list[str]:
    return _wrapped(text, width, f"{label:<{_LABEL_WIDTH}}", " " * _LABEL_WIDTH)


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    """Break lines between words only: names and paths stay whole, so that they can be copied."""
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], left_aligned: Sequence[int]) -> list[str]:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [
            cell.ljust(width) if column in left_aligned else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(("  " + "   ".join(cells)).rstrip())
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}"  # Adding zero turns -0 into 0.


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
