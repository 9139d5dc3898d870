"""Motion clips as tables of numbers: told from other tables, with order and rate found or assumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from arm_urdf import write_arm
from npz_samples import verdict_on
from special_files import sparse, time_limit

from replay_viewer import LoadOptions, load_rollout, open_replay, rotations
from replay_viewer.errors import FileProblem
from replay_viewer.formats.find import recordings_below


def walk(to_order: Callable[[np.ndarray], np.ndarray] = rotations.wxyz_to_xyzw) -> np.ndarray:
    """Two turns along a circle, upright, in 120 rows; the arm swings."""
    yaw = np.linspace(0, 4 * np.pi, 120)
    pos = np.stack([np.sin(yaw), 1 - np.cos(yaw), 2 + 0 * yaw], axis=-1)
    quat = to_order(rotations.from_rpy(0 * yaw, 0 * yaw, yaw))
    return np.concatenate([pos, quat, np.sin(yaw)[:, None], np.cos(yaw)[:, None]], axis=1)


def written(path: Path, rows: np.ndarray, header: str = "") -> Path:
    np.savetxt(path, rows, delimiter=",", header=header, comments="")
    return path


@pytest.mark.parametrize(("order", "to_order"), [("xyzw", rotations.wxyz_to_xyzw), ("wxyz", np.asarray)])
def test_a_table_of_either_order_is_a_clip(
    tmp_path: Path, order: str, to_order: Callable[[np.ndarray], np.ndarray]
) -> None:
    rows = walk(to_order)
    path = written(tmp_path / "walk.csv", rows)
    replay = open_replay(path, urdf=write_arm(tmp_path))
    rollout = replay.rollout
    assert verdict_on(rollout, "quaternion order").finding == order
    np.testing.assert_allclose(rollout.read("robot.base_pos")[:, 0], rows[:, :3])
    np.testing.assert_allclose(rollout.read("robot.base_wxyz")[:, 0], walk(np.asarray)[:, 3:7], atol=1e-6)
    np.testing.assert_allclose(rollout.read("robot.joint_pos")[:, 0], rows[:, 7:])
    assert [verdict.status for verdict in replay.robot_verdicts if verdict.topic == "joints"] == ["assumed"]
    assert rollout.metadata["format"] == "motion table"


@pytest.mark.parametrize(
    ("name", "fps", "status"),
    [
        ("walk.csv", 30, "assumed"),
        ("dance_60hz.csv", 60, "found"),
        ("run-120 FPS.csv", 120, "found"),
        ("walk1_subject2.csv", 30, "assumed"),
        ("take0hz.csv", 30, "assumed"),
    ],
)
def test_the_rate_is_in_the_name_or_assumed(tmp_path: Path, name: str, fps: int, status: str) -> None:
    path = written(tmp_path / name, walk())
    rollout = load_rollout(path)
    assert rollout.control_dt == pytest.approx(1 / fps)
    assert verdict_on(rollout, "control_dt").status == status
    stated = load_rollout(path, LoadOptions(control_dt=0.01))
    assert (stated.control_dt, verdict_on(stated, "control_dt").reason) == (0.01, "as you say")


def test_other_tables_beside_it_are_not_listed(tmp_path: Path) -> None:
    clip = written(tmp_path / "walk.csv", walk())
    written(tmp_path / "progress.csv", walk(), header="time,reward,a,b,c,d,e,f,g")
    written(tmp_path / "numbers.csv", np.arange(40.0).reshape(4, 10))
    written(tmp_path / "narrow.csv", walk()[:, :7])
    (tmp_path / "empty.csv").touch()
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    assert recordings_below(tmp_path) == [clip]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,reward\n0,1\n", "is no table of numbers: could not convert string 'time'"),
        ("1,2,3\n4,5,6\n", "has 3 columns, expected x,y,z, a quaternion, and joints"),
        ("", "is an empty file"),
        ("1,2\n3\n", "is no table of numbers"),
        ("\xff\xfe", "is no table of numbers"),
    ],
)
def test_a_named_file_that_is_none_says_why(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "walk.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(FileProblem, match=message):
        load_rollout(tmp_path / "walk.csv")


@pytest.mark.parametrize(
    ("size", "problem"), [(1 << 26, "is no table of numbers: it holds bytes of zero"), (50 << 30, r"has \d+ bytes")]
)
def test_a_table_that_claims_more_than_a_motion_has_is_refused_at_once(tmp_path: Path, size: int, problem: str) -> None:
    path = written(tmp_path / "walk.csv", walk())
    sparse(path, size, path.read_bytes())
    with time_limit(20), pytest.raises(FileProblem, match=problem):
        load_rollout(path)


def test_lines_without_anything_are_no_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "walk.csv", walk())
    path.write_bytes(path.read_bytes() + b"\r\n \n\n")
    assert load_rollout(path).num_steps == 120
