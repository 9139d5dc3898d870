"""Demonstrations as Isaac Lab's recorder manager writes them: what is in which row, and what is not read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arm_urdf import arm, write_arm
from needs import require
from npz_samples import verdict_on

from replay_viewer import LoadOptions, load_rollout, open_replay, rotations
from replay_viewer.errors import BadArgument, BadField, FileProblem
from replay_viewer.formats.find import recordings_below

MAGIC = b"\x89HDF\r\n\x1a\n"
LENGTHS = {0: 4, 2: 3, 10: 5}
ENV_ARGS = '{"env_name": "Isaac-Lift", "type": 2, "sim_args": {"dt": 0.01, "decimation": 2, "num_envs": 4}}'

Write = Callable[..., Path]


@pytest.fixture
def h5py() -> Any:
    try:
        return import_module("h5py")
    except ImportError:
        require("h5py is not installed (pip install h5py)")


def pose(start: float, num_rows: int) -> np.ndarray:
    """Along x in steps of 1 cm, turned to the left; xyzw."""
    rows = np.zeros((num_rows, 7), np.float32)
    rows[:, 0] = start + 0.01 * np.arange(num_rows)
    rows[:, 5:] = np.sqrt(0.5)
    return rows


@pytest.fixture
def write(h5py: Any, tmp_path: Path) -> Write:
    """Writes three demos of an arm and a box; their rows count from 100 times the number of the demo."""

    def write(version: int | None = 1, initial: bool = True, env_args: str = ENV_ARGS, **successes: bool) -> Path:
        path = tmp_path / "demos.hdf5"
        with h5py.File(path, "w") as file:
            if version is not None:
                file.attrs["format_version"] = version
            file.create_group("data").attrs["env_args"] = env_args
            for number, length in LENGTHS.items():
                demo = file["data"].create_group(f"demo_{number}")
                demo.attrs["success"] = successes.get(f"demo_{number}", False)
                demo["actions"] = np.full((length, 2), number, np.float32)
                demo["obs/policy"] = np.arange(length, dtype=np.float64)[:, None]
                demo["obs/camera"] = np.zeros((length, 80, 80, 3), np.uint8)
                for name, first, rows in (("initial_state", 0, 1), ("states", 1, length))[not initial :]:
                    for entity in ("articulation/robot", "rigid_object/box"):
                        demo[f"{name}/{entity}/root_pose"] = pose(number + 0.01 * first, rows)
                        demo[f"{name}/{entity}/root_velocity"] = np.zeros((rows, 6), np.float32)
                    joints = first + np.arange(rows, dtype=np.float32)[:, None] * np.ones(2, np.float32)
                    demo[f"{name}/articulation/robot/joint_position"] = 100 * number + joints
        return path

    return write


def test_demos_follow_each_other_each_with_the_state_before_its_first_step(write: Write) -> None:
    """As numbers, not as text; the last row of each is how it ended."""
    rollout = load_rollout(write())
    assert [(e.first_step, e.last_step) for e in rollout.episodes(0)] == [(0, 4), (5, 8), (9, 14)]
    assert {e.terminal_state for e in rollout.episodes(0)} == {"recorded"}
    joints = rollout.read("robot.joint_pos")[:, 0, 0]
    np.testing.assert_array_equal(joints, [0, 1, 2, 3, 4, 200, 201, 202, 203, 1000, 1001, 1002, 1003, 1004, 1005])
    np.testing.assert_allclose(rollout.read("box.base_pos")[:5, 0, 0], 0.01 * np.arange(5), atol=1e-7)
    assert [entity.kind for entity in rollout.entities.values()] == ["robot", "object"]
    assert (rollout.control_dt, verdict_on(rollout, "control_dt").status) == (0.02, "stated")
    assert rollout.metadata["format"] == "Isaac Lab HDF5"
    rollout.close()


def test_an_action_is_in_the_row_of_the_state_that_it_led_to(write: Write) -> None:
    rollout = load_rollout(write())
    first_rows = np.array([0, 5, 9])
    for name, values in (("act", [0, 2, 10]), ("obs/policy", [0, 0, 0])):
        read = rollout.read(name)[:, 0, 0]
        assert np.isnan(read[first_rows]).all() and np.isfinite(np.delete(read, first_rows)).all()
        np.testing.assert_array_equal(read[first_rows + 1], values)
    assert "obs/camera" not in rollout.fields


@pytest.mark.parametrize("steps", [slice(0, 15), slice(3, 12), slice(1, 15, 4), slice(14, 15), slice(6, 6)])
def test_a_window_has_the_values_of_the_whole(write: Write, steps: slice) -> None:
    rollout = load_rollout(write())
    for name in rollout.fields:
        np.testing.assert_array_equal(rollout.read(name, steps), rollout.read(name)[steps])


def test_without_initial_states_there_are_as_many_rows_as_steps(write: Write) -> None:
    rollout = load_rollout(write(initial=False))
    assert [episode.num_steps for episode in rollout.episodes(0)] == [4, 3, 5]
    assert np.isfinite(rollout.read("act")).all()


@pytest.mark.parametrize(("version", "order", "status"), [(1, "xyzw", "stated"), (None, "wxyz", "assumed")])
def test_the_order_of_quaternions_is_that_of_the_version(
    write: Write, version: int | None, order: str, status: str
) -> None:
    path = write(version=version)
    rollout = load_rollout(path)
    assert (verdict_on(rollout, "quaternion order").finding, verdict_on(rollout, "quaternion order").status) == (
        order,
        status,
    )
    stored = pose(0, 1)[0, 3:]
    wxyz = rotations.xyzw_to_wxyz(stored) if order == "xyzw" else stored
    np.testing.assert_allclose(rollout.read("robot.base_wxyz")[7, 0], wxyz, atol=1e-6)
    stated = load_rollout(path, LoadOptions(quat_order="wxyz"))
    np.testing.assert_allclose(stated.read("robot.base_wxyz")[7, 0], stored, atol=1e-6)


def test_a_success_is_told_unless_no_demo_has_one(write: Write) -> None:
    """An env without a term of success has False in all."""
    assert [episode.success for episode in load_rollout(write()).episodes(0)] == [None] * 3
    rollout = load_rollout(write(demo_2=True))
    assert [episode.success for episode in rollout.episodes(0)] == [False, True, False]


def test_joints_are_the_robots_in_breadth_first_or_as_stated(write: Write, tmp_path: Path) -> None:
    path = write()
    replay = open_replay(path, urdf=write_arm(tmp_path))
    assert replay.rollout.entities["robot"].joint_names == ("shoulder", "elbow")
    assert verdict_on(replay.rollout, "joint names").status == "assumed"
    named = load_rollout(path, LoadOptions(joint_names=("elbow", "shoulder")), robot=arm(tmp_path))
    assert named.entities["robot"].joint_names == ("elbow", "shoulder")
    assert not load_rollout(path).entities["robot"].joints_named
    with pytest.raises(BadArgument, match="1 names for 2 joint columns"):
        load_rollout(path, LoadOptions(joint_names=("elbow",)))


@pytest.mark.parametrize("env_args", ["", "[]", '{"sim_args": 3}', '{"sim_args": {"dt": -1, "decimation": 2}}'])
def test_a_time_step_that_is_not_stated_is_assumed(write: Write, env_args: str) -> None:
    path = write(env_args=env_args)
    assert verdict_on(load_rollout(path), "control_dt").status == "assumed"
    assert load_rollout(path, LoadOptions(control_dt=0.05)).control_dt == 0.05


def test_what_leads_out_of_the_file_is_not_read(write: Write, h5py: Any, tmp_path: Path) -> None:
    """Somebody else's file may name any other file of this machine."""
    path, secret = write(), tmp_path / "secret"
    secret.write_bytes(bytes(4 * 4 * 2))
    with h5py.File(tmp_path / "other.hdf5", "w") as other:
        other["secret"] = np.zeros((4, 2), np.float32)
    with h5py.File(path, "r+") as file:
        for number, length in LENGTHS.items():
            demo = file[f"data/demo_{number}"]
            del demo["actions"], demo["obs"]
            demo["actions"] = h5py.ExternalLink(str(tmp_path / "other.hdf5"), "secret")
            demo.create_dataset("obs", (length, 2), "f4", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
            demo["processed_actions"] = h5py.SoftLink("/data/demo_0/states/articulation/robot/root_pose")
    assert {"act", "obs", "processed_actions"}.isdisjoint(load_rollout(path).fields)


def test_files_that_hold_no_states_or_too_few_are_refused(write: Write, h5py: Any, tmp_path: Path) -> None:
    path = write()
    with h5py.File(path, "r+") as file:
        del file["data/demo_2/states/rigid_object/box/root_pose"]
        file["data/demo_2/states/rigid_object/box/root_pose"] = pose(0, 2)
    with pytest.raises(BadField, match="'/data/demo_2' has states of 2, 3 steps, expected one number"):
        load_rollout(path)
    with h5py.File(path, "r+") as file:
        for number in LENGTHS:
            del file[f"data/demo_{number}/states"]
    with pytest.raises(FileProblem, match="holds no states of robots or objects"):
        load_rollout(path)
    whole = write().read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileProblem, match=r"cannot be read as HDF5: .*\. Is it still being written, or cut off"):
        load_rollout(path)


