"""Claims about reading a recording, from its folder and packed."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from container_samples import (
    BOX,
    JOINTS,
    TERMS,
    append_steps,
    fallen,
    record,
    sample_info,
    sample_values,
    terminal_values,
    write_lost_ends,
)

from replay_viewer.container.pack import pack
from replay_viewer.container.reader import open_container
from replay_viewer.container.terminals import EpisodeEnds
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.rollout import Rollout

Opener = Callable[[Path], Rollout]


@pytest.fixture(params=["folder", "packed"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens a recording's folder, as it is or packed first."""
    rollouts: list[Rollout] = []

    def open_it(path: Path) -> Rollout:
        rollouts.append(open_container(pack(path, tmp_path / "one.rec") if request.param == "packed" else path))
        return rollouts[-1]

    yield open_it
    for rollout in rollouts:
        rollout.close()


def findings(rollout: Rollout, topic: str) -> list[str]:
    return [verdict.finding for verdict in rollout.verdicts if verdict.topic == topic]


def test_what_was_written_is_what_is_read(tmp_path: Path, opened: Opener) -> None:
    rollout = opened(record(tmp_path / "run.rec", 20, segment_bytes=5000))
    assert (rollout.num_steps, rollout.num_envs) == (20, 4)
    for name in sample_values(0):
        expected = np.stack([sample_values(step)[name] for step in range(20)])
        np.testing.assert_array_equal(rollout.read(name), expected)
        assert rollout.fields[name].shape == expected.shape[2:]
        assert rollout.fields[name].dtype == expected.dtype


def test_the_facts_of_a_recording_reach_the_rollout(tmp_path: Path, opened: Opener) -> None:
    origins = np.arange(12.0).reshape(4, 3)
    info = sample_info(seed=7, decimation=4, physics_dt=0.005, env_origins=origins, metadata={"task": "go"})
    rollout = opened(record(tmp_path / "run.rec", 2, info, terrain=(np.eye(3), np.array([[0, 1, 2]]))))
    assert rollout.env_ids == (100, 101, 102, 103)
    assert rollout.env_index(102) == 2
    assert rollout.reward_terms == TERMS
    assert list(rollout.entities) == ["robot", "box"]
    assert rollout.entities["robot"].joint_names == JOINTS
    assert rollout.entities["box"].shape == BOX
    assert rollout.entities["box"].kind == "object"
    np.testing.assert_array_equal(rollout.env_origins, origins)
    assert rollout.terrain is not None
    np.testing.assert_array_equal(rollout.terrain.vertices, np.eye(3))
    assert rollout.metadata["task"] == "go"
    assert (rollout.metadata["seed"], rollout.metadata["decimation"]) == (7, 4)
    assert rollout.fields["robot.base_pos"].unit == "m"


@pytest.mark.parametrize("steps", [slice(0, 20), slice(3, 17), slice(1, 20, 3), slice(19, 20), slice(7, 7)])
@pytest.mark.parametrize("envs", [[0], [3, 0], range(4), [2, 2], []])
def test_any_window_of_steps_and_envs_is_read_rightly(tmp_path: Path, steps: slice, envs: Sequence[int]) -> None:
    rollout = open_container(record(tmp_path / "run.rec", 20, segment_bytes=5000))
    whole = np.stack([sample_values(step)["robot.joint_pos"] for step in range(20)])
    block = whole[steps][:, list(envs)]
    np.testing.assert_array_equal(rollout.read("robot.joint_pos", steps, envs), block)
    rollout.close()
    values = np.full((block.shape[2], *block.shape[:2]), np.nan).transpose(1, 2, 0)
    rollout.read_into(values, "robot.joint_pos", steps, envs)
    np.testing.assert_array_equal(values, block)


def test_envs_far_apart_in_large_records_are_read_rightly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(6, 64, 2500)).astype(np.float32)
    with ContainerWriter(tmp_path / "run.rec", sample_info(64), segment_bytes=2_000_000) as writer:
        for step in range(6):
            writer.append(step, 0.0, {**sample_values(step, range(64)), "camera": wide[step]})
    rollout = open_container(tmp_path / "run.rec")
    for envs in ([0, 63], [63, 5, 5, 30], range(64)):
        np.testing.assert_array_equal(rollout.read("camera", slice(None), envs), wide[:, list(envs)])
        np.testing.assert_array_equal(rollout.read("camera", slice(1, 6, 2), envs), wide[1:6:2, list(envs)])
    rollout.close()


