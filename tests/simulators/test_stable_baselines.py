"""Claims about stable-baselines3: its vectors are recorded, with the task's own reward and what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from needs_simulator import simulator

from replay_viewer import RolloutRecorder, attach, load_rollout
from replay_viewer.errors import BadArgument

gymnasium, vec_env = simulator("gymnasium"), simulator("stable_baselines3.common.vec_env")


def hopper() -> Any:
    return simulator("stable_baselines3.common.monitor").Monitor(gymnasium.make("Hopper-v5", max_episode_steps=15))


def run(vector: Any, num_steps: int) -> np.ndarray:
    """The rewards that the loop saw, (T, N)."""
    vector.action_space.seed(0)
    vector.reset()
    return np.array(
        [vector.step([vector.action_space.sample() for _ in range(vector.num_envs)])[1] for _ in range(num_steps)]
    )


@pytest.mark.parametrize("around", [lambda v: v, vec_env.VecMonitor])
def test_a_vector_has_terms_and_a_normalised_one_both_rewards(around: Any, tmp_path: Path) -> None:
    vector = vec_env.VecNormalize(around(vec_env.DummyVecEnv([hopper, hopper])))
    with attach(vector, tmp_path / "run.rec", env_ids="all", observations=True) as recorder:
        normalised = run(vector, 40)
    columns = Columns(recorder.path)
    assert columns.meta["reward_terms"] == ["reward_forward", "reward_ctrl", "reward_survive"]
    np.testing.assert_allclose(columns["wrapped_reward"], normalised, rtol=1e-6)
    np.testing.assert_allclose(columns["rew_terms"].sum(-1), columns["rew"], rtol=1e-5)
    assert not np.allclose(columns["rew"], normalised)
    assert "the wrappers (VecNormalize) made of it" in columns.meta["metadata"]["rewards"]
    assert len(columns.ends) >= 4
    for end in columns.ends:
        assert np.isfinite(columns.last_state(end, "robot.joint_pos")).all()
    # A return is that of the task's own rewards.
    first = columns.ends[0]
    assert first["ret"] == pytest.approx(columns["rew"][: first["length"], first["env_index"]].sum(), rel=1e-5)


def test_a_vector_that_normalises_nothing_has_one_reward(tmp_path: Path) -> None:
    vector = vec_env.DummyVecEnv([hopper])
    with attach(vector, tmp_path / "run.rec") as recorder:
        rewards = run(vector, 10)
    columns = Columns(recorder.path)
    assert "wrapped_reward" not in columns.names
    np.testing.assert_allclose(columns["rew"], rewards, rtol=1e-6)


@pytest.mark.parametrize("around", [lambda v: v, vec_env.VecNormalize])
def test_a_vector_in_other_processes_is_refused_with_the_way_out(around: Any, tmp_path: Path) -> None:
    vector = around(vec_env.SubprocVecEnv([hopper], start_method="fork"))
    try:
        with pytest.raises(BadArgument, match=r"SubprocVecEnv: simulates in other processes.*Use DummyVecEnv"):
            attach(vector, tmp_path / "run.rec")
    finally:
        vector.close()
    assert list(tmp_path.iterdir()) == []


def test_a_learner_s_own_loop_is_recorded(tmp_path: Path) -> None:
    vector = vec_env.DummyVecEnv([hopper, hopper])
    model = simulator("stable_baselines3").PPO("MlpPolicy", vector, n_steps=16, batch_size=8, seed=3)
    with attach(model.get_env(), tmp_path / "run.rec", env_ids="all") as recorder:
        model.learn(64)
    rollout = load_rollout(recorder.path)
    assert (rollout.num_steps, rollout.num_envs) == (32, 2)
    assert rollout.metadata["seed"] is not None
    rollout.close()


@pytest.mark.parametrize("format", ["npz", "rec"])
def test_a_policy_of_stable_baselines_is_run(format: str, tmp_path: Path) -> None:
    vector = vec_env.VecNormalize(vec_env.DummyVecEnv([hopper, hopper, hopper]))
    model = simulator("stable_baselines3").PPO("MlpPolicy", vector, n_steps=16, batch_size=8)
    rollout = load_rollout(RolloutRecorder(vector, 20, format=format).run(model, tmp_path))
    assert (rollout.num_steps, rollout.num_envs) == (20, 3)
    assert rollout.reward_terms == ("reward_forward", "reward_ctrl", "reward_survive")
    terms = rollout.read("rew_terms")
    np.testing.assert_allclose(terms.sum(-1), rollout.read("rew"), rtol=1e-5)
    assert "wrapped_reward" in rollout.fields
    rollout.close()
