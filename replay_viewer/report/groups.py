"""Groups: the same numbers for each job, policy, task, checkpoint and seed, and for two of them crossed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..episode_record import EpisodeRecord
from .evaluation import Evaluation
from .statistics.estimates import Estimate, mean, share

# By what an evaluation is parted, with the name for people. What parts it as an earlier one does is named beside it.
# The one that makes the fewest groups leads, unless it only repeats the same.
DIMENSIONS = {
    "job_name": "job",
    "policy": "policy",
    "task": "task",
    "checkpoint": "checkpoint",
    "iteration": "iteration",
    "seed": "seed",
    "run": "run",
}
_REPETITIONS = ("seed", "run")
# A page is read by people: of more groups the largest are shown.
_MOST_GROUPS = 24


@dataclass(frozen=True)
class Summary:
    """The numbers of a group.

    Attributes:
        label: of the group.
        good: how often its episodes were successes, or whatever is measured.
        total_reward: mean return.
        steps: mean length.
        count: finished episodes.
    """

    label: str
    good: Estimate
    total_reward: Estimate
    steps: Estimate
    count: int


@dataclass(frozen=True)
class Dimension:
    """What parts the episodes into groups.

    Attributes:
        name: for people.
        also: names of others that part the episodes alike.
        field: of the records.
        labels: of the groups that are shown, numbers in their order, texts as they first come.
        of_episode: (N,) place of each episode's group among the labels, -1 of those that are not shown.
        num_left_out: groups that are not shown.
        summaries: of each group.
    """

    name: str
    also: tuple[str, ...]
    field: str
    labels: tuple[str, ...]
    of_episode: np.ndarray
    num_left_out: int
    summaries: tuple[Summary, ...]


@dataclass(frozen=True)
class Matrix:
    """Two dimensions crossed.

    Attributes:
        rows: one of them.
        columns: the other.
        cells: a summary, or None where there is no episode, by row and column.
    """

    rows: Dimension
    columns: Dimension
    cells: tuple[tuple[Summary | None, ...], ...]


def summary_of(episodes: Evaluation, label: str = "") -> Summary:
    """The numbers of finished episodes."""
    return Summary(
        label, share(episodes.is_good), mean(episodes.total_reward), mean(episodes.steps), len(episodes.records)
    )


def dimensions_of(episodes: Evaluation) -> list[Dimension]:
    """What parts the finished episodes into more than one group, the leading one first; none parts as another does."""
    found: dict[bytes, tuple[list[str], str, list[str], np.ndarray, int]] = {}
    for field, name in DIMENSIONS.items():
        labels, places, left_out = _parted(field, episodes.records)
        if len(labels) < 2:
            continue
        same = found.setdefault(_canonical(places).tobytes(), ([], field, labels, places, left_out))
        same[0].append(name)
    dimensions = [
        Dimension(
            names[0],
            tuple(names[1:]),
            field,
            tuple(labels),
            places,
            left_out,
            tuple(summary_of(episodes.part(places == place), label) for place, label in enumerate(labels)),
        )
        for names, field, labels, places, left_out in found.values()
    ]
    leading = min(dimensions, key=lambda one: (one.field in _REPETITIONS, len(one.labels)), default=None)
    return sorted(dimensions, key=lambda one: (one is not leading, len(one.labels)))


def matrices_of(episodes: Evaluation, dimensions: Sequence[Dimension]) -> list[Matrix]:
    """The first dimension crossed with each other one, unless a group of that is always of one group of the first."""
    crossed = [_crossed(episodes, dimensions[0], other) for other in dimensions[1:]]
    return [
        matrix for matrix in crossed if any(sum(map(bool, column)) > 1 for column in zip(*matrix.cells, strict=True))
    ]


def _crossed(episodes: Evaluation, rows: Dimension, columns: Dimension) -> Matrix:
    cells = []
    for row in range(len(rows.labels)):
        members = [(rows.of_episode == row) & (columns.of_episode == column) for column in range(len(columns.labels))]
        cells.append(tuple(summary_of(episodes.part(mask)) if mask.any() else None for mask in members))
    return Matrix(rows, columns, tuple(cells))


def _parted(field: str, records: Sequence[EpisodeRecord]) -> tuple[list[str], np.ndarray, int]:
    """Labels of the groups, the place of each episode's group, and how many groups are left out."""
    values = [getattr(record, field) for record in records]
    counts = Counter(value for value in values if value is not None)
    kept = [value for value, _ in counts.most_common(_MOST_GROUPS)]
    first = {value: place for place, value in reversed(list(enumerate(values)))}
    kept.sort(key=lambda value: (0, value) if isinstance(value, int) else (1, first[value]))
    # What some episodes do not say is a group of its own, unless none does.
    if kept and len(counts) <= _MOST_GROUPS and None in first:
        kept.append(None)
    place_of = {value: place for place, value in enumerate(kept)}
    places = np.array([place_of.get(value, -1) for value in values], dtype=np.int64)
    labels = ["not stated" if value is None else str(value) for value in kept]
    return labels, places, max(len(counts) - _MOST_GROUPS, 0)


def _canonical(places: np.ndarray) -> np.ndarray:
    """The places renumbered as they first come, so that two ways to part alike look alike."""
    _, first, inverse = np.unique(places, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]
