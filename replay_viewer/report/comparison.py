"""The comparison of two jobs or policies, episode by episode that had the same seed, env and number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..episode_record import EpisodeRecord
from ..errors import BadArgument, UnknownName
from .evaluation import Evaluation
from .statistics.estimates import Estimate, mean, paired_difference, paired_share_difference, share

# What is compared where nobody says it: that of the fewest names by which any episodes are matched.
_COMPARED = ("job_name", "policy", "checkpoint")
# More than these against the first would be a table of its own.
_MOST = 4


@dataclass(frozen=True)
class Comparison:
    """Two groups, matched.

    Attributes:
        names: of the first and the second.
        pairs: (P, 2) places of the episodes.
        num_alone: finished episodes of either without a partner.
        num_unlike: pairs whose varied factors were not the same.
        good: of the pairs, how often the first and the second were successes.
        total_reward: their mean returns.
        good_difference: of the second from the first.
        reward_difference: likewise.
        table: pairs in which both were successes, only the first, only the second, neither.
    """

    names: tuple[str, str]
    pairs: np.ndarray
    num_alone: tuple[int, int]
    num_unlike: int
    good: tuple[Estimate, Estimate]
    total_reward: tuple[Estimate, Estimate]
    good_difference: Estimate
    reward_difference: Estimate
    table: tuple[int, int, int, int]


def comparisons_of(episodes: Evaluation, chosen: Sequence[str] | None = None) -> list[Comparison]:
    """The first job (or policy, or checkpoint) against each other one, of finished episodes.

    Args:
        episodes: the finished ones.
        chosen: two names; None for those there are.

    Raises:
        BadArgument: not two names.
        UnknownName: a name that neither a job nor a policy nor a checkpoint has.
    """
    if chosen is not None:
        first, second = _two(chosen)
        return [_compared(episodes, _named(episodes, first), _named(episodes, second), (first, second))]
    fields = [[getattr(record, field) for record in episodes.records] for field in _COMPARED]
    for values in sorted(fields, key=lambda values: len({*values} - {None})):
        names = [name for name in dict.fromkeys(values) if name is not None][:_MOST]
        masks = [np.array([value == name for value in values]) for name in names]
        found = [_compared(episodes, masks[0], masks[k], (names[0], names[k])) for k in range(1, len(names))]
        matched = [comparison for comparison in found if len(comparison.pairs) > 1]
        if matched:
            return matched
    return []


def _two(names: Sequence[str]) -> tuple[str, str]:
    if len(names) != 2 or names[0] == names[1]:
        raise BadArgument("--compare", ",".join(names), "expected two names, such as before,after.")
    return names[0], names[1]


def _named(episodes: Evaluation, name: str) -> np.ndarray:
    """Which episodes are of a job, or else a policy, or else a checkpoint."""
    known: dict[str, None] = {}
    for field in _COMPARED:
        values = [getattr(record, field) for record in episodes.records]
        known.update(dict.fromkeys(value for value in values if value is not None))
        if name in values:
            return np.array([value == name for value in values])
    raise UnknownName("job or policy", name, sorted(known), where="the episodes")


def _compared(episodes: Evaluation, first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> Comparison:
    of_first, of_second = _by_key(episodes, first), _by_key(episodes, second)
    pairs = np.array(
        [(place, of_second[key]) for key, place in of_first.items() if key in of_second], dtype=np.int64
    ).reshape(-1, 2)
    a, b = pairs.T
    good, rewards = episodes.is_good, episodes.total_reward
    both = (np.isfinite(good[a]) & np.isfinite(good[b]), np.isfinite(rewards[a]) & np.isfinite(rewards[b]))
    x, y = good[a][both[0]] > 0, good[b][both[0]] > 0
    unlike = [episodes.records[i].variations != episodes.records[j].variations for i, j in pairs]
    return Comparison(
        names=names,
        pairs=pairs,
        num_alone=(int(first.sum()) - len(pairs), int(second.sum()) - len(pairs)),
        num_unlike=sum(unlike),
        good=(share(x), share(y)),
        total_reward=(mean(rewards[a][both[1]]), mean(rewards[b][both[1]])),
        good_difference=paired_share_difference(good[a], good[b]),
        reward_difference=paired_difference(rewards[a], rewards[b]),
        table=(int((x & y).sum()), int((x & ~y).sum()), int((~x & y).sum()), int((~x & ~y).sum())),
    )


def _by_key(episodes: Evaluation, members: np.ndarray) -> dict[Any, int]:
    """The places of episodes by what matches them; without those of which there are several."""
    places = np.flatnonzero(members).tolist()
    keys = [_key(episodes.records[place]) for place in places]
    counts = Counter(keys)
    return {key: place for key, place in zip(keys, places, strict=True) if counts[key] == 1}


def _key(record: EpisodeRecord) -> tuple[Any, ...]:
    return record.task, record.seed, record.rank, record.rebuild, record.env_id, record.episode_in_env