@pytest.mark.parametrize("name", ["data", "data/demo_0/states/articulation", "data/demo_0/obs", "data/demo_0/actions"])
@pytest.mark.parametrize("value", [1.5, np.arange(6.0).reshape(2, 3), np.array([b"demo_0", b"x"]), None])
def test_what_is_of_another_kind_is_not_there(write: Write, h5py: Any, name: str, value: Any) -> None:
    path = write()
    with h5py.File(path, "a") as file:
        del file[name]
        file[name] = h5py.Empty("f4") if value is None else value
    try:
        rollout = load_rollout(path)
    except FileProblem as problem:
        assert "holds no states" in str(problem)
    else:
        assert rollout.env_ids == (0,)
        rollout.close()


@pytest.mark.parametrize("value", ["yes", 2.5, np.zeros(2, [("a", "f4"), ("b", "S3")]), None])
def test_attributes_of_another_kind_say_nothing(write: Write, h5py: Any, value: Any) -> None:
    path = write()
    with h5py.File(path, "a") as file:
        for of, name in ((file, "format_version"), (file["data"], "env_args"), (file["data/demo_0"], "success")):
            of.attrs[name] = h5py.Empty("f4") if value is None else value
    rollout = load_rollout(path)
    assert verdict_on(rollout, "quaternion order").finding == "wxyz"
    assert verdict_on(rollout, "control_dt").status == "assumed"
    rollout.close()


