"""The plain npz that is written out of a recording: what np.load finds in it, and what our reader makes of it."""

from __future__ import annotations

import io
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from replay_viewer import ContainerWriter, EntitySpec, Recorder, RecordingInfo
from replay_viewer.errors import FileProblem
from replay_viewer.npz.object_arrays import CLOSE_OBJECT_ARRAY, open_object_array, value_opcodes
from replay_viewer.npz.write import NpzArray, write_npz
from replay_viewer.record.loop import plain_npz
from replay_viewer.record.loop.plain_info import ENDS, plain_info
from replay_viewer.record.loop.plain_npz import write_plain_npz
from replay_viewer.record.rows import Rows

T, N, D = 30, 2, 3
FALL, LATE = 11, 20
needs_reader = pytest.mark.skipif(sys.version_info < (3, 10), reason="the reader needs Python 3.10")


def unit_quaternions(*shape: int) -> np.ndarray:
    quats = np.random.default_rng(2).normal(size=(*shape, 4)).astype(np.float32)
    return quats / np.linalg.norm(quats, axis=-1, keepdims=True)


def walking(t: int) -> dict[str, np.ndarray]:
    """A step of two robots that walk along x, turn, and stand higher with every step."""
    values = np.arange(N * D, dtype=np.float32).reshape(N, D) / 10 + t / 100
    terms = np.stack([np.full(N, 0.5), np.arange(N) - t / 10], -1).astype(np.float32)
    return {
        "robot.base_pos": np.stack([[0.02 * t] * N, np.arange(N), np.full(N, 0.4 + t / 1000)], -1),
        "robot.base_wxyz": unit_quaternions(T, N)[t],
        "robot.joint_pos": values,
        "robot.joint_vel": values + 1,
        "robot.joint_torque": values + 2,
        "robot.base_lin_vel": values + 3,
        "robot.base_ang_vel": values + 4,
        "command": values[:, :2],
        "act": values,
        "rew": terms.sum(-1),
        "rew_terms": terms,
    }


TERMINAL = {
    **{"robot.base_pos": np.array([[9.0, 9, 9]]), "robot.base_wxyz": np.array([[0.0, 1, 0, 0]])},
    "robot.joint_pos": np.full((1, D), 7.0),
}
FACTS: dict[str, Any] = {
    **{"control_dt": 0.02, "env_ids": [5, 7], "entities": [EntitySpec("robot", joint_names=["a", "b", "c"])]},
    **{"reward_terms": ["one", "two"], "seed": 3, "env_origins": np.zeros((N, 3)), "metadata": {"task": "walk"}},
}


def record(path: Path, **facts: Any) -> Path:
    """Env 5 falls at step 11; env 7 runs out of time at step 20, of which the joints' velocities are known too."""
    with Recorder(path, **{**FACTS, **facts}) as recorder:
        for t in range(T):
            if t == FALL:
                recorder.end_episodes([0], "terminated", TERMINAL, success=[False])
            if t == LATE:
                recorder.end_episodes([1], "truncated", {**TERMINAL, "robot.joint_vel": np.full((1, D), 8.0)})
            recorder.append(walking(t))
    return recorder.path


def column(name: str) -> np.ndarray:
    return np.stack([walking(t)[name] for t in range(T)]).astype(np.float32)


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """The file of such a recording, as np.load gives it."""
    return np.load(str(write_plain_npz(record(tmp_path / "run.rec"), tmp_path / "run.npz")))


def test_every_field_stands_under_its_plain_name(written: Any) -> None:
    names = {
        **{"robot.joint_torque": "torques", "robot.base_lin_vel": "base_lin_vel"},
        **{"robot.base_ang_vel": "base_ang_vel", "command": "command", "act": "act", "rew": "rew"},
    }
    for field, name in names.items():
        np.testing.assert_array_equal(written[name], column(field), err_msg=name)
    for index, name in enumerate(("one", "two")):
        np.testing.assert_array_equal(written[f"reward_terms/{name}"], column("rew_terms")[..., index])
    assert (float(written["dt"]), written["env_ids"].tolist()) == (0.02, [5, 7])
    assert written["dof_names"].tolist() == ["a", "b", "c"]
    assert str(written["quat_order"]) == "xyzw"
    assert written["env_origins"].shape == (N, 3)


