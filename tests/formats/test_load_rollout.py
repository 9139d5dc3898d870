"""One function opens every kind of recording, and says what a file is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from arm_urdf import arm
from container_samples import record
from npz_samples import loaded, saved, standing, verdict_on

from replay_viewer.container.pack import pack
from replay_viewer.errors import BadArgument, FileProblem
from replay_viewer.formats import LoadOptions, load_rollout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(tmp_path / "run.rec", num_steps=3)


def test_a_folder_and_its_packed_file_open_as_the_same_recording(folder: Path, tmp_path: Path) -> None:
    packed = pack(folder, tmp_path / "packed.rec")
    first, second = load_rollout(folder), load_rollout(packed)
    assert first.reward_terms == second.reward_terms
    np.testing.assert_array_equal(first.read("robot.base_pos"), second.read("robot.base_pos"))
    assert first.num_steps == 3


def test_a_path_may_be_text(folder: Path) -> None:
    assert load_rollout(str(folder)).num_steps == 3


def test_an_npz_is_told_from_a_packed_recording_by_its_content(tmp_path: Path) -> None:
    path = saved(tmp_path, standing(4, 2)).rename(tmp_path / "misnamed.rec")
    assert load_rollout(path).metadata["format"] == "plain npz"


def test_the_time_step_of_a_recording_can_be_overridden(folder: Path) -> None:
    rollout = load_rollout(folder, LoadOptions(control_dt=0.1))
    assert rollout.control_dt == 0.1
    assert verdict_on(rollout, "control_dt").reason == "as you say"
    with pytest.raises(BadArgument, match="must be positive"):
        load_rollout(folder, LoadOptions(control_dt=-1.0))


@pytest.mark.parametrize(
    ("options", "option"),
    [(LoadOptions(quat_order="xyzw"), "--quat-order xyzw"), (LoadOptions(joint_names=("a", "b")), "--joint-names a,b")],
)
def test_what_a_recording_states_itself_cannot_be_overridden(folder: Path, options: LoadOptions, option: str) -> None:
    with pytest.raises(BadArgument, match=f"^{option}: .* states it itself"):
        load_rollout(folder, options)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="there is no such file"):
        load_rollout(tmp_path / "absent.npz")
    with pytest.raises(FileProblem, match="is a folder that holds no recording"):
        load_rollout(tmp_path)
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(FileProblem, match=r"is a single array of NumPy \(.npy\), none of these formats"):
        load_rollout(tmp_path / "x.npy")
    (tmp_path / "empty.npz").touch()
    with pytest.raises(FileProblem, match="is an empty file, not an npz file"):
        load_rollout(tmp_path / "empty.npz")


def test_evidence_of_the_robot_reaches_the_verdict(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, standing(8, 2), robot=arm(tmp_path))
    assert "height of the lowest point varies by 0.000 m" in verdict_on(rollout, "quaternion order").reason
