"""Files of other kinds and of other projects: each is told what it is, and what is not needed stops no replay."""

from __future__ import annotations

import io
import json
import pickle
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_samples import record
from npz_samples import loaded, saved, standing, verdict_on, verdicts_on

from replay_viewer.errors import BadField, FileProblem
from replay_viewer.formats import load_rollout
from replay_viewer.formats.find import recordings_below
from replay_viewer.formats.table import described
from replay_viewer.npz.archive import NpzArchive
from replay_viewer.video import save_video

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 2310684\n"


def refusal(path: Path) -> str:
    with pytest.raises(FileProblem) as refused:
        load_rollout(path)
    message = str(refused.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def npz_bytes(arrays: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npy_with_head(head: str, values: bytes) -> bytes:
    text = head.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + values


def members(arrays: dict[str, np.ndarray], folder: str = "") -> dict[str, bytes]:
    return {f"{folder}{key}.npy": npy(array) for key, array in arrays.items()}


# What is not ours.

NO_FORMAT = f"none of these formats: {described()}"
DENIALS = {"rollout.npz": "not an npz file", "run.rec": "not a recording", "data.bin": NO_FORMAT}


@pytest.mark.parametrize("name", DENIALS)
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"time,x,y\n0,1,2\n1,2,3\n", "a CSV table"),
        ("t;x\n0;1\n".encode("utf-16"), "a CSV table"),
        (pickle.dumps({"a": [1]}), "a pickle"),
        # As tf.io.TFRecordWriter, SummaryWriter, torch.onnx.export and flax.serialization.to_bytes begin them.
        (bytes.fromhex("0300000000000000 b099490e") + b"abc" + bytes(4), "a file of TFRecords"),
        (
            bytes.fromhex("1800000000000000 a37f4b22") + b"\t\0\0\xc0\xd0\xb0\xad\xd9A\x1a\rbrain.Event:2",
            "a log of TensorBoard",
        ),
        (b"\x08\x08\x12\x07pytorch\x1a\x052.4.0:\xfb\x05\n\x1d", "an ONNX model"),
        (b"\x82\xa6params\x81\xa5Dense\x81\xa6kernel\xc7", "a file of msgpack"),
        (pickle.dumps([1.0], protocol=0), "a pickle"),
        (pickle.dumps(np.zeros(2), protocol=2), "a pickle"),
        (b"\x89HDF\r\n\x1a\n" + bytes(88), "an HDF5 file"),
        (b"PAR1" + bytes(20) + b"PAR1", "a Parquet file"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"\x89MCAP0\r\n" + bytes(9), "an MCAP file"),
        (b"#ROSBAG V2.0\n", "a ROS bag"),
        (b"RRF2" + bytes(20), "a Rerun file"),
        (b"", "an empty file"),
        (bytes(5000), "a file of zeros, as a failed copy leaves it"),
        (json.dumps({"a": 1}).encode(), "a JSON file"),
        (b'\n{"step": 1}\n{"step": 2}\n', "a file of JSON lines"),
        (bytes([16, 0, 0, 0, 0, 0, 0, 0]) + b'{"weight":{}}   ', "a safetensors file"),
        (b"\x1f\x8b\x08\0", "a gzip archive"),
        (b"<?xml version='1.0'?>\n<!-- <a> -->\n<robot name='r'/>", "a URDF"),
        (b"<mujoco model='m'/>", "a MuJoCo model (MJCF)"),
        (b"\n<!DOCTYPE html>\n<html></html>", "an HTML page"),
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file"),
        (b"PXR-USDC" + bytes(8), "a USD scene"),
        ("Läuft?".encode(), "a text file"),
    ],
)
def test_a_file_that_is_not_ours_is_told_what_it_is(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name).startswith(f"is {kind}, {DENIALS[name]}. ")