def test_the_done_row_shows_the_state_in_which_the_episode_ended(written: Any) -> None:
    pos, quat = column("robot.base_pos"), column("robot.base_wxyz")[..., [1, 2, 3, 0]]
    joints, velocities = column("robot.joint_pos"), column("robot.joint_vel")
    for step, env in ((FALL, 0), (LATE, 1)):
        pos[step, env], quat[step, env], joints[step, env] = [9, 9, 9], [1, 0, 0, 0], 7
    velocities[LATE, 1] = 8
    np.testing.assert_array_equal(written["base_pos"], pos)
    np.testing.assert_array_equal(written["base_quat"], quat)
    np.testing.assert_array_equal(written["dof_pos"], joints)
    np.testing.assert_array_equal(written["dof_vel"], velocities)
    assert str(written["done_row"]) == "terminal"


def test_ends_and_successes_are_flagged_where_they_are_known(written: Any) -> None:
    assert np.argwhere(written["terminated"]).tolist() == [[FALL, 0]]
    assert np.argwhere(written["truncated"]).tolist() == [[LATE, 1]]
    assert written["success"][FALL, 0] == 0
    assert np.isnan(written["success"]).sum() == T * N - 1


def test_without_the_last_state_the_done_row_is_not_called_terminal(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", terminal_states="lost", **FACTS) as recorder:
        for t in range(T):
            if t == FALL:
                recorder.end_episodes([0], "terminated")
            recorder.append(walking(t))
    file = np.load(str(write_plain_npz(recorder.path, tmp_path / "run.npz")))
    assert "done_row" not in file.files
    assert "success" not in file.files
    np.testing.assert_array_equal(file["base_pos"], column("robot.base_pos"))


def test_records_at_the_beginning_may_be_left_out(tmp_path: Path) -> None:
    file = np.load(str(write_plain_npz(record(tmp_path / "run.rec"), tmp_path / "run.npz", first=FALL + 1)))
    np.testing.assert_array_equal(file["rew"], column("rew")[FALL + 1 :])
    assert not file["terminated"].any()
    assert np.argwhere(file["truncated"]).tolist() == [[LATE - FALL - 1, 1]]


def test_thinned_recordings_keep_true_poses_and_their_ends(tmp_path: Path) -> None:
    file = np.load(str(write_plain_npz(record(tmp_path / "run.rec", every=4), tmp_path / "run.npz")))
    assert float(file["dt"]) == 0.08
    assert np.argwhere(file["terminated"]).tolist() == [[FALL // 4, 0]]
    # Step 11 was not recorded, so that its state belongs to no row; step 20 was.
    np.testing.assert_array_equal(file["base_pos"][FALL // 4, 0], column("robot.base_pos")[8, 0])
    np.testing.assert_array_equal(file["base_pos"][LATE // 4, 1], [9, 9, 9])


def test_an_episode_between_two_records_ends_none_of_their_steps(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", **{**FACTS, "every": 4}) as recorder:
        for t in range(T):
            if t in (FALL - 1, FALL):
                recorder.end_episodes([0], "terminated" if t == FALL - 1 else "truncated", TERMINAL)
            recorder.append(walking(t))
    file = np.load(str(write_plain_npz(recorder.path, tmp_path / "run.npz")))
    assert np.argwhere(file["terminated"]).tolist() == [[FALL // 4, 0]]
    assert not file["truncated"].any()


def test_a_recording_of_several_files_is_one_rollout(tmp_path: Path) -> None:
    info = RecordingInfo(**FACTS)
    with ContainerWriter(tmp_path / "run.rec", info, segment_bytes=3000) as writer:
        for t in range(T):
            writer.append(t, 0.02 * t, walking(t))
    assert len(list((tmp_path / "run.rec").glob("frames-*.npy"))) > 3
    file = np.load(str(write_plain_npz(tmp_path / "run.rec", tmp_path / "run.npz", first=5)))
    np.testing.assert_array_equal(file["act"], column("act")[5:])


def test_blocks_of_any_size_give_the_same(written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_npz.RecordedSteps, "block_steps", 7)
    again = np.load(str(write_plain_npz(tmp_path / "run.rec", tmp_path / "again.npz")))
    assert again.files == written.files
    for name in written.files:
        np.testing.assert_array_equal(again[name], written[name], err_msg=name)


def test_robots_of_the_same_joints_share_arrays_and_objects_keep_their_names(tmp_path: Path) -> None:
    entities = [EntitySpec(f"robot_{i}", joint_names=["a", "b"]) for i in range(3)] + [EntitySpec("box", "object")]
    pos = np.random.default_rng(3).normal(size=(4, N, 4, 3)).astype(np.float32)
    quat = unit_quaternions(4, N, 4)
    with Recorder(tmp_path / "run.rec", control_dt=0.02, env_ids=[0, 1], entities=entities) as recorder:
        for t in range(4):
            values = {f"{e.name}.base_pos": pos[t, :, i] for i, e in enumerate(entities)}
            values.update({f"{e.name}.base_wxyz": quat[t, :, i] for i, e in enumerate(entities)})
            values.update({f"robot_{i}.joint_pos": pos[t, :, i, :2] for i in range(3)})
            recorder.append({**values, "rew": pos[t, :, :3, 0]})
    file = np.load(str(write_plain_npz(recorder.path, tmp_path / "run.npz")))
    np.testing.assert_array_equal(file["base_pos"], pos[:, :, :3])
    np.testing.assert_array_equal(file["base_quat"], quat[:, :, :3][..., [1, 2, 3, 0]])
    np.testing.assert_array_equal(file["dof_pos"], pos[:, :, :3, :2])
    np.testing.assert_array_equal(file["rew"], pos[:, :, :3, 0])
    np.testing.assert_array_equal(file["box.base_pos"], pos[:, :, 3])
    np.testing.assert_array_equal(file["box.base_wxyz"], quat[:, :, 3])


def test_a_signal_whose_name_means_something_else_is_kept_apart(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", control_dt=0.02, env_ids=[0]) as recorder:
        for _ in range(3):
            pose = {"robot.base_pos": np.zeros((1, 3)), "robot.base_wxyz": np.array([[1.0, 0, 0, 0]])}
            recorder.append({**pose, "torques": np.ones((1, 5)), "time_outs": np.ones(1), "feet": np.ones((1, 2))})
    file = np.load(str(write_plain_npz(recorder.path, tmp_path / "run.npz")))
    assert {"signals/torques", "signals/time_outs", "feet"} <= set(file.files)
    assert not {"torques", "time_outs"} & set(file.files)


@needs_reader
def test_our_reader_finds_everything_found_or_stated(tmp_path: Path) -> None:
    from replay_viewer import load_rollout

    infos = NpzArray("info", (T,), np.dtype(object), lambda: info_pieces([{"speed": np.ones(N)}] * T))
    path = write_plain_npz(record(tmp_path / "run.rec"), tmp_path / "run.npz", [infos])
    rollout = load_rollout(path)
    assert {verdict.status for verdict in rollout.verdicts if verdict.topic != "arrays"} <= {"found", "stated"}
    assert [(v.finding, v.status) for v in rollout.verdicts if v.topic == "arrays"] == [("not recorded: obs", "stated")]
    ends = [[(e.last_step, e.outcome, e.terminal_state, e.success) for e in rollout.episodes(env)] for env in range(N)]
    assert ends[0] == [(FALL, "terminated", "recorded", False), (T - 1, "unfinished", "none", None)]
    assert ends[1] == [(LATE, "truncated", "recorded", None), (T - 1, "unfinished", "none", None)]
    np.testing.assert_array_equal(rollout.read("rew_terms"), column("rew_terms"))
    np.testing.assert_array_equal(rollout.read("info/speed"), np.ones((T, N)))
    assert rollout.metadata["task"] == "walk"
    assert rollout.metadata["seed"] == 3
    rollout.close()


def test_an_existing_file_is_numbered_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    paths = [write_npz(path, [NpzArray.of("number", number)]) for number in range(3)]
    assert [p.name for p in paths] == ["run.npz", "run-2.npz", "run-3.npz"]
    assert [int(np.load(str(p))["number"]) for p in paths] == [0, 1, 2]


def test_what_fails_leaves_no_file_behind(tmp_path: Path) -> None:
    def pieces() -> Any:
        yield b"12345678"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_npz(tmp_path / "run.npz", [NpzArray("x", (2,), np.dtype(float), pieces)])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"missing/run\.npz: cannot be written: No such file"):
        write_npz(tmp_path / "missing" / "run.npz", [])


INFOS = [
    {"speed": np.arange(3, dtype=np.float32) * t, "deep": {"flag": np.array([True, False]), "word": "naïve"}}
    for t in range(4)
] + [
    {},
    {"whole": 3, "real": 0.5, "none": None, "yes": True, "big": np.zeros((2, 2), ">f8"), "scalar": np.array(7)},
    [{"a": 1}, {"b": [1, 2.5]}],
]  # fmt: skip


def info_pieces(infos: list[Any]) -> list[bytes]:
    return [open_object_array(len(infos)), *map(value_opcodes, infos), CLOSE_OBJECT_ARRAY]


def test_object_arrays_of_plain_values_are_read_by_numpy(tmp_path: Path) -> None:
    infos = NpzArray("info", (len(INFOS),), np.dtype(object), lambda: info_pieces(INFOS))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = np.load(str(write_npz(tmp_path / "run.npz", [infos])), allow_pickle=True)["info"]
    assert read.shape == (len(INFOS),)
    np.testing.assert_equal(list(read), INFOS)
    assert read[1]["speed"].dtype == np.float32


def test_their_pickle_names_nothing_that_an_older_or_newer_numpy_lacks() -> None:
    text = b"".join(info_pieces(INFOS))
    assert b"numpy._core" not in text
    assert b"cnumpy.core.multiarray\n_reconstruct\n" in text
    assert len(pickle.load(io.BytesIO(text))) == len(INFOS)


def test_of_an_info_plain_data_about_the_recorded_envs_is_kept() -> None:
    speeds, image = np.arange(4.0), np.zeros((4, 100))
    info = {
        **{"speed": speeds, "feet": np.zeros((4, 2)), "image": image, "mean": np.float32(0.5), "word": "fell"},
        **{"nested": {"speed": speeds, "thing": object()}, "thing": object(), "objects": np.array([{}, None])},
        **{1: 2, "none": None, "time_outs": speeds > 1, "TimeLimit.truncated": True},
    }
    kept = plain_info(info, Rows([1, 3]), 4)
    assert set(kept) == {"speed", "feet", "mean", "word", "nested", "1"}
    assert kept["speed"].tolist() == [1, 3]
    assert kept["feet"].shape == (2, 2)
    assert (kept["mean"], kept["word"], kept["1"]) == (0.5, "fell", 2)
    assert kept["nested"]["speed"].tolist() == [1, 3]
    speeds[:] = 9
    assert kept["speed"].tolist() == [1, 3]


def test_an_info_of_one_dictionary_per_env_stays_one() -> None:
    infos = [{"x": env, "TimeLimit.truncated": True} for env in range(4)]
    assert plain_info(infos, Rows([1, 3]), 4) == [{"x": 1}, {"x": 3}]
    assert plain_info(None, Rows([0]), 1) == {}


@needs_reader
def test_every_flag_that_the_reader_knows_is_kept_out_of_info() -> None:
    from replay_viewer.formats.evidence.ends import FLAG_ROLES

    assert set(FLAG_ROLES) == ENDS