def test_agents_come_first_in_a_fields_shape(tmp_path: Path, opened: Opener) -> None:
    rewards = np.arange(12, dtype=np.float32).reshape(4, 3)
    terms = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        writer.append(0, 0.0, {**sample_values(0), "rew": rewards, "rew_terms": terms})
    rollout = opened(tmp_path / "run.rec")
    assert rollout.agents_shape == (3,)
    np.testing.assert_array_equal(rollout.read("rew_terms")[0], terms)


def test_several_robots_are_entities_of_their_own(tmp_path: Path, opened: Opener) -> None:
    info = sample_info(
        entities=[EntitySpec("box", kind="object"), EntitySpec("a", joint_names=JOINTS), EntitySpec("b")]
    )
    values = sample_values(3)
    values = {name.replace("robot", "a"): array for name, array in values.items()}
    values.update({"b.base_pos": values["a.base_pos"] + 5, "b.base_wxyz": values["a.base_wxyz"]})
    with ContainerWriter(tmp_path / "run.rec", info) as writer:
        writer.append(0, 0.0, values)
    rollout = opened(tmp_path / "run.rec")
    assert [entity.name for entity in rollout.robots] == ["a", "b"]
    np.testing.assert_array_equal(rollout.read("b.base_pos")[0], values["b.base_pos"])


def test_the_time_step_counts_steps_that_are_left_out(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info(every=5)) as writer:
        append_steps(writer, range(0, 50, 5))
    rollout = open_container(tmp_path / "run.rec")
    assert rollout.control_dt == pytest.approx(0.1)
    assert rollout.num_steps == 10
    assert findings(rollout, "control_dt") == ["0.1 s"]
    assert findings(rollout, "steps") == []
    rollout.close()


def test_a_gap_between_steps_is_reported(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0, 1, 2, 100, 101])
    rollout = open_container(tmp_path / "run.rec")
    assert findings(rollout, "steps") == ["97 steps are missing between others"]
    rollout.close()


def test_an_unwritten_end_after_a_power_failure_is_reported(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 5)
    with open(path / "frames-00000.npy", "ab") as file:
        file.write(bytes(2 * np.load(path / "frames-00000.npy").itemsize))
    rollout = open_container(path)
    assert findings(rollout, "steps") == ["the step numbers do not increase"]
    rollout.close()


def test_episodes_come_from_the_table_and_cover_every_step(tmp_path: Path, opened: Opener) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(3))
        writer.end_episodes(fallen(3, [1], values=terminal_values(3, [1]), reasons=["left"], success=[False]))
        append_steps(writer, range(3, 6))
        writer.end_episodes(EpisodeEnds(5, [1], "aborted"))
        append_steps(writer, [6])
        writer.end_episodes(EpisodeEnds(7, [1, 2], "truncated", success=[True, None]))
        append_steps(writer, range(7, 10))
        writer.note_episode(2, 7, success=True, reason="reached the goal")
    rollout = opened(tmp_path / "run.rec")
    spans = [(e.index, e.first_step, e.last_step, e.outcome, e.terminal_state) for e in rollout.episodes(1)]
    assert spans == [
        (0, 0, 3, "terminated", "captured"),
        (1, 4, 5, "aborted", "recorded"),
        (2, 6, 7, "truncated", "lost"),
        (3, 8, 9, "unfinished", "none"),
    ]
    assert [(e.outcome_reason, e.success) for e in rollout.episodes(1)[:3]] == [("left", False), ("", None), ("", True)]
    assert [(e.outcome_reason, e.success) for e in rollout.episodes(2)[:1]] == [("reached the goal", True)]
    assert [(e.first_step, e.last_step, e.outcome) for e in rollout.episodes(0)] == [(0, 9, "unfinished")]


def test_the_end_of_an_episode_shows_its_terminal_state(tmp_path: Path, opened: Opener) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(3))
        writer.end_episodes(fallen(3, [1, 2], values=terminal_values(3, [1, 2])))
        append_steps(writer, range(3, 6))
    rollout = opened(tmp_path / "run.rec")
    assert rollout.read("robot.base_pos", slice(3, 4))[0, :, 2].tolist() == [0.5] * 4
    shown = rollout.read_shown("robot.base_pos", slice(2, 5), [0, 1, 2])
    assert shown[:, :, 2].tolist() == [[0.5] * 3, [0.5, 1000, 1000], [0.5] * 3]


def test_what_was_not_captured_comes_from_the_record(tmp_path: Path, opened: Opener) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(3))
        writer.end_episodes(fallen(3, [1], values=terminal_values(3, [1])))
        append_steps(writer, [3])
    rollout = opened(tmp_path / "run.rec")
    np.testing.assert_array_equal(
        rollout.read_shown("rew_terms", slice(3, 4), [1])[0, 0], sample_values(3)["rew_terms"][1]
    )
    assert rollout.read_shown("flags", slice(3, 4), [1])[0, 0] == 3