def test_what_programs_write_is_recognised(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "bag.db3").execute("create table topics (id)").connection.close()
    assert refusal(tmp_path / "bag.db3").startswith("is an SQLite database")
    save_video([np.full((16, 16, 3), 9 * i, np.uint8) for i in range(3)], tmp_path / "film.mp4", fps=10)
    told = f"is an MP4 or MOV video, {NO_FORMAT}. Pictures cannot be replayed"
    assert refusal(tmp_path / "film.mp4").startswith(told)
    (tmp_path / "noise.bin").write_bytes(np.random.default_rng(0).bytes(4096))
    assert refusal(tmp_path / "noise.bin") == f"is {NO_FORMAT}."


def test_a_zip_says_what_is_in_it(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.npz", {"model/data.pkl": b"", "model/version": b"3"})
    assert refusal(path).startswith("is a file of PyTorch, not an npz file")
    path = zipped(tmp_path / "b.npz", {"runs/rollout.npz": npz_bytes(standing(2))})
    assert refusal(path).startswith("is a ZIP file, not an npz file; it holds runs/rollout.npz. Unpack it and open")
    path = zipped(tmp_path / "c.zip", {"notes.txt": b"hello"})
    assert refusal(path).startswith(f"is a ZIP file, {NO_FORMAT}; it holds notes.txt.")


def test_a_recordings_folder_in_a_zip_is_to_be_unpacked(tmp_path: Path) -> None:
    folder = record(tmp_path / "run.rec", num_steps=3)
    path = zipped(tmp_path / "run.zip", {f"run.rec/{file.name}": file.read_bytes() for file in folder.glob("*.*")})
    assert refusal(path).startswith("is a ZIP file with the folder of a recording in it, run.rec/. Unpack it")


@pytest.mark.parametrize("name", ["rollout.npz", "run.rec"])
def test_a_pointer_of_git_lfs_says_how_to_fetch_the_recording(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LFS)
    assert refusal(tmp_path / name) == "is a pointer of Git LFS, not the file itself. Fetch it: git lfs pull."


def test_a_pointer_of_git_annex_is_told_as_well(tmp_path: Path) -> None:
    (tmp_path / "rollout.npz").write_bytes(b"/annex/objects/SHA256E-s2310684--4d7a21.npz\n")
    assert refusal(tmp_path / "rollout.npz").startswith("is a pointer of git-annex")


@pytest.mark.parametrize("name", ["meta.json", "frames-00000.npy", "terminals.npy"])
def test_a_recording_whose_files_are_pointers_names_them(tmp_path: Path, name: str) -> None:
    folder = record(tmp_path / "run.rec", num_steps=3)
    (folder / name).write_bytes(LFS)
    with pytest.raises(FileProblem, match=f"{name}: is a pointer of Git LFS"):
        load_rollout(folder)


# What is not needed.


def test_what_macos_packs_beside_each_file_is_left_out_by_name(tmp_path: Path) -> None:
    junk = b"\0\5\x16\7\0\2\0\0Mac OS X        "
    names = ("__MACOSX/._base_pos.npy", "__MACOSX/rollout/._base_pos.npy", "rollout/._base_quat.npy")
    for folder, name in zip(("", "rollout/", "rollout/"), names, strict=True):
        path = zipped(tmp_path / "rollout.npz", {**members(standing(4, 2), folder), name: junk, "a/.DS_Store": junk})
        rollout = load_rollout(path)
        assert (rollout.num_steps, rollout.num_envs) == (4, 2)
        verdict = next(v for v in verdicts_on(rollout, "arrays") if "left out" in v.finding)
        assert verdict.finding.endswith(name.split("/")[-1].removesuffix(".npy"))
        assert verdict.reason == "is no array, but what macOS packs beside each file"


@pytest.mark.parametrize("folder", ["rollout/", "a/b/", "rollout\\"])
def test_arrays_that_were_zipped_with_their_folder_are_found(tmp_path: Path, folder: str) -> None:
    arrays = {**standing(4, 2), "reward_terms/alive": np.ones((4, 2), np.float32)}
    path = zipped(tmp_path / "rollout.npz", members(arrays, folder))
    assert load_rollout(path).reward_terms == ("alive",)
    assert recordings_below(tmp_path) == [path]


@pytest.mark.parametrize(
    ("head", "size", "told"),
    [
        (
            "{'descr': 'bfloat16', 'fortran_order': False, 'shape': (4, 2), }",
            16,
            "its type bfloat16 is none of NumPy's",
        ),
        ("{'descr': '<V2', 'fortran_order': False, 'shape': (4, 2), }", 16, "is of type |V2, as NumPy stores"),
        ("{'descr': 'float8_e4m3', 'fortran_order': False, 'shape': (4, 2), }", 8, "its type float8_e4m3 is none"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), ", 32, "its head cannot be read"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }", 32, "claims shape (4, 3)"),
    ],
)
@pytest.mark.parametrize("key", ["extra", "rew", "obs", "base_lin_vel", "terminated"])
def test_an_array_that_cannot_be_read_and_is_not_needed_is_left_out_by_name(
    tmp_path: Path, key: str, head: str, size: int, told: str
) -> None:
    content = {**members(standing(4, 2)), f"{key}.npy": npy_with_head(head, bytes(size))}
    rollout = load_rollout(zipped(tmp_path / "rollout.npz", content))
    (verdict,) = [v for v in verdicts_on(rollout, "arrays") if v.finding == f"left out: {key}"]
    assert told in verdict.reason
    assert verdict.status == "problem"


