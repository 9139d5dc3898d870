"""The warning where stopping after so many finished episodes favours short ones."""

from __future__ import annotations

import numpy as np
import pytest
from evaluation_samples import record

from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.report.early_stop import early_stop_of
from replay_viewer.report.evaluation import Evaluation

_RATE = 0.5


def stopped_after(num_finished: int, num_envs: int = 32, seed: int = 0) -> list[EpisodeRecord]:
    """Envs that run side by side until so many episodes are finished: failures last 50 steps, successes 1,000."""
    rng = np.random.default_rng(seed)
    ends: list[tuple[int, int, int, bool]] = []
    for env in range(num_envs):
        time = 0
        for number in range(num_finished):
            good = bool(rng.random() < _RATE)
            time += 1000 if good else 50
            ends.append((time, env, number, good))
    ends.sort()
    records = [record(env, k, success=good, outcome="truncated" if good else "terminated") for _, env, k, good in ends]
    left = [record(env, 999, outcome="unfinished", success=None) for env in range(num_envs)]
    return records[:num_finished] + left


def test_stopping_after_some_finished_episodes_is_warned_of_and_mended() -> None:
    plain, fair = [], []
    for seed in range(30):
        episodes = Evaluation(stopped_after(150, seed=seed))
        stop = early_stop_of(episodes)
        assert stop is not None
        assert stop.fewest < stop.most
        assert stop.num_running == 32
        plain.append(np.nanmean(episodes.is_good))
        if stop.num_counted:
            fair.append(stop.good.value)
    # The truth is a half. Counting everything is far off; as many from each env are not.
    assert np.mean(plain) < _RATE - 0.05
    assert np.mean(fair) == pytest.approx(_RATE, abs=0.03)


def test_as_many_from_each_env_are_nothing_to_warn_of() -> None:
    records = [record(env, number) for env in range(4) for number in range(3)]
    assert early_stop_of(Evaluation(records)) is None


def test_processes_are_looked_at_each_by_itself() -> None:
    records = [record(0, number, seed=1) for number in range(3)] + [record(0, number, seed=2) for number in range(5)]
    assert early_stop_of(Evaluation(records)) is None
