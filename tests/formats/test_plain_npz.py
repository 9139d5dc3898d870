"""Plain npz files in all the forms that people write: what is read, what is missing and what is wrong."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from npz_samples import loaded, object_array, saved, standing, verdict_on, verdicts_on

from replay_viewer.errors import BadArgument, BadField
from replay_viewer.formats import LoadOptions, load_rollout

T, N, D = 20, 3, 4


def _full() -> dict[str, Any]:
    """Every key of the format, with numbers that are easy to tell apart."""
    grid = np.arange(T * N, dtype=np.float32).reshape(T, N)
    return {
        **standing(T, N),
        "dof_pos": grid[..., None] / 100 + np.arange(D, dtype=np.float32) / 10,
        "dof_vel": grid[..., None] + np.arange(D, dtype=np.float32),
        "torques": -grid[..., None] + np.arange(D, dtype=np.float32),
        "dof_names": np.array(["a", "b", "c", "d"]),
        "dt": 0.01,
        "obs": np.repeat(grid[..., None], 5, axis=-1),
        "act": np.repeat(grid[..., None], D, axis=-1),
        "commands": np.repeat(grid[..., None], 3, axis=-1),
        "rew": grid / 2 + grid / 2,
        "reward_terms/x": grid / 2,
        "reward_terms/y": grid / 2,
        "base_lin_vel": np.zeros((T, N, 3), np.float32),
        "base_ang_vel": np.zeros((T, N, 3), np.float32),
        "env_ids": np.array([7, 5, 9]),
        "env_origins": np.zeros((N, 3)),
        "foot_heights": np.repeat(grid[..., None], 2, axis=-1),
    }


def test_every_key_is_read_under_its_field(tmp_path: Path) -> None:
    arrays = _full()
    rollout = loaded(tmp_path, arrays)
    fields = {
        **{f"robot.{key}": key for key in ("base_pos", "base_lin_vel", "base_ang_vel")},
        **{"robot.joint_pos": "dof_pos", "robot.joint_vel": "dof_vel", "robot.joint_torque": "torques"},
        **{"obs": "obs", "act": "act", "command": "commands", "rew": "rew", "foot_heights": "foot_heights"},
    }
    for field, key in fields.items():
        read = rollout.read(field)
        np.testing.assert_array_equal(read, arrays[key], err_msg=field)
        assert read.dtype == np.float32
    assert set(rollout.fields) == {*fields, "robot.base_wxyz", "rew_terms", "flags"}
    assert rollout.read("rew_terms")[..., 1].tolist() == arrays["reward_terms/y"].tolist()
    assert rollout.reward_terms == ("x", "y")


def test_the_facts_of_the_file_are_read(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, _full())
    assert (rollout.num_steps, rollout.num_envs, rollout.control_dt) == (T, N, 0.01)
    assert rollout.env_ids == (7, 5, 9)
    assert rollout.env_index(9) == 2
    assert rollout.env_origins is not None and rollout.env_origins.shape == (N, 3)
    assert rollout.entities["robot"].joint_names == ("a", "b", "c", "d")
    assert (rollout.name, rollout.path) == ("rollout", tmp_path / "rollout.npz")
    assert rollout.entities["robot"].joints_named
    assert (rollout.fields["robot.joint_pos"].unit, rollout.fields["robot.base_pos"].unit) == ("rad or m", "m")


def test_nothing_is_doubted_in_a_file_that_says_everything(tmp_path: Path) -> None:
    flags = {key: np.zeros((T, N), dtype=bool) for key in ("done", "time_outs")}
    arrays = {**_full(), **flags, "info": object_array([{}] * T)}
    rollout = loaded(tmp_path, arrays, options=LoadOptions(quat_order="xyzw"))
    assert {verdict.status for verdict in rollout.verdicts} == {"stated", "found"}


def test_base_poses_alone_can_be_shown_and_the_rest_is_said_to_be_missing(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, standing(T, N))
    assert set(rollout.fields) == {"robot.base_pos", "robot.base_wxyz", "flags"}
    assert rollout.entities["robot"].joint_names == ()
    np.testing.assert_array_equal(rollout.read("robot.base_wxyz")[0, 0], [1, 0, 0, 0])
    assert verdict_on(rollout, "joint angles").finding == "not recorded"
    assert verdict_on(rollout, "arrays").finding == "not recorded: obs, act, rew, info"
    assert verdict_on(rollout, "reward terms").finding == "not recorded"
    assert (rollout.control_dt, verdict_on(rollout, "control_dt").status) == (0.02, "assumed")


def test_arrays_without_an_env_axis_are_one_env(tmp_path: Path) -> None:
    arrays = {key: value[:, 0] if np.ndim(value) > 1 and len(value) == T else value for key, value in _full().items()}
    del arrays["env_ids"], arrays["env_origins"]
    rollout = loaded(tmp_path, arrays)
    assert (rollout.num_envs, rollout.env_ids) == (1, (0,))
    np.testing.assert_array_equal(rollout.read("robot.joint_pos")[:, 0], arrays["dof_pos"])
    np.testing.assert_array_equal(rollout.read("rew_terms")[:, 0, 0], arrays["reward_terms/x"])
    assert rollout.fields["foot_heights"].shape == (2,)


@pytest.mark.parametrize("has_axis", [True, False])
def test_one_env_may_have_its_axis_in_some_arrays_only(tmp_path: Path, has_axis: bool) -> None:
    with_axis = {key: value[:, :1] for key, value in standing(T, N).items()}
    poses = with_axis if has_axis else {key: value[:, 0] for key, value in with_axis.items()}
    other = np.arange(T, dtype=np.float32)
    rew, dof_pos = (other, np.zeros((T, 2))) if has_axis else (other[:, None], np.zeros((T, 1, 2)))
    rollout = loaded(tmp_path, {**poses, "rew": rew, "dof_pos": dof_pos})
    assert (rollout.fields["rew"].shape, rollout.fields["robot.joint_pos"].shape) == ((), (2,))
    np.testing.assert_array_equal(rollout.read("rew")[:, 0], other)


@pytest.mark.parametrize("side_by_side", [False, True])
def test_agents_are_robots_of_their_own(tmp_path: Path, side_by_side: bool) -> None:
    agents = 2
    pos, quat = (np.stack([v, v], axis=2) for v in standing(T, N).values())
    pos[:, :, 1, 1] += 5
    joints = np.random.default_rng(0).normal(size=(T, N, agents, D)).astype(np.float32)
    arrays = {
        **{"base_pos": pos, "base_quat": quat},
        "dof_pos": joints.reshape(T, N, -1) if side_by_side else joints,
        "dof_names": np.array(["a", "b", "c", "d"]),
        "base_ang_vel": np.zeros((T, N, agents, 3), np.float32),
        "rew": np.ones((T, N, agents), np.float32),
        "reward_terms/x": np.ones((T, N, agents), np.float32),
    }
    rollout = loaded(tmp_path, arrays)
    assert [entity.name for entity in rollout.robots] == ["robot_0", "robot_1"]
    for agent in range(agents):
        np.testing.assert_array_equal(rollout.read(f"robot_{agent}.base_pos"), pos[:, :, agent])
        np.testing.assert_array_equal(rollout.read(f"robot_{agent}.joint_pos"), joints[:, :, agent])
        assert rollout.fields[f"robot_{agent}.base_ang_vel"].shape == (3,)
    assert rollout.agents_shape == (agents,)
    assert rollout.read("rew_terms").shape == (T, N, agents, 1)


@pytest.mark.parametrize("shape", [(T, N, 3, D), (T, N, 5), (T, N, 2, D, 1)])
def test_joints_that_do_not_fit_the_agents_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    poses = {key: np.stack([value] * 2, axis=2) for key, value in standing(T, N).items()}
    with pytest.raises(BadField, match=r"'dof_pos' has shape .*, expected \(20, 3, 2, D\)"):
        loaded(tmp_path, {**poses, "dof_pos": np.zeros(shape)})


def test_a_reward_with_an_axis_of_one_is_one_per_env(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**standing(T, N), "rew": np.ones((T, N, 1), np.float32)})
    assert (rollout.agents_shape, rollout.read("rew").shape) == ((), (T, N))


def test_terms_may_have_the_rewards_axis_of_one(tmp_path: Path) -> None:
    arrays = {"rew": np.ones((T, N, 1)), "reward_terms/x": np.ones((T, N, 1)), "reward_terms/y": np.zeros((T, N))}
    rollout = loaded(tmp_path, {**standing(T, N), **arrays})
    assert rollout.read("rew_terms").shape == (T, N, 2)
    assert verdict_on(rollout, "sum of the terms").finding == "equals the reward"


def test_wide_and_narrow_numbers_become_floats_that_fit(tmp_path: Path) -> None:
    arrays = standing(T, N)
    arrays["base_pos"] = arrays["base_pos"].astype(np.float64)
    arrays["base_quat"] = arrays["base_quat"].astype(np.float16)
    rollout = loaded(tmp_path, {**arrays, "dof_pos": np.ones((T, N, 2), dtype=int)})
    types = [rollout.fields[name].dtype for name in ("robot.base_pos", "robot.base_wxyz", "robot.joint_pos")]
    assert types == [np.float64, np.float32, np.float32]


def test_joints_without_names_get_placeholders_and_a_warning(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**standing(T, N), "dof_pos": np.zeros((T, N, 2))})
    assert rollout.entities["robot"].joint_names == ("joint_0", "joint_1")
    assert verdict_on(rollout, "joint names").status == "assumed"
    assert not rollout.entities["robot"].joints_named


@pytest.mark.parametrize("names", [np.array([b"a", b"b"]), object_array(["a", "b"]), np.array(["a", "b"])])
def test_joint_names_may_be_text_bytes_or_objects(tmp_path: Path, names: np.ndarray) -> None:
    rollout = loaded(tmp_path, {**standing(T, N), "dof_pos": np.zeros((T, N, 2)), "dof_names": names})
    assert rollout.entities["robot"].joint_names == ("a", "b")


def test_what_the_user_states_goes_before_the_file(tmp_path: Path) -> None:
    options = LoadOptions(quat_order="wxyz", joint_names=("p", "q", "r", "s"), control_dt=0.5)
    rollout = loaded(tmp_path, _full(), options=options)
    assert rollout.control_dt == 0.5
    assert rollout.entities["robot"].joint_names == ("p", "q", "r", "s")
    np.testing.assert_array_equal(rollout.read("robot.base_wxyz")[0, 0], [0, 0, 0, 1])
    for topic in ("control_dt", "joint names", "quaternion order"):
        assert (verdict_on(rollout, topic).reason, verdict_on(rollout, topic).status) == ("as you say", "stated")


def test_what_the_file_states_goes_before_the_evidence(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**_full(), "quat_order": "wxyz", "recording_info": '{"seed": 3}'})
    np.testing.assert_array_equal(rollout.read("robot.base_wxyz")[0, 0], [0, 0, 0, 1])
    verdict = verdict_on(rollout, "quaternion order")
    assert (verdict.finding, verdict.reason, verdict.status) == ("wxyz", "the file's 'quat_order'", "stated")
    assert rollout.metadata["seed"] == 3
    stated = loaded(tmp_path, {**_full(), "quat_order": "wxyz"}, options=LoadOptions(quat_order="xyzw"))
    np.testing.assert_array_equal(stated.read("robot.base_wxyz")[0, 0], [1, 0, 0, 0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (LoadOptions(control_dt=0.0), "--dt 0.0: seconds per step must be positive"),
        (LoadOptions(control_dt=float("nan")), "--dt nan"),
        (LoadOptions(joint_names=("a", "b")), "--joint-names a,b: 2 names for 4 joint columns"),
        (LoadOptions(joint_names=("a", "b", "b", "c")), "a joint is named twice"),
    ],
)
def test_a_statement_that_does_not_fit_is_refused(tmp_path: Path, options: LoadOptions, message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        loaded(tmp_path, _full(), options=options)


def _changed(key: str, value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda arrays: {**arrays, key: value}


def _without(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda arrays: {name: value for name, value in arrays.items() if name != key}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without("base_pos"), r"'base_pos' is missing"),
        (_without("base_quat"), r"'base_quat' is missing"),
        (_changed("base_pos", np.zeros((T, N, 2))), r"'base_pos' has shape \(20, 3, 2\), expected \(T, N, 3\)"),
        (_changed("base_pos", np.zeros(3)), r"'base_pos' has shape \(3,\), expected \(T, N, 3\)"),
        (_changed("base_pos", np.zeros((0, N, 3))), r"'base_pos' has shape \(0, 3, 3\): the rollout is empty"),
        (_changed("base_quat", np.zeros((T, N, 3))), r"'base_quat' has shape \(20, 3, 3\), expected \(20, 3, 4\)"),
        (_changed("base_quat", np.zeros((T + 1, N, 4))), r"'base_quat' has shape \(21, 3, 4\), expected \(20, 3, 4\)"),
        (_changed("dof_pos", np.zeros((T, N + 1, D))), r"'dof_pos' has shape \(20, 4, 4\), expected \(20, 3, \.\.\.\)"),
        (_changed("dof_pos", np.zeros((T, N, 2, 2))), r"'dof_pos' has shape \(20, 3, 2, 2\), expected \(20, 3, D\)"),
        (_changed("dof_vel", np.zeros((T, N, 5))), r"'dof_vel' has shape \(20, 3, 5\), expected \(20, 3, 4\) like"),
        (_changed("rew", np.zeros((T, N, 2, 2))), r"'rew' has shape \(20, 3, 2, 2\), expected"),
        (_changed("rew", np.zeros((T - 1, N))), r"'rew' has shape \(19, 3\), expected \(20, 3"),
        (
            _changed("reward_terms/x", np.zeros((T, N, 2))),
            r"'reward_terms/x' has shape \(20, 3, 2\), expected \(20, 3\)",
        ),
        (_changed("obs", np.zeros((T + 1, N, 5))), r"'obs' has shape \(21, 3, 5\), expected \(20, 3"),
        (_changed("done", np.zeros((T, N + 1))), r"'done' has shape \(20, 4\), expected \(20, 3"),
        (
            _changed("base_ang_vel", np.zeros((T, N, 4))),
            r"'base_ang_vel' has shape \(20, 3, 4\), expected \(20, 3, 3\)",
        ),
        (_changed("base_pos", object_array([1] * T)), r"'base_pos' has shape \(20,\), expected"),
        (_changed("base_quat", np.array([[["x"] * 4] * N] * T)), r"'base_quat' has type <U1, expected numbers"),
        (_changed("dof_names", np.array(["a"])), r"'dof_names' has 1 names, expected 4"),
        (_changed("dof_names", np.array(["a", "b", "c", "a"])), r"'dof_names' names a joint twice: a, b, c, a"),
        (_changed("dof_names", np.arange(4)), r"'dof_names' has shape \(4,\) and type int64, expected one text"),
        (_changed("dt", -1.0), r"'dt' is -1.0, expected seconds per step"),
        (_changed("dt", np.arange(1.0, T + 1)), r"'dt' has shape \(20,\) and type float64, expected one number"),
        (_changed("env_ids", np.array([1, 2])), r"'env_ids' has shape \(2,\)"),
        (_changed("env_ids", np.array([1, 1, 2])), r"'env_ids' names an env twice"),
        (_changed("env_origins", np.zeros((N, 2))), r"'env_origins' has shape \(3, 2\)"),
        (_changed("quat_order", "xyz"), r"'quat_order' is 'xyz', expected xyzw or wxyz"),
        (_changed("quat_order", np.arange(4)), r"'quat_order' has shape \(4,\) and type int64, expected one text"),
        (_changed("done_row", "next"), r"'done_row' is 'next', expected terminal or reset"),
        (_changed("recording_info", "[1]"), r"'recording_info' is no JSON object"),
        (_changed("recording_info", "{"), r"'recording_info' is no JSON object"),
        (_changed("info", object_array([{}] * 7)), r"'info' holds 7 entries, expected 20 dictionaries"),
    ],
)
def test_what_does_not_fit_is_named_with_what_was_expected(
    tmp_path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], message: str
) -> None:
    with pytest.raises(BadField, match=message) as caught:
        loaded(tmp_path, change(_full()))
    assert "\n" not in str(caught.value)
    assert "rollout.npz" in str(caught.value)


def test_poses_in_an_object_array_are_refused(tmp_path: Path) -> None:
    pos = np.empty((T, N, 3), dtype=object)
    pos[:] = 0.0
    with pytest.raises(BadField, match="'base_pos' has type object, expected numbers"):
        loaded(tmp_path, {**standing(T, N), "base_pos": pos})


class _Evil:
    def __init__(self, marker: Path) -> None:
        self._command = f"touch {marker}"

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self._command,)


@pytest.mark.parametrize("key", ["info", "dof_names"])
def test_a_malicious_pickle_is_refused_and_does_not_run(tmp_path: Path, key: str) -> None:
    arrays = {**_full(), key: object_array([_Evil(tmp_path / "ran")] * T)}
    with pytest.raises(BadField, match=f"'{key}' holds a pickle that would run posix.system"):
        loaded(tmp_path, arrays)
    assert not (tmp_path / "ran").exists()


def test_an_unreadable_entry_of_info_is_named_and_its_siblings_are_read(tmp_path: Path) -> None:
    infos = object_array([{"reward_terms": {"x": np.full(N, t), "odd": Path("a")}} for t in range(T)])
    rollout = loaded(tmp_path, {**standing(T, N), "info": infos})
    assert rollout.reward_terms == ("x",)
    np.testing.assert_array_equal(rollout.read("rew_terms")[:, 0, 0], np.arange(T))
    verdict = verdict_on(rollout, "info")
    assert verdict.finding == "'reward_terms/odd' is not read"
    assert "pathlib" in verdict.reason


@pytest.mark.parametrize("protocol", range(6))
def test_info_of_every_pickle_protocol_is_read(tmp_path: Path, protocol: int) -> None:
    path = saved(tmp_path, standing(T, N))
    infos = object_array([{"reward_terms": {"x": np.full(N, t, np.float32)}} for t in range(T)])
    _add_pickled(path, "info", infos, protocol)
    np.testing.assert_array_equal(load_rollout(path).read("rew_terms")[:, 0, 0], np.arange(T))


def _add_pickled(path: Path, key: str, array: np.ndarray, protocol: int) -> None:
    """Add an object array as numpy writes it, but with a protocol of our choice."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": array.shape})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{key}.npy", file.getvalue() + pickle.dumps(array, protocol))


