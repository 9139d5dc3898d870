"""Records of episodes in real simulators: what is written at once is what the recording says afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs_simulator import simulator

from replay_viewer import EpisodeRecorderTermCfg, attach, load_rollout
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
