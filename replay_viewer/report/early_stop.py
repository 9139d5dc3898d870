"""Whether short episodes are favoured: envs that fall early begin again and bring more episodes than the others."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from .evaluation import Evaluation
from .statistics.estimates import Estimate, mean, share


@dataclass(frozen=True)
class EarlyStop:
    """What is known of it.

    Attributes:
        fewest: finished episodes of an env.
        most: likewise.
        num_running: episodes that were still running at the end, which are not counted.
        num_counted: episodes that are left where each env counts with as many as every env finished; 0 if with none.
        good: of those alone.
        total_reward: likewise.
    """

    fewest: int
    most: int
    num_running: int
    num_counted: int
    good: Estimate
    total_reward: Estimate


def early_stop_of(episodes: Evaluation) -> EarlyStop | None:
    """None where every env of a process finished as many episodes as the others.

    Args:
        episodes: all of them, unfinished ones too.
    """
    streams: dict[Any, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, record in enumerate(episodes.records):
        stream = record.run, record.job_name, record.rebuild, record.rank, record.seed, record.recording
        of_env = streams[stream][record.env_id]
        if episodes.is_finished[place]:
            of_env.append(place)
    counts = {stream: [len(places) for places in envs.values()] for stream, envs in streams.items()}
    if all(min(of_stream) == max(of_stream) for of_stream in counts.values()):
        return None
    fair = _first_of_each_env(episodes, streams, counts)
    return EarlyStop(
        fewest=min(map(min, counts.values())),
        most=max(map(max, counts.values())),
        num_running=int((episodes.outcome == "unfinished").sum()),
        num_counted=len(fair),
        good=share(episodes.is_good[fair]),
        total_reward=mean(episodes.total_reward[fair]),
    )


def _first_of_each_env(
    episodes: Evaluation, streams: dict[Any, dict[int, list[int]]], counts: dict[Any, list[int]]
) -> np.ndarray:
    """The episodes that count where each env of a stream has as many as all others, the first ones."""
    fair: list[int] = []
    for stream, envs in streams.items():
        for places in envs.values():
            ordered = sorted(places, key=lambda place: episodes.records[place].episode_in_env)
            fair += ordered[: min(counts[stream])]
    return np.array(sorted(fair), dtype=np.int64)