def test_arrays_that_are_no_signals_are_left_out_by_name(tmp_path: Path) -> None:
    odd = {"weights": np.zeros((5, 5)), "note": np.array("hello"), "obs": object_array([{}] * T)}
    rollout = loaded(tmp_path, {**standing(T, N), **odd, "flags": np.zeros((T, N))})
    left_out = verdicts_on(rollout, "arrays")[0].finding
    assert left_out == "left out: weights (5, 5) float64, note () <U5, obs (20,) object, flags (the name is taken)"


def test_compressed_files_are_read_alike(tmp_path: Path) -> None:
    arrays = _full()
    rollout = load_rollout(saved(tmp_path, arrays, compressed=True))
    np.testing.assert_array_equal(rollout.read("obs"), arrays["obs"])
    np.testing.assert_array_equal(rollout.read("robot.joint_pos", slice(3, 9), [2]), arrays["dof_pos"][3:9, [2]])


def test_files_are_closed_when_they_cannot_be_used_and_when_asked_to(tmp_path: Path) -> None:
    bad = saved(tmp_path, {"base_pos": np.zeros((T, N, 3))})
    with pytest.raises(BadField):
        load_rollout(bad)
    rollout = loaded(tmp_path, standing(T, N))
    rollout.close()
    assert not [file for file in psutil.Process().open_files() if Path(file.path) == bad]