def test_a_simulator_that_resets_late_has_its_terminal_states_in_the_records(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info(terminal_states="recorded")) as writer:
        append_steps(writer, range(3))
        writer.end_episodes(fallen(3, [1]))
        append_steps(writer, range(3, 6))
    rollout = open_container(tmp_path / "run.rec")
    assert rollout.episodes(1)[0].terminal_state == "recorded"
    assert findings(rollout, "terminal state") == ["in the last step"]
    rollout.close()


def test_ends_between_records_keep_the_outcome_and_the_recorded_pose(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info(every=4, terminal_states="lost")) as writer:
        append_steps(writer, [0, 4])
        writer.end_episodes(fallen(6, [0], step_is_recorded=False))
        writer.end_episodes(fallen(7, [0], step_is_recorded=False))
        append_steps(writer, [8, 12])
    rollout = open_container(tmp_path / "run.rec")
    spans = [(e.first_step, e.last_step, e.outcome, e.terminal_state) for e in rollout.episodes(0)]
    assert spans == [(0, 1, "terminated", "none"), (2, 3, "unfinished", "none")]
    assert rollout.read_shown("robot.base_pos", slice(1, 2), [0])[0, 0, 0] == 4
    rollout.close()


def test_an_end_whose_step_was_never_written_is_ignored(tmp_path: Path, opened: Opener) -> None:
    write_lost_ends(record(tmp_path / "run.rec", 3), 3, [1])
    rollout = opened(tmp_path / "run.rec")
    assert [(e.first_step, e.last_step, e.outcome) for e in rollout.episodes(1)] == [(0, 2, "unfinished")]


def test_an_episode_that_ran_before_the_recording_began_is_reported(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(500, 503))
        writer.end_episodes(fallen(503, [1, 2], lengths=[400, 4]))
        append_steps(writer, range(503, 506))
        writer.end_episodes(fallen(506, [1], lengths=[3]))
        append_steps(writer, [506])
    rollout = open_container(tmp_path / "run.rec")
    assert findings(rollout, "episodes") == ["1 had begun before the recording did"]
    assert rollout.episodes(1)[0].outcome == "terminated"
    rollout.close()


def test_a_pause_leaves_an_unfinished_episode_behind(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(3))
        writer.end_episodes(EpisodeEnds(2, range(4), "unfinished"))
        append_steps(writer, range(50, 53))
    rollout = open_container(tmp_path / "run.rec")
    spans = [(e.first_step, e.last_step, e.outcome) for e in rollout.episodes(3)]
    assert spans == [(0, 2, "unfinished"), (3, 5, "unfinished")]
    rollout.close()


def test_damaged_rows_of_the_table_do_no_harm(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(3))
        writer.end_episodes(fallen(3, [1, 2, 3]))
        append_steps(writer, range(3, 9))
        writer.end_episodes(fallen(9, [1, 2]))
        append_steps(writer, [9])
    table = np.load(tmp_path / "run.rec" / "terminals.npy", mmap_mode="r+")
    table["env_index"][0] = 77
    table["first_record"][1] = -5
    table["first_record"][4] = 1
    table["outcome"][3] = 99
    table.flush()
    rollout = open_container(tmp_path / "run.rec")
    for env in range(4):
        covered = [step for e in rollout.episodes(env) for step in range(e.first_step, e.last_step + 1)]
        assert covered == list(range(10))
        assert [e.index for e in rollout.episodes(env)] == list(range(len(rollout.episodes(env))))
    rollout.close()


def test_a_torn_last_record_is_dropped(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 5)
    os.truncate(path / "frames-00000.npy", (path / "frames-00000.npy").stat().st_size - 1)
    rollout = open_container(path)
    assert rollout.num_steps == 4
    assert "a torn last step is left out" in findings(rollout, "end")
    rollout.close()


def test_a_recording_that_grows_is_read_as_it_was_when_opened(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info(), segment_bytes=5000) as writer:
        append_steps(writer, range(5))
        rollout = open_container(tmp_path / "run.rec")
        append_steps(writer, range(5, 30))
        assert rollout.num_steps == 5
        assert rollout.read("rew")[:, 0].tolist() == [0, 1, 2, 3, 4]
        assert findings(rollout, "end") == ["it is still being written"]
        rollout.close()