@pytest.mark.parametrize("compressed", [False, True])
def test_a_signal_whose_values_are_damaged_is_left_out_by_name(tmp_path: Path, compressed: bool) -> None:
    obs = np.random.default_rng(0).normal(size=(20, 3, 50)).astype(np.float32)
    path = saved(tmp_path, {**standing(), "obs": obs}, compressed)
    content = bytearray(path.read_bytes())
    content[-4000:-3900] = bytes(100)  # Before the directory at the end; obs is what was written last.
    path.write_bytes(content)
    rollout = load_rollout(path)
    assert "obs" not in rollout.fields
    (verdict,) = [v for v in verdicts_on(rollout, "arrays") if v.finding == "left out: obs"]
    assert verdict.reason.startswith("is damaged (")


@pytest.mark.parametrize("key", ["base_pos", "base_quat", "dof_pos", "dt"])
def test_an_array_that_is_needed_is_not_replaced_by_a_guess(tmp_path: Path, key: str) -> None:
    head = "{'descr': 'bfloat16', 'fortran_order': False, 'shape': (4, 2, 3), }"
    content = {**members(standing(4, 2)), f"{key}.npy": npy_with_head(head, bytes(48))}
    with pytest.raises(BadField, match=f"'{key}' is damaged \\(its type bfloat16"):
        load_rollout(zipped(tmp_path / "rollout.npz", content))


def test_arrays_of_python_2_are_read(tmp_path: Path) -> None:
    values = np.arange(8, dtype="<f4").reshape(4, 2)
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (4L, 2L), }"
    content = {**members(standing(4, 2)), "height.npy": npy_with_head(head, values.tobytes())}
    rollout = load_rollout(zipped(tmp_path / "rollout.npz", content))
    np.testing.assert_array_equal(rollout.read("height"), values)


def test_an_archive_of_nothing_but_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadField, match="'extra' is damaged"):
        NpzArchive(zipped(tmp_path / "a.npz", {"extra.npy": b"no array"}))


# Files of other projects.


def of_bodies(size: int) -> np.ndarray:
    return np.zeros((30, 4, size))


