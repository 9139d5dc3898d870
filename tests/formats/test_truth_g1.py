"""A real recording: a Unitree G1 that walks, whose order of quaternions, episode ends and rewards are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from npz_samples import saved, verdict_on

from replay_viewer import rotations
from replay_viewer.formats import load_rollout
from replay_viewer.robot import Robot, load_robot, map_joints
from replay_viewer.rollout.rollout import Rollout

TERMS = ("tracking_lin_vel", "tracking_ang_vel", "orientation", "torques", "action_rate", "base_height", "termination")


@pytest.fixture(scope="module")
def rollout(g1_walk: Path) -> Iterator[Rollout]:
    opened = load_rollout(g1_walk)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def arrays(g1_walk: Path) -> dict[str, Any]:
    """The file as numpy reads it, without its pickle."""
    with np.load(g1_walk) as file:
        return {key: file[key] for key in file.files if key != "info"}


@pytest.fixture(scope="module")
def robot(robots_dir: Path) -> Robot:
    return load_robot(robots_dir / "g1_description/urdf/g1_29dof_rev_1_0.urdf")


def _all_joints(robot: Robot, names: Any, joint_pos: np.ndarray) -> np.ndarray:
    """Joint positions of the whole robot; what is not recorded, the arms, stays at zero."""
    mapping = map_joints(robot, names)
    columns = np.asarray(mapping.columns)
    full = np.zeros((*joint_pos.shape[:-1], robot.num_joints), dtype=np.float32)
    full[..., columns >= 0] = joint_pos[..., columns[columns >= 0]]
    return full


def test_the_file_is_what_its_description_says(rollout: Rollout) -> None:
    assert (rollout.num_steps, rollout.num_envs, rollout.control_dt) == (1000, 4, 0.02)
    assert len(rollout.entities["robot"].joint_names) == 12
    assert rollout.reward_terms == TERMS
    assert set(rollout.fields) == {
        *("robot.base_pos", "robot.base_wxyz", "robot.joint_pos", "obs", "act", "rew", "rew_terms", "flags")
    }


def test_no_problem_is_seen_in_a_file_that_has_none(rollout: Rollout) -> None:
    assert [verdict for verdict in rollout.verdicts if verdict.status == "problem"] == []


def test_the_quaternions_are_found_to_be_xyzw(rollout: Rollout, arrays: dict[str, Any]) -> None:
    verdict = verdict_on(rollout, "quaternion order")
    assert (verdict.finding, verdict.status) == ("xyzw", "found")
    np.testing.assert_allclose(rollout.read("robot.base_wxyz")[..., 1:], arrays["base_quat"][..., :3], atol=2e-7)


def test_forward_kinematics_agree(g1_walk: Path, robot: Robot) -> None:
    verdict = verdict_on(load_rollout(g1_walk, robot=robot), "quaternion order")
    assert (verdict.finding, verdict.status) == ("xyzw", "found")
    assert "height of the lowest point varies by 0.003 m as xyzw" in verdict.reason


def test_the_feet_stand_on_the_ground(rollout: Rollout, robot: Robot) -> None:
    """The whole chain of order, joint names and kinematics: a walking robot's lowest point is at the ground."""
    steps, envs = slice(0, 600, 10), range(4)
    names = rollout.entities["robot"].joint_names
    joints = _all_joints(robot, names, rollout.read("robot.joint_pos", steps, envs))
    pose = rollout.read("robot.base_pos", steps, envs), rollout.read("robot.base_wxyz", steps, envs)
    heights = robot.lowest_point(joints, *pose)
    assert np.abs(heights).max() < 0.02


def _of_env(arrays: dict[str, Any], env: int) -> dict[str, Any]:
    return {key: arrays[key][:, env : env + 1] for key in ("base_pos", "base_quat", "dof_pos")}