def test_poses_that_are_none_are_reported(tmp_path: Path) -> None:
    values = sample_values(0)
    values["robot.base_wxyz"][1] = 0
    values["box.base_pos"][2] = np.nan
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        writer.append(0, 0.0, values)
    rollout = open_container(tmp_path / "run.rec")
    assert findings(rollout, "robot.base_wxyz") == ["no unit quaternion"]
    assert findings(rollout, "box.base_pos") == ["not a number"]
    assert findings(rollout, "robot.base_pos") == []
    rollout.close()


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of all reads from now on."""
    sizes: list[int] = []
    pread = os.pread

    def counted(fd: int, size: int, offset: int) -> bytes:
        sizes.append(size)
        return pread(fd, size, offset)

    monkeypatch.setattr(os, "pread", counted)
    return sizes


def test_a_frame_is_one_read_of_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rollout = open_container(record(tmp_path / "run.rec", 20, segment_bytes=5000))
    sizes = count_reads(monkeypatch)
    rollout.read("robot.base_pos", slice(13, 14), [2])
    assert sizes == [12]
    rollout.close()


def test_several_fields_of_the_same_steps_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rollout = open_container(grown(record(tmp_path / "run.rec", 1), 5000))
    sizes = count_reads(monkeypatch)
    for name in ("robot.base_pos", "rew", "rew_terms"):
        rollout.read(name, slice(0, 4096), [2])
    monkeypatch.undo()
    assert sum(sizes) <= os.path.getsize(tmp_path / "run.rec" / "frames-00000.npy")
    rollout.close()


@pytest.mark.parametrize("envs", [[7], [0, 63]])
def test_few_envs_of_large_records_are_read_without_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, envs: list[int]
) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info(64)) as writer:
        for step in range(10):
            camera = np.zeros((64, 2500), np.float32)
            writer.append(step, 0.0, {**sample_values(step, range(64)), "camera": camera})
    rollout = open_container(tmp_path / "run.rec")
    sizes = count_reads(monkeypatch)
    rollout.read("robot.base_pos", slice(None), envs)
    assert sizes == [12] * 10 * len(envs)
    rollout.close()


def grown(path: Path, num_steps: int) -> Path:
    """The recording with many more steps, all zero; they take no room on the disk."""
    size = (path / "frames-00000.npy").stat().st_size
    record_bytes = np.load(path / "frames-00000.npy").itemsize
    os.truncate(path / "frames-00000.npy", size + (num_steps - 1) * record_bytes)
    return path


def test_a_long_column_is_read_in_bounded_memory(tmp_path: Path) -> None:
    rollout = open_container(grown(record(tmp_path / "run.rec", 1), 200_000))
    assert rollout.num_steps == 200_000
    tracemalloc.start()
    column = rollout.read("rew", slice(None), [0])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rollout.close()
    assert peak < column.nbytes + 4_000_000  # The recording itself has 70 MB.


def test_opening_and_closing_leaves_no_file_open(tmp_path: Path, opened: Opener) -> None:
    path = record(tmp_path / "run.rec", 20, segment_bytes=5000)
    before = len(os.listdir("/proc/self/fd"))
    rollout = opened(path)
    rollout.read("rew")
    rollout.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_many_segments_need_few_open_files(tmp_path: Path) -> None:
    rollout = open_container(record(tmp_path / "run.rec", 200, segment_bytes=1))
    before = len(os.listdir("/proc/self/fd"))
    np.testing.assert_array_equal(rollout.read("rew", slice(None), [0])[:, 0], np.arange(200))
    assert len(os.listdir("/proc/self/fd")) - before < 70
    rollout.close()


def test_a_packed_urdf_is_a_file_while_the_rollout_is_open(tmp_path: Path) -> None:
    (tmp_path / "bot.urdf").write_text('<robot><link name="a"/></robot>')
    (tmp_path / "bot.stl").write_text("solid")
    robot = EntitySpec("robot", joint_names=JOINTS, urdf=str(tmp_path / "bot.urdf"))
    ball = EntitySpec("box", kind="object", shape={"type": "mesh", "path": str(tmp_path / "bot.stl")})
    path = record(tmp_path / "run.rec", 1, sample_info(entities=[robot, ball]))
    rollout = open_container(pack(path, tmp_path / "one.rec"))
    urdf, shape = Path(rollout.entities["robot"].urdf or ""), rollout.entities["box"].shape
    assert shape is not None
    assert urdf.read_text() == '<robot><link name="a"/></robot>'
    assert Path(shape["path"]).read_text() == "solid"
    rollout.close()
    assert not urdf.exists()