@pytest.mark.parametrize(
    ("arrays", "guesses"),
    [
        (
            {"fps": [50], "body_pos_w": of_bodies(3), "body_quat_w": of_bodies(4)},
            "dt is 1 / fps, base_pos is body_pos_w[:, 0], base_quat is body_quat_w[:, 0] (wxyz)",
        ),
        (
            {"rigid_body_pos": of_bodies(3), "rigid_body_rot": of_bodies(4), "dof_pos": np.zeros((30, 6))},
            "base_pos is rigid_body_pos[:, 0], base_quat is rigid_body_rot[:, 0]",
        ),
        (
            {"trans": np.zeros((30, 3)), "poses": np.zeros((30, 156)), "mocap_framerate": 120.0, "gender": "male"},
            "base_pos is trans, base_quat is the rotation vector poses[..., :3] as a quaternion (the rest is of a "
            "human body), dt is 1 / mocap_framerate",
        ),
        (
            {"root_pos": np.zeros((30, 2, 3)), "root_rot": np.zeros((30, 2, 4)), "dof": np.zeros((30, 2, 6))},
            "base_pos is root_pos, base_quat is root_rot, dof_pos is dof",
        ),
        (
            {"qpos": np.zeros((30, 19)), "time": np.arange(30)},
            "base_pos is qpos[..., :3], base_quat is qpos[..., 3:7] (wxyz), dof_pos is qpos[..., 7:], "
            "dt is the step of time",
        ),
        (
            {"BASE_POS": np.zeros((30, 2, 3)), "baseQuat": np.zeros((30, 2, 4)), "dofPos": np.zeros((30, 2, 6))},
            "base_pos is BASE_POS, base_quat is baseQuat, dof_pos is dofPos",
        ),
        (
            {"Root_States": np.zeros((30, 5, 13))},
            "base_pos is Root_States[..., :3], base_quat is Root_States[..., 3:7]",
        ),
        ({"base_pos": np.zeros((30, 3)), "base_rot": np.zeros((30, 4))}, "base_quat is base_rot"),
    ],
)
def test_a_file_without_poses_says_what_its_arrays_probably_are(
    tmp_path: Path, arrays: dict[str, Any], guesses: str
) -> None:
    message = refusal(saved(tmp_path, arrays))
    missing = "base_quat" if "base_pos" in arrays else "base_pos"
    assert message.startswith(f"'{missing}' is missing. A replay needs base_pos and base_quat at least. In the file: ")
    for key, value in arrays.items():
        assert f"{key} {np.shape(value)}" in message
    assert message.endswith(f" Probably {guesses}: write them under these names with np.savez.")


def test_a_file_of_something_else_is_not_guessed_at(tmp_path: Path) -> None:
    message = refusal(saved(tmp_path, {"w0": np.zeros((3, 4)), "b0": np.zeros(4)}))
    assert message.endswith("In the file: w0 (3, 4), b0 (4,).")


# The time step by other names.


def timed(folder: Path, **arrays: Any) -> Any:
    return loaded(folder, {**standing(20, 2), **{key: np.asarray(value) for key, value in arrays.items()}})


@pytest.mark.parametrize(
    ("arrays", "dt", "reason", "status"),
    [
        ({"fps": 50}, 0.02, "the file's 'fps' is 50", "stated"),
        ({"fps": [25.0]}, 0.04, "the file's 'fps' is 25", "stated"),
        ({"fps": "50"}, 0.02, "the file's 'fps' is 50", "stated"),
        ({"dt": np.full(30, 0.005)}, 0.005, "the file's 'dt'", "stated"),
        ({"mocap_framerate": 120.0}, 1 / 120, "the file's 'mocap_framerate' is 120", "stated"),
        ({"control_dt": 0.01}, 0.01, "the file's 'control_dt'", "stated"),
        ({"time": np.arange(20) * 0.005}, 0.005, "the step of the file's 'time'", "found"),
        ({"timestamps": np.arange(20)[:, None] * 0.04 + 1e9}, 0.04, "the step of the file's 'timestamps'", "found"),
        ({"time": np.tile(np.arange(10) * 0.05, 2)}, 0.05, "the step of the file's 'time'", "found"),
        ({"time": np.arange(20) * 20}, 0.02, "the step of the file's 'time', taken as ms", "assumed"),
        (
            {"timestamps": np.arange(20) * 5_000_000},
            0.005,
            "the step of the file's 'timestamps', taken as ns",
            "assumed",
        ),
        (
            {"time": np.r_[np.arange(19) * 0.02, 1.0]},
            0.02,
            "the median step of the file's 'time', whose steps are uneven: 0.02 to 0.64 s",
            "problem",
        ),
        (
            {"dt": 0.005, "fps": 50},
            0.005,
            "the file's 'dt', but the file's 'fps' is 50: 0.02 s (--dt decides)",
            "problem",
        ),
        ({"dt": 0.02, "fps": 50}, 0.02, "the file's 'dt'", "stated"),
        (
            {"fps": 0},
            0.02,
            "no time step can be read from 'fps', and there is no 'dt' (--dt states it)",
            "problem",
        ),
        (
            {"time": np.arange(20)},
            0.02,
            "no time step can be read from 'time', and there is no 'dt' (--dt states it)",
            "problem",
        ),
    ],
)
def test_a_rate_or_times_stand_in_for_the_time_step(
    tmp_path: Path, arrays: dict[str, Any], dt: float, reason: str, status: str
) -> None:
    rollout = timed(tmp_path, **arrays)
    assert rollout.control_dt == pytest.approx(dt, rel=1e-6)
    verdict = verdict_on(rollout, "control_dt")
    assert (verdict.reason, verdict.status) == (reason, status)
    assert not [v for v in verdicts_on(rollout, "arrays") if "left out" in v.finding]