@pytest.mark.parametrize(("env", "status"), [(0, "found"), (1, "found"), (2, "assumed"), (3, "found")])
def test_each_env_alone_is_read_as_xyzw(arrays: dict[str, Any], tmp_path: Path, env: int, status: str) -> None:
    """Env 2 walks sideways along one heading, where both orders look upright."""
    verdict = verdict_on(load_rollout(saved(tmp_path, _of_env(arrays, env))), "quaternion order")
    assert (verdict.finding, verdict.status) == ("xyzw", status)


@pytest.mark.parametrize("env", range(4))
def test_each_env_alone_stored_as_wxyz_is_found(arrays: dict[str, Any], tmp_path: Path, env: int) -> None:
    of_env = _of_env(arrays, env)
    of_env["base_quat"] = rotations.xyzw_to_wxyz(of_env["base_quat"])
    verdict = verdict_on(load_rollout(saved(tmp_path, of_env)), "quaternion order")
    assert (verdict.finding, verdict.status) == ("wxyz", "found")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("order", "to_order"), [("xyzw", rotations.wxyz_to_xyzw), ("wxyz", np.asarray)], ids=["xyzw", "wxyz"]
)
def test_the_order_is_found_from_any_heading(
    arrays: dict[str, Any], tmp_path: Path, seed: int, order: str, to_order: Callable[[np.ndarray], np.ndarray]
) -> None:
    """The same walk, each env turned about the vertical by an angle of its own."""
    yaw = np.random.default_rng(seed).uniform(-np.pi, np.pi, 4)
    turn = rotations.from_rpy(np.zeros(4), np.zeros(4), yaw)
    wxyz = rotations.multiply(turn, rotations.xyzw_to_wxyz(arrays["base_quat"].astype(float)))
    pos = rotations.rotate(np.broadcast_to(turn, wxyz.shape), arrays["base_pos"].astype(float))
    verdict = verdict_on(
        load_rollout(saved(tmp_path, {"base_pos": pos, "base_quat": to_order(wxyz)})), "quaternion order"
    )
    assert (verdict.finding, verdict.status) == (order, "found")


def test_env_3_falls_at_step_619_and_starts_again(rollout: Rollout, arrays: dict[str, Any]) -> None:
    first, second = rollout.episodes(3)
    assert (first.first_step, first.last_step, first.outcome, first.terminal_state) == (
        0,
        619,
        "terminated",
        "recorded",
    )
    assert (second.first_step, second.last_step, second.outcome) == (620, 999, "unfinished")
    assert verdict_on(rollout, "terminal state").status == "found"
    shown = rollout.read_shown("robot.base_pos", slice(619, 621), [3])[:, 0]
    np.testing.assert_array_equal(shown, arrays["base_pos"][619:621, 3])
    assert shown[0, 2] < 0.4 < 0.7 < shown[1, 2]


@pytest.mark.parametrize("env", range(3))
def test_the_other_envs_walk_to_the_end(rollout: Rollout, env: int) -> None:
    (episode,) = rollout.episodes(env)
    assert (episode.first_step, episode.last_step, episode.outcome) == (0, 999, "unfinished")


def test_the_ends_are_found_without_flags_too(arrays: dict[str, Any], tmp_path: Path) -> None:
    poses = {key: arrays[key] for key in ("base_pos", "base_quat")}
    rollout = load_rollout(saved(tmp_path, poses))
    assert [[e.last_step for e in rollout.episodes(env)] for env in range(4)] == [[999], [999], [999], [619, 999]]


def test_the_terms_sum_to_the_reward(rollout: Rollout) -> None:
    total = rollout.read("rew_terms").astype(float).sum(axis=-1)
    assert np.abs(total - rollout.read("rew")).max() < 1e-6
    assert verdict_on(rollout, "sum of the terms").finding == "equals the reward"


def test_the_fall_costs_env_3_its_termination_term(rollout: Rollout) -> None:
    termination = rollout.read("rew_terms")[..., TERMS.index("termination")]
    assert np.argwhere(termination).tolist() == [[619, 3]]
