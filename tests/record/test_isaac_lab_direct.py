"""What the hook records of a task of Isaac Lab's direct workflow is compared with what its simulator knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from isaac_lab_direct_sim import NUM_OBSERVATIONS, SCALES, IsaacLabDirectSim
from isaac_lab_sim import FEET, RayCaster, check_last_observations
from legged_fake import DOF_NAMES
from legged_gym_sim import GymWrapper

from replay_viewer import attach

ENVS = [1, 3, 4]
IN_WORLD = ("robot.base_pos", "robot.base_wxyz", "robot.joint_pos", "box.base_pos", "command", "robot.contact_force")


@pytest.fixture(params=["numpy", "torch"])
def env(request: pytest.FixtureRequest) -> IsaacLabDirectSim:
    if request.param == "torch":
        pytest.importorskip("torch")
    return IsaacLabDirectSim(library=request.param)


def recorded(env: IsaacLabDirectSim, tmp_path: Path, num_steps: int = 200, **options: Any) -> Columns:
    rng = np.random.default_rng(1)
    with attach(env, tmp_path / "run.rec", **{"env_ids": ENVS, **options}) as recorder:
        env.reset()
        for _ in range(num_steps):
            env.step(env.np.array(rng.uniform(-2, 2, (env.num_envs, len(DOF_NAMES))).astype(np.float32)))
    return Columns(recorder.path)


@pytest.mark.parametrize("env_ids", [ENVS, [2, 3, 4], "all"])
def test_records_are_what_steps_returned(env: IsaacLabDirectSim, env_ids: object, tmp_path: Path) -> None:
    columns = recorded(env, tmp_path, env_ids=env_ids, observations=True)
    envs = list(range(6)) if env_ids == "all" else list(env_ids)  # type: ignore[call-overload]
    expected = {name: np.stack([step.shown[name][envs] for step in env.truth]) for name in env.truth[0].shown}
    expected["act"] = np.stack([step.act[envs] for step in env.truth])
    expected["rew"] = np.stack([step.rew[envs] for step in env.truth])
    assert sorted(columns.names) == sorted([*expected, "rew_terms", "flags"])
    for name, values in expected.items():
        shape = columns[name].shape
        np.testing.assert_array_equal(columns[name], values.reshape(shape), err_msg=name)


def test_terms_are_what_entered_the_reward(env: IsaacLabDirectSim, tmp_path: Path) -> None:
    columns = recorded(env, tmp_path)
    assert columns.meta["reward_terms"] == list(SCALES)
    for name in SCALES:
        expected = [step.terms[name][ENVS] for step in env.truth]
        # A fall costs 4, and the sums are of single precision.
        np.testing.assert_allclose(columns.term(name), expected, rtol=0, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(columns["rew_terms"].sum(-1), columns["rew"], rtol=0, atol=1e-6)
    assert (columns.term("death") < -1).any()


def test_episodes_end_in_the_state_before_the_reset_and_say_how(env: IsaacLabDirectSim, tmp_path: Path) -> None:
    columns = recorded(env, tmp_path, num_steps=300)
    over = [step.reset | step.time_out for step in env.truth]
    resets = [(step, slot) for step in range(300) for slot in range(3) if over[step][ENVS[slot]]]
    assert sorted((end["step"], end["env_index"]) for end in columns.ends) == resets
    assert {end["outcome"] for end in columns.ends} == {1, 2}
    for end in columns.ends:
        step, env_id = env.truth[end["step"]], ENVS[end["env_index"]]
        assert end["outcome"] == (1 if step.reset[env_id] else 2)
        assert end["length"] == step.length[env_id]
        for name in IN_WORLD:
            np.testing.assert_array_equal(columns.last_state(end, name), step.real[name][env_id], err_msg=name)


def test_final_observations_are_those_before_the_reset(env: IsaacLabDirectSim, tmp_path: Path) -> None:
    env.cfg.compute_final_obs = True
    columns = recorded(env, tmp_path, num_steps=300, observations=True)
    check_last_observations(columns, env, ENVS)


def test_an_end_in_the_very_first_step_is_kept_with_observations_too(env: IsaacLabDirectSim, tmp_path: Path) -> None:
    env._motion.fall_time[:] = -1.0
    env.reset = lambda: None  # type: ignore[method-assign, assignment]
    columns = recorded(env, tmp_path, num_steps=1, observations=True)
    assert [(end["outcome"], end["step"], end["length"]) for end in columns.ends] == [(1, 0, 1)] * 3
    np.testing.assert_array_equal(columns["obs"][0], env.truth[0].shown["obs"][ENVS])
    assert columns["obs"].shape[-1] == NUM_OBSERVATIONS


def test_the_recording_says_what_the_environment_knows(env: IsaacLabDirectSim, tmp_path: Path) -> None:
    meta = recorded(env, tmp_path, num_steps=2).meta
    assert (meta["control_dt"], meta["decimation"], meta["physics_dt"], meta["seed"]) == (0.02, 4, 0.005, 11)
    assert meta["env_origins"] == [[2.5 * env_id + 0.5, 0.5, 0.5] for env_id in ENVS]
    robot, box = meta["entities"]
    assert (robot["joint_names"], robot["contact_bodies"]) == (list(DOF_NAMES), list(FEET))
    assert (box["name"], box["kind"]) == ("box", "object")


def test_the_terrain_is_the_tasks(tmp_path: Path) -> None:
    columns = recorded(IsaacLabDirectSim(terrain_type="generator"), tmp_path, num_steps=2)
    assert columns.meta["terrain"] == "assets/terrain.npz"
    mesh = np.load(tmp_path / "run.rec" / "assets" / "terrain.npz")
    np.testing.assert_array_equal(mesh["vertices"], RayCaster.VERTICES)


def test_a_task_that_keeps_no_terms_takes_them_by_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    env = IsaacLabDirectSim()
    env._get_rewards = lambda: env.np.zeros(env.num_envs) + 0.5  # type: ignore[method-assign]
    del env._episode_sums
    env._reset_idx = lambda env_ids: None  # type: ignore[method-assign]
    with attach(env, tmp_path / "run.rec", env_ids=ENVS) as recorder:
        for step in range(3):
            env.step(env.np.zeros(6, len(DOF_NAMES)))
            recorder.log_terms({"half": np.full(6, 0.5 + step)})
    columns = Columns(recorder.path)
    assert "no reward terms: the task keeps none. Bring them with log_terms()." in caplog.text
    np.testing.assert_array_equal(columns.term("half"), [[0.5] * 3, [1.5] * 3, [2.5] * 3])


@pytest.mark.parametrize("space", [{"shape": (64, 64, 3)}, {}])
def test_observations_that_are_no_vector_are_left_out_and_said(
    space: dict, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = IsaacLabDirectSim()
    env.single_observation_space["policy"].__dict__.pop("shape")
    env.single_observation_space["policy"].__dict__.update(space)
    assert "obs" not in recorded(env, tmp_path, num_steps=2, observations=True).names
    assert "no observations: they are images, or of several parts." in caplog.text


def test_wrapped_environments_are_unwrapped_and_left_as_they_were(tmp_path: Path) -> None:
    env = IsaacLabDirectSim()
    before = dict(vars(env))
    recorder = attach(GymWrapper(GymWrapper(env)), tmp_path / "run.rec")
    assert set(vars(env)) - set(before) == {"step", "_reset_idx", "_get_rewards"}
    recorder.close()
    assert {name for name, value in vars(env).items() if value is not before.get(name)} == set()
