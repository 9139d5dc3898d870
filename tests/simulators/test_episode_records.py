"""Records of episodes in real simulators: what is written at once is what the recording says afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs_simulator import simulator

from replay_viewer import EpisodeRecorderTermCfg, attach, load_episodes, load_rollout, record_episodes
from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.episodes.derive import records_of
from replay_viewer.episodes.record_files import from_here, read_records


def both(recorder: Any) -> list[tuple[EpisodeRecord, EpisodeRecord]]:
    """The records of all that has ended, as they were written, and as the recording has them."""
    live, problem = read_records(recorder.episodes_path)
    assert problem == ""
    rollout = load_rollout(recorder.path)
    later = {record.key: record for record in records_of(rollout)}
    rollout.close()
    found = [replace(one, timestamp=None) for one in from_here(live, recorder.episodes_path)]
    assert len(found) == len(later)
    return [(one, later[one.key]) for one in found if one.outcome != "unfinished"]


def test_gymnasium_says_the_same_at_once_and_afterwards(tmp_path: Path) -> None:
    env = simulator("gymnasium").make("Hopper-v5", max_episode_steps=40)
    env.action_space.seed(0)
    term = EpisodeRecorderTermCfg(func=lambda env, ids: [float(env.data.qpos[1])] * len(ids))
    heights: list[float] = []
    with attach(env, tmp_path / "run.rec", episode_terms={"height": term}) as recorder:
        env.reset(seed=3)
        for _ in range(300):
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            if terminated or truncated:
                heights.append(float(env.unwrapped.data.qpos[1]))
                env.reset()
    found = both(recorder)
    assert all(one == other for one, other in found)
    assert [one.more["height"] for one, _ in found] == heights
    assert {one.outcome for one, _ in found} == {"terminated", "truncated"}


def test_a_vector_of_gymnasium_envs_says_the_same(tmp_path: Path) -> None:
    env = simulator("gymnasium").make_vec("Hopper-v5", num_envs=3, vectorization_mode="sync")
    env.action_space.seed(0)
    with attach(env, tmp_path / "run.rec", env_ids="all", episode_terms={}) as recorder:
        env.reset(seed=3)
        for _ in range(150):
            env.step(env.action_space.sample())
    found = both(recorder)
    assert len(found) > 5
    assert all(one == other for one, other in found)


def test_mjlab_says_the_same_and_terms_see_the_robot_before_its_reset(go1: Any, tmp_path: Path) -> None:
    env = go1

    def height(env: Any, env_ids: np.ndarray) -> Any:
        # Not the link's pose, which mjlab derives from it before the last physics step.
        return env.sim.data.qpos[env_ids, 2]

    with attach(env, tmp_path / "run.rec", env_ids="all", episode_terms={"height": height}) as recorder:
        env.reset()
        for step in range(55):
            generator = simulator("torch").Generator().manual_seed(step)
            shape = (env.num_envs, env.action_manager.total_action_dim)
            env.step(3.0 * simulator("torch").randn(shape, generator=generator))
    found = both(recorder)
    assert found
    assert all(one == other for one, other in found)
    rollout = load_rollout(recorder.path)
    for one, _ in found:
        envs = [rollout.env_index(one.env_id)]
        last = one.last_step or 0
        shown = rollout.read_shown("robot.base_pos", slice(last, last + 1), envs)[0, 0, 2]
        assert one.more["height"] == pytest.approx(float(shown), abs=1e-5)
    rollout.close()


def test_gymnasiums_own_statistics_are_what_records_say(tmp_path: Path) -> None:
    gymnasium = simulator("gymnasium")
    env = gymnasium.wrappers.RecordEpisodeStatistics(gymnasium.make("Hopper-v5", max_episode_steps=40))
    env.action_space.seed(0)
    statistics: list[tuple[float, int]] = []
    with record_episodes(env, tmp_path, seed=2**70) as recording:
        env.reset(seed=3)
        for _ in range(300):
            *_, terminated, truncated, info = env.step(env.action_space.sample())
            if terminated or truncated:
                statistics.append((float(info["episode"]["r"]), int(info["episode"]["l"])))
                env.reset()
    found = [record for record in load_episodes(recording.path) if record.outcome != "unfinished"]
    assert len(found) == len(statistics) > 5
    for record, (total, length) in zip(found, statistics, strict=True):
        assert record.total_reward == pytest.approx(total, rel=1e-5)
        assert (record.episode_length, record.seed) == (length, 2**70)


def test_mjlabs_own_sums_of_reward_terms_are_what_records_say(go1: Any, tmp_path: Path) -> None:
    """Its log has means over the envs that a step has reset, by the seconds of the longest episode."""
    env, torch, logged = go1, simulator("torch"), []
    with record_episodes(env, tmp_path) as recording:
        env.reset()
        for step in range(55):
            generator = torch.Generator().manual_seed(step)
            shape = (env.num_envs, env.action_manager.total_action_dim)
            *_, extras = env.step(3.0 * torch.randn(shape, generator=generator))
            if env.reset_buf.any():
                logged.append((int(env.reset_buf.sum()), dict(extras["log"])))
    found = iter(record for record in load_episodes(recording.path) if record.outcome in ("terminated", "truncated"))
    assert len(logged) > 1
    for count, log in logged:
        ended = [next(found) for _ in range(count)]
        for name in ended[0].rewards:
            mean = np.mean([float(record.rewards[name] or 0.0) for record in ended]) / env.max_episode_length_s
            assert mean == pytest.approx(float(log[f"Episode_Reward/{name}"]), rel=1e-4, abs=1e-6)
    assert next(found, None) is None
