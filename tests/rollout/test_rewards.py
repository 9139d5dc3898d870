import numpy as np
import pytest
from memory_rollout import memory_rollout, still, windows

from replay_viewer.errors import UnknownName
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rewards import EpisodeRewardsCache, episode_series

TERMS = ("track", "torque")


def rewards_at(rollout, step, env_index, agent=None):
    return EpisodeRewardsCache(rollout).at(step, env_index, agent)


def rewarded(terms, rew=None, **facts):
    """A rollout with these reward terms (T, N, ..., K), and their sum as the reward unless `rew` says otherwise."""
    terms = np.asarray(terms, dtype=np.float32)
    values = still(*terms.shape[:2])
    values["rew_terms"] = terms
    values["rew"] = terms.sum(-1) if rew is None else np.asarray(rew, dtype=np.float32)
    return memory_rollout(values, reward_terms=facts.pop("names", TERMS), **facts)


def ramp(num_steps=6, num_envs=2):
    """Terms that count: track = step + 10 env, torque = -0.5."""
    steps, envs = np.meshgrid(np.arange(num_steps), np.arange(num_envs), indexing="ij")
    return np.stack([steps + 10.0 * envs, np.full(steps.shape, -0.5)], axis=-1)


def test_step_rewards_are_the_recorded_values():
    rewards = rewards_at(rewarded(ramp()), 3, 1)
    assert rewards.names == TERMS
    assert rewards.values.tolist() == [13.0, -0.5]
    assert rewards.total == 12.5
    assert rewards.residual == 0
    assert rewards.cumulative == pytest.approx(sum(10 + s - 0.5 for s in range(4)))
    assert rewards.cumulative_of == "reward"


def test_cumulative_starts_anew_with_each_episode():
    episodes = {0: [Episode(0, 0, 0, 2, "terminated", "recorded"), Episode(0, 1, 3, 5, "unfinished")]}
    rollout = rewarded(ramp(), episodes=episodes)
    assert rewards_at(rollout, 2, 0).cumulative == pytest.approx(0 + 1 + 2 - 1.5)
    assert rewards_at(rollout, 3, 0).cumulative == pytest.approx(2.5)


def test_residual_is_what_clipping_took():
    terms = ramp(num_envs=1)
    rollout = rewarded(terms, rew=np.maximum(terms.sum(-1), 1.0))
    assert rewards_at(rollout, 0, 0).residual == pytest.approx(1.5)
    assert rewards_at(rollout, 5, 0).residual == 0


def test_nan_term_is_shown_and_left_out_of_the_sums():
    terms = ramp(num_envs=1)
    terms[2, 0, 0] = np.nan
    rollout = rewarded(terms, rew=np.ones((6, 1)))
    rewards = rewards_at(rollout, 2, 0)
    assert np.isnan(rewards.values[0])
    assert rewards.residual == pytest.approx(1.5)
    assert rewards.cumulative == 3


def test_nan_reward_is_shown_and_left_out_of_the_return():
    rew = np.ones((6, 1))
    rew[2] = np.nan
    rollout = rewarded(ramp(num_envs=1), rew=rew)
    at_nan = rewards_at(rollout, 2, 0)
    assert at_nan.total is not None and np.isnan(at_nan.total)
    assert rewards_at(rollout, 5, 0).cumulative == 5


def test_without_a_reward_the_return_is_the_sum_of_the_terms():
    values = still(6, 1) | {"rew_terms": ramp(num_envs=1)}
    rewards = rewards_at(memory_rollout(values, reward_terms=TERMS), 2, 0)
    assert (rewards.total, rewards.residual) == (None, None)
    assert rewards.cumulative_of == "terms"
    assert rewards.cumulative == pytest.approx(0 + 1 + 2 - 1.5)


def test_without_terms_there_is_no_residual():
    values = still(6, 1) | {"rew": np.ones((6, 1))}
    rewards = rewards_at(memory_rollout(values), 2, 0)
    assert rewards.values.shape == (0,)
    assert (rewards.total, rewards.residual, rewards.cumulative) == (1, None, 3)


def test_without_any_reward_nothing_is_summed():
    rewards = rewards_at(memory_rollout(still(6, 1)), 2, 0)
    assert (rewards.total, rewards.residual, rewards.cumulative_of) == (None, None, "nothing")