# Axes in the wrong order.


def walks(num_steps: int, num_envs: int, noise: float = 0.0) -> np.ndarray:
    """Bases that walk 1 cm a step along paths of their own, (T, N, 3)."""
    random = np.random.default_rng(0)
    heading = random.uniform(0, 2 * np.pi, num_envs) + np.cumsum(random.normal(0, 0.05, (num_steps, num_envs)), axis=0)
    steps = 0.01 * np.stack([np.cos(heading), np.sin(heading), 0 * heading], axis=-1)
    return np.cumsum(steps, axis=0) + random.normal(0, noise, steps.shape) + [0, 0, 0.5]


def in_a_row(num_envs: int, apart: float) -> np.ndarray:
    return np.arange(num_envs)[:, None] * np.array([apart, 0, 0])


ROWS: dict[str, Callable[[int], np.ndarray]] = {
    "at one place": lambda num_envs: in_a_row(num_envs, 0),
    "in a row": lambda num_envs: in_a_row(num_envs, 1),
    "anywhere": lambda num_envs: np.random.default_rng(1).uniform(0, 8, (num_envs, 3)),
}


def axes_doubts(folder: Path, pos: np.ndarray) -> list[str]:
    quat = np.zeros((*pos.shape[:2], 4))
    quat[..., 3] = 1
    rollout = loaded(folder, {"base_pos": pos, "base_quat": quat, "dt": 0.02, "quat_order": "xyzw"})
    return [v.reason for v in verdicts_on(rollout, "base_pos") if "axes" in v.finding]


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("noise", [0, 0.003])
@pytest.mark.parametrize(("num_steps", "num_envs"), [(30, 4), (200, 16), (400, 3)])
def test_axes_in_the_wrong_order_are_doubted_and_others_are_not(
    tmp_path: Path, row: str, noise: float, num_steps: int, num_envs: int
) -> None:
    pos = walks(num_steps, num_envs, noise) + ROWS[row](num_envs)
    assert axes_doubts(tmp_path, pos) == []
    if noise and row == "at one place" and num_steps < 200:
        return  # The envs have not parted yet.
    (reason,) = axes_doubts(tmp_path, pos.swapaxes(0, 1))
    assert "along the second axis the base moves smoothly, 0.01" in reason
    assert reason.endswith("transpose the arrays: array.swapaxes(0, 1)")


def test_one_trajectory_with_its_env_in_front_is_doubted(tmp_path: Path) -> None:
    assert "there is one step only along the first" in axes_doubts(tmp_path, walks(100, 1).swapaxes(0, 1))[0]
    assert axes_doubts(tmp_path, walks(100, 1)) == []
    assert axes_doubts(tmp_path, in_a_row(30, 2.5)[None]) == []  # A single step of a grid of envs.


def test_envs_that_are_all_alike_are_not_taken_for_steps(tmp_path: Path) -> None:
    trembling = np.random.default_rng(2).normal(0, 1e-3, (200, 1, 3))
    assert axes_doubts(tmp_path, np.repeat(trembling, 16, axis=1)) == []
    assert axes_doubts(tmp_path, np.repeat(walks(200, 1, 0.002), 16, axis=1)) == []
    speeds = np.outer(np.arange(100) * 0.02, 1 + np.arange(16) * 0.01)
    assert axes_doubts(tmp_path, np.stack([speeds, 0 * speeds, 0 * speeds], axis=-1)) == []