def test_demos_are_listed_and_other_hdf5_files_are_not(write: Write, h5py: Any, tmp_path: Path) -> None:
    path = write()
    with h5py.File(tmp_path / "weights.hdf5", "w") as file:
        file["layer"] = np.zeros(3)
    assert recordings_below(tmp_path) == [path]


def test_without_h5py_it_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "demos.hdf5").write_bytes(MAGIC + bytes(88))
    told = r"is of the format 'Isaac Lab HDF5', which needs h5py\. Install it: pip install 'replay-viewer\[hdf5\]'"
    with pytest.raises(FileProblem, match=told):
        load_rollout(tmp_path / "demos.hdf5")


@pytest.mark.parametrize("key", ["actions", "obs/policy", "states/articulation/robot/joint_position"])
def test_a_dataset_that_holds_nothing_is_left_out(write: Write, h5py: Any, key: str) -> None:
    path = write()
    with h5py.File(path, "a") as file:
        for demo in file["data"].values():
            del demo[key]
            demo[key] = h5py.Empty("f4")
    rollout = load_rollout(path)
    assert rollout.num_steps == 15 and {"actions": "act", "obs/policy": "obs/policy"}.get(key) not in rollout.fields
    rollout.close()


def test_a_demo_of_a_number_beyond_all_bounds_is_none(write: Write, h5py: Any) -> None:
    path = write()
    with h5py.File(path, "a") as file:
        file.copy("data/demo_0", f"data/demo_{'9' * 5000}")
    rollout = load_rollout(path)
    assert len(rollout.episodes(0)) == 3
    rollout.close()


@pytest.mark.parametrize("key", ["data", "data/demo_0", "data/demo_0/states/articulation", "data/demo_0/obs"])
@pytest.mark.parametrize("value", [None, np.zeros(3), np.array([b"text"] * 3)])
def test_a_dataset_in_the_place_of_a_group_is_none(write: Write, h5py: Any, key: str, value: Any) -> None:
    path = write()
    with h5py.File(path, "a") as file:
        del file[key]
        file[key] = h5py.Empty("f4") if value is None else value
    if key in ("data", "data/demo_0"):
        with pytest.raises(FileProblem):
            load_rollout(path)
    else:
        load_rollout(path).close()