def test_agents_are_chosen_or_summed():
    terms = np.zeros((4, 1, 2, 2))
    terms[:, 0, 0] = [1, 2]
    terms[:, 0, 1] = [10, 20]
    rollout = rewarded(terms)
    assert rewards_at(rollout, 1, 0, agent=0).values.tolist() == [1, 2]
    assert rewards_at(rollout, 1, 0, agent=1).total == 30
    both = rewards_at(rollout, 1, 0)
    assert both.values.tolist() == [11, 22]
    assert (both.total, both.cumulative) == (33, 66)


@pytest.mark.parametrize("agent", [2, -1])
def test_unknown_agent_is_refused(agent):
    with pytest.raises(UnknownName, match="agent"):
        rewards_at(rewarded(np.zeros((4, 1, 2, 2))), 0, 0, agent=agent)


def test_agent_of_a_rollout_without_agents_is_refused():
    with pytest.raises(UnknownName, match="agent"):
        rewards_at(rewarded(ramp()), 0, 0, agent=0)


def test_any_number_of_terms_is_kept():
    names = tuple(f"term_{k}" for k in range(300))
    rollout = rewarded(np.ones((3, 1, 300)), names=names)
    rewards = rewards_at(rollout, 1, 0)
    assert rewards.names == names
    assert rewards.values.sum() == 300


def test_batch_means_are_kept_apart():
    rollout = rewarded(ramp(), batch_means={"raw/track": np.arange(6.0)})
    rewards = rewards_at(rollout, 4, 0)
    assert rewards.batch_means == {"raw/track": 4.0}
    assert rewards.names == TERMS


def test_series_agrees_with_every_step():
    rollout = rewarded(ramp(), rew=np.maximum(ramp().sum(-1), 1.0))
    episode = rollout.episode_at(1, 0)
    series = episode_series(rollout, episode)
    assert series.total is not None and series.residual is not None
    for row, step in enumerate(series.steps):
        rewards = rewards_at(rollout, step, 1)
        assert series.terms[row].tolist() == rewards.values.tolist()
        assert (series.total[row], series.residual[row]) == (rewards.total, rewards.residual)
        assert series.cumulative[row] == rewards.cumulative


def test_float32_rewards_are_summed_in_double_precision():
    num_steps = 20_000
    values = still(num_steps, 1) | {"rew": np.full((num_steps, 1), 0.1, dtype=np.float32)}
    rewards = rewards_at(memory_rollout(values), num_steps - 1, 0)
    assert rewards.cumulative == pytest.approx(num_steps * float(np.float32(0.1)), rel=1e-12)


def test_long_episode_is_read_in_bounded_windows():
    num_steps = 20_000
    rollout = memory_rollout(still(num_steps, 1) | {"rew": np.arange(num_steps, dtype=np.float64)[:, None]})
    series = episode_series(rollout, rollout.episode_at(0, 0))
    assert series.cumulative[-1] == num_steps * (num_steps - 1) / 2
    assert max(steps for _, steps in windows(rollout)) <= 4096


def test_cache_reads_an_episode_once():
    rollout = rewarded(ramp())
    cache = EpisodeRewardsCache(rollout)
    for step in range(6):
        expected = rewards_at(rollout, step, 1)
        reads = len(windows(rollout))
        rewards = cache.at(step, 1)
        assert step == 0 or len(windows(rollout)) == reads
        assert rewards.values.tolist() == expected.values.tolist()
        assert rewards.cumulative == expected.cumulative


def test_cache_forgets_the_episode_used_longest_ago():
    rollout = rewarded(ramp(num_envs=3))
    one = EpisodeRewardsCache(rollout)
    size = one.series(0, 0).num_bytes
    cache = EpisodeRewardsCache(rollout, max_bytes=2 * size)
    for env in (0, 1, 0, 2):
        cache.at(0, env)
    reads = len(windows(rollout))
    cache.at(0, 0)
    assert len(windows(rollout)) == reads
    cache.at(0, 1)
    assert len(windows(rollout)) > reads


def test_cache_keeps_an_episode_larger_than_its_bound():
    rollout = rewarded(ramp())
    cache = EpisodeRewardsCache(rollout, max_bytes=1)
    cache.at(0, 0)
    reads = len(windows(rollout))
    cache.at(1, 0)
    assert len(windows(rollout)) == reads
