"""What is wrong with recorded values is said once, with its place, and something that can be drawn stands in for it."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from npz_samples import loaded, standing, verdict_on, verdicts_on

T, N = 40, 3


def test_a_position_that_is_no_number_shows_the_last_good_one(tmp_path: Path) -> None:
    arrays = standing(T, N)
    arrays["base_pos"][..., 0] += np.arange(T)[:, None] / 1000
    clean = arrays["base_pos"].copy()
    arrays["base_pos"][10:13, 1, 2] = np.nan
    arrays["base_pos"][20, 2, 0] = np.inf
    rollout = loaded(tmp_path, {**arrays, "env_ids": np.array([4, 5, 6])})
    verdict = verdict_on(rollout, "base_pos")
    assert (verdict.status, verdict.finding) == ("problem", "not a number in 4 of 120 values")
    assert verdict.reason == "first at step 10; envs 5, 6; the last good value is shown"
    read = rollout.read("robot.base_pos")
    assert np.isfinite(read).all()
    np.testing.assert_array_equal(read[10:13, 1], np.tile(clean[9, 1], (3, 1)))
    np.testing.assert_array_equal(read[13:, 1], clean[13:, 1])
    np.testing.assert_array_equal(rollout.read("robot.base_pos", slice(11, 12), [2, 1])[0, 1], clean[9, 1])


def test_before_the_first_good_value_the_first_good_one_is_shown(tmp_path: Path) -> None:
    arrays = standing(T, N)
    arrays["base_pos"][:5, 0] = np.nan
    read = loaded(tmp_path, arrays).read("robot.base_pos")
    np.testing.assert_array_equal(read[0, 0], arrays["base_pos"][5, 0])


def test_an_env_without_any_good_value_stands_at_zero(tmp_path: Path) -> None:
    arrays = standing(T, N)
    arrays["base_pos"][:, 1] = np.nan
    arrays["base_quat"][:, 1] = 0
    rollout = loaded(tmp_path, arrays)
    assert rollout.read("robot.base_pos")[:, 1].tolist() == [[0, 0, 0]] * T
    assert rollout.read("robot.base_wxyz")[:, 1].tolist() == [[1, 0, 0, 0]] * T


def test_zero_quaternions_are_said_and_the_last_good_one_is_shown(tmp_path: Path) -> None:
    arrays = standing(T, N)
    arrays["base_quat"][30:, 2] = 0
    rollout = loaded(tmp_path, arrays)
    verdict = verdict_on(rollout, "base_quat")
    assert verdict.finding == "a quaternion of length zero in 10 of 120 values"
    assert verdict.reason == "first at step 30; env 2; the last good value is shown"
    np.testing.assert_array_equal(rollout.read("robot.base_wxyz")[-1, 2], [1, 0, 0, 0])


def test_zero_quaternions_and_those_that_are_no_numbers_are_told_apart(tmp_path: Path) -> None:
    arrays = standing(T, N)
    arrays["base_quat"][5, 0] = 0
    arrays["base_quat"][6, 0, 1] = np.nan
    findings = [verdict.finding for verdict in verdicts_on(loaded(tmp_path, arrays), "base_quat")]
    assert findings == ["not a number in 1 of 120 values", "a quaternion of length zero in 1 of 120 values"]


def test_quaternions_of_another_length_are_scaled_and_said(tmp_path: Path) -> None:
    arrays = standing(T, N)
    arrays["base_quat"][::2] *= 3
    rollout = loaded(tmp_path, arrays)
    verdict = verdict_on(rollout, "base_quat")
    assert verdict.finding == "not of unit length in 60 of 120 values"
    assert verdict.reason == "lengths lie between 1 and 3; they are scaled to 1"
    np.testing.assert_allclose(np.linalg.norm(rollout.read("robot.base_wxyz"), axis=-1), 1, atol=1e-6)


def test_rounding_of_a_quaternion_is_no_problem(tmp_path: Path) -> None:
    arrays = standing(T, N)
    arrays["base_quat"] = (arrays["base_quat"] * 1.001).astype(np.float32)
    assert verdicts_on(loaded(tmp_path, arrays), "base_quat") == []


@pytest.mark.parametrize("key", ["rew", "obs", "act", "reward_terms/x", "heights"])
def test_other_signals_keep_their_nans_and_each_is_said_once(tmp_path: Path, key: str) -> None:
    values = np.zeros((T, N), dtype=np.float32) if key.startswith("rew") else np.zeros((T, N, 2), dtype=np.float32)
    values[7, 1] = np.nan
    rollout = loaded(tmp_path, {**standing(T, N), "rew": np.zeros((T, N), np.float32), key: values})
    topic = "reward term 'x'" if key == "reward_terms/x" else key
    verdict = verdict_on(rollout, topic)
    assert (verdict.finding, verdict.reason) == (
        "not a number in 1 of 120 values",
        "first at step 7; env 1; shown as it is",
    )
    field = "rew_terms" if key == "reward_terms/x" else key
    assert np.isnan(rollout.read(field)[7, 1]).all()


def test_joint_positions_that_are_no_numbers_are_filled(tmp_path: Path) -> None:
    joints = np.arange(T * N * 2, dtype=np.float32).reshape(T, N, 2) / 1000
    damaged = joints.copy()
    damaged[8, 0, 1] = np.nan
    rollout = loaded(tmp_path, {**standing(T, N), "dof_pos": damaged})
    assert verdict_on(rollout, "dof_pos").reason.startswith("first at step 8; env 0")
    np.testing.assert_array_equal(rollout.read("robot.joint_pos")[8, 0], joints[7, 0])


def test_a_joint_that_is_never_recorded_does_not_freeze_the_others(tmp_path: Path) -> None:
    joints = np.arange(T * N * 2, dtype=np.float32).reshape(T, N, 2) / 1000
    joints[..., 1] = np.nan
    read = loaded(tmp_path, {**standing(T, N), "dof_pos": joints}).read("robot.joint_pos")
    np.testing.assert_array_equal(read[..., 0], joints[..., 0])
    assert (read[..., 1] == 0).all()


def test_joint_positions_in_degrees_are_suspected(tmp_path: Path) -> None:
    radians = np.random.default_rng(0).uniform(-1, 1, (T, N, 4))
    degrees = loaded(tmp_path, {**standing(T, N), "dof_pos": np.degrees(radians)})
    (verdict,) = [v for v in verdicts_on(degrees, "dof_pos") if v.status == "problem"]
    assert "look like degrees" in verdict.finding
    assert verdicts_on(loaded(tmp_path, {**standing(T, N), "dof_pos": radians}), "dof_pos") == []


def test_a_wheel_that_turns_far_is_not_taken_for_degrees(tmp_path: Path) -> None:
    joints = np.zeros((T, N, 4))
    joints[..., 3] = np.arange(T)[:, None] * 10
    assert verdicts_on(loaded(tmp_path, {**standing(T, N), "dof_pos": joints}), "dof_pos") == []


def test_doubts_of_agents_name_the_robot(tmp_path: Path) -> None:
    arrays = {key: np.stack([value] * 2, axis=2) for key, value in standing(T, N).items()}
    arrays["base_pos"][3, 0, 1] = np.nan
    assert verdict_on(loaded(tmp_path, arrays), "robot_1 base_pos").finding == "not a number in 1 of 120 values"


@pytest.mark.parametrize("value", [1e308, -1e200, np.inf, np.nan, 5e-324])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_numpy_warns_of_no_number_in_a_file(tmp_path: Path, value: float, dtype: type) -> None:
    filled = standing(T, N)
    with np.errstate(all="ignore"):
        huge = {key: np.full(array.shape, value).astype(dtype) for key, array in filled.items()}
        per_step = np.full((T, N), value).astype(dtype)
    signals = {key: huge["base_pos"] for key in ("obs", "command", "base_lin_vel", "base_ang_vel", "dof_pos")}
    rows = {"rew": per_step, "done": per_step, "reward_terms/a": per_step, "timestamps": per_step[:, 0]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded(tmp_path, {**filled, **signals, **rows}).close()
        loaded(tmp_path, {**huge, **signals, **rows}).close()
