"""How values usually go over episodes of many envs, against numpy on each step by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from memory_rollout import memory_rollout, still

from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rewards import read_reward
from replay_viewer.rollout.rollout import Rollout
from replay_viewer.rollout.spread import EpisodeSpread

STEPS, ENVS = 60, 7


def random_rollout(steps: int = STEPS) -> tuple[Rollout, np.ndarray, dict[int, list[Episode]]]:
    """Rewards of envs whose episodes end at random steps; every third one was reset from outside."""
    random = np.random.default_rng(1)
    rewards = random.normal(size=(steps, ENVS))
    rewards[10, 2] = np.nan
    episodes = {
        env: _episodes(env, [*sorted(random.choice(steps - 1, 4, replace=False)), steps - 1]) for env in range(ENVS)
    }
    return memory_rollout({**still(steps, ENVS), "rew": rewards}, episodes=episodes), rewards, episodes


def _episodes(env: int, ends: Sequence[int]) -> list[Episode]:
    starts = [0, *(end + 1 for end in ends[:-1])]
    outcomes = ("terminated", "truncated", "aborted", "terminated", "unfinished")
    spans = zip(starts, ends, outcomes, strict=True)
    return [Episode(env, i, first, last, outcome) for i, (first, last, outcome) in enumerate(spans)]


def expected(rewards: np.ndarray, episodes: dict[int, list[Episode]], step: int) -> np.ndarray:
    kept = [e for env in episodes.values() for e in env if e.outcome != "aborted" and e.num_steps > step]
    found = np.array([rewards[e.first_step + step, e.env_index] for e in kept])
    return found[np.isfinite(found)]


def test_mean_and_deviation_are_those_over_all_episodes_that_lasted_so_long() -> None:
    rollout, rewards, episodes = random_rollout()
    spread = EpisodeSpread(read_reward(None, None), 1)
    spread.take_in(rollout)
    band = spread.band(STEPS)
    for step in range(STEPS):
        found = expected(rewards, episodes, step)
        if len(found):
            np.testing.assert_allclose(band.mean[step, 0], found.mean(), rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(band.deviation[step, 0], found.std(), atol=1e-6)
        else:
            assert np.isnan(band.mean[step, 0])


def test_what_is_read_in_small_pieces_adds_up_to_the_same(monkeypatch) -> None:
    rollout, _, _ = random_rollout()
    whole, pieces = (EpisodeSpread(read_reward(None, None), 1) for _ in range(2))
    whole.take_in(rollout)
    monkeypatch.setattr("replay_viewer.rollout.spread._CHUNK_VALUES", 5 * ENVS)
    told: list[tuple[int, int]] = []
    pieces.take_in(rollout, lambda done, total: told.append((done, total)))
    np.testing.assert_allclose(pieces.band(STEPS).mean, whole.band(STEPS).mean)
    assert told == [(done, STEPS) for done in range(0, STEPS, 5)]


def test_a_part_of_what_is_known_is_given_from_any_step() -> None:
    rollout, _, _ = random_rollout()
    spread = EpisodeSpread(read_reward(None, None), 1)
    spread.take_in(rollout)
    np.testing.assert_array_equal(spread.band(12, 5).mean, spread.band(12).mean[5:])
    assert np.isnan(spread.band(STEPS + 10).mean[STEPS:]).all()


def test_rewards_of_agents_are_one_agents_or_their_sum() -> None:
    terms = np.random.default_rng(0).normal(size=(STEPS, ENVS, 2, 3))
    fields = {**still(STEPS, ENVS), "rew": terms.sum(axis=3), "rew_terms": terms}
    rollout = memory_rollout(fields, reward_terms=("a", "b", "c"))
    steps = slice(3, 9)
    np.testing.assert_allclose(read_reward(1, 0)(rollout, steps, [4])[..., 0], terms[steps, [4], 0, 1])
    np.testing.assert_allclose(
        read_reward(1, None)(rollout, steps, [4])[..., 0], terms[steps, 4, :, 1].sum(axis=1)[:, None]
    )
    np.testing.assert_allclose(
        read_reward(None, 1)(rollout, steps, [4])[..., 0], terms[steps, 4, 1].sum(axis=1)[:, None]
    )
