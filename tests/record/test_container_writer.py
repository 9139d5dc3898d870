"""Claims about writing a recording; they run on Python 3.8 with numpy and pytest alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from container_samples import (
    JOINTS,
    PlainReader,
    append_steps,
    fallen,
    record,
    sample_info,
    sample_values,
    terminal_values,
)

from replay_viewer.container.layout import declare, declare_all, plan_layout
from replay_viewer.container.terminals import EpisodeEnds
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import BadField, FileProblem, UnknownName
from replay_viewer.rollout.entities import EntitySpec

SMALL_SEGMENTS = 5000


def test_every_number_is_where_format_md_says(tmp_path: Path) -> None:
    reader = PlainReader(record(tmp_path / "run.rec", 5))
    assert reader.num_steps == 5
    for step in range(5):
        assert reader.step(step) == step
        for name, array in sample_values(step).items():
            for env in range(4):
                np.testing.assert_array_equal(reader.value(name, step, env), array[env])


def test_plain_numpy_opens_a_closed_recording(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 5)
    frames = np.load(path / "frames-00000.npy")
    assert frames.shape == (5,)
    assert frames["step"].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(frames["t"], np.arange(5) * 0.02)
    np.testing.assert_array_equal(frames["env"]["robot.base_pos"][3], sample_values(3)["robot.base_pos"])
    assert np.load(path / "terminals.npy").shape == (0,)


def test_poses_come_first_in_a_row(tmp_path: Path) -> None:
    fields = PlainReader(record(tmp_path / "run.rec", 1)).meta["row"]["fields"]
    poses = ["robot.base_pos", "robot.base_wxyz", "robot.joint_pos", "box.base_pos", "box.base_wxyz"]
    assert [field["name"] for field in fields] == [*poses, "rew", "rew_terms", "flags"]


def test_records_start_at_a_page_and_state_their_unit(tmp_path: Path) -> None:
    meta = PlainReader(record(tmp_path / "run.rec", 1)).meta
    assert meta["frames"]["header_bytes"] % 4096 == 0
    assert meta["terminals"]["header_bytes"] % 4096 == 0
    units = {field["name"]: field["unit"] for field in meta["row"]["fields"]}
    assert units["box.base_pos"] == "m"


def test_a_full_segment_is_followed_by_the_next(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 20, segment_bytes=SMALL_SEGMENTS)
    reader = PlainReader(path)
    assert len(reader.segments) > 3
    assert [reader.step(index) for index in range(20)] == list(range(20))
    counts = [len(np.load(segment)) for segment in reader.segments]
    assert sum(counts) == 20
    assert set(counts[:-1]) == {reader.frames["records_per_segment"]}


def test_a_record_larger_than_a_segment_still_gets_one(tmp_path: Path) -> None:
    reader = PlainReader(record(tmp_path / "run.rec", 3, segment_bytes=1))
    assert len(reader.segments) == reader.num_steps == 3


@pytest.mark.parametrize("system", ["whole", "takes less at once", "has no pwritev"])
def test_packed_rows_are_written_bit_by_bit(system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = os.pwritev
    if system == "takes less at once":
        monkeypatch.setattr(
            os, "pwritev", lambda fd, blocks, offset: at_once(fd, [blocks[0], bytes(blocks[1])[:9]], offset)
        )
    if system == "has no pwritev":
        monkeypatch.delattr(os, "pwritev")
    fields = declare_all(sample_values(0))
    words = np.random.default_rng(0).integers(0, 2**32, (4, plan_layout(fields, 4).row.num_bytes // 4), dtype=np.uint32)
    with ContainerWriter(tmp_path / "run.rec", sample_info(), fields=fields) as writer:
        writer.append(0, 0.0, words)
        writer.append(1, 0.02, words.view(np.float32))
        writer.append(2, 0.04, np.asfortranarray(words))
    frames = np.load(tmp_path / "run.rec" / "frames-00000.npy")
    for row in frames["env"]:
        np.testing.assert_array_equal(np.frombuffer(row.tobytes(), np.uint32).reshape(4, -1), words)


def test_packed_rows_need_declared_fields(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer, pytest.raises(BadField, match="declared"):
        writer.append(0, 0.0, np.zeros((4, 10), np.float32))


@pytest.mark.parametrize("words", [np.zeros((3, 24), np.float32), np.zeros((4, 24), np.float64)])
def test_packed_rows_of_another_shape_or_type_are_refused(tmp_path: Path, words: np.ndarray) -> None:
    fields = declare_all(sample_values(0))
    with ContainerWriter(tmp_path / "run.rec", sample_info(), fields=fields) as writer:
        with pytest.raises(BadField, match="packed rows"):
            writer.append(0, 0.0, words)


def test_values_are_copied_at_once(tmp_path: Path) -> None:
    values = sample_values(0)
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        writer.append(0, 0.0, values)
        values["rew"][:] = -1
    assert PlainReader(tmp_path / "run.rec").value("rew", 0, 2) == 2


def test_doubles_and_booleans_are_stored_as_words(tmp_path: Path) -> None:
    values = {**sample_values(0), "contact": np.array([True, False, True, False]), "phase": np.arange(4.0)}
    values["count"] = np.arange(-2, 2)
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        writer.append(0, 0.0, values)
    reader = PlainReader(tmp_path / "run.rec")
    dtypes = {field["name"]: field["dtype"] for field in reader.meta["row"]["fields"]}
    assert (dtypes["contact"], dtypes["phase"], dtypes["count"]) == ("<u4", "<f4", "<i4")
    assert reader.value("count", 0, 0) == -2
    assert reader.value("contact", 0, 2) == 1


def test_agents_have_an_axis_of_their_own(tmp_path: Path) -> None:
    values = {**sample_values(0), "rew": np.ones((4, 3), np.float32), "rew_terms": np.ones((4, 3, 2), np.float32)}
    returns = np.array([[1.0, 2.0, 3.0]])
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        writer.append(0, 0.0, values)
        writer.end_episodes(fallen(1, [2], returns=returns))
        writer.append(1, 0.02, values)
    assert np.load(tmp_path / "run.rec" / "terminals.npy")["ret"].tolist() == returns.tolist()
    assert PlainReader(tmp_path / "run.rec").value("rew_terms", 1, 0).shape == (3, 2)


def test_facts_reach_meta_json(tmp_path: Path) -> None:
    origins = np.arange(12.0).reshape(4, 3)
    info = sample_info(
        decimation=4,
        physics_dt=0.005,
        every=2,
        num_envs_total=4096,
        seed=7,
        env_origins=origins,
        metadata={"task": "go"},
    )
    meta = PlainReader(record(tmp_path / "run.rec", 1, info)).meta
    assert meta["env_ids"] == [100, 101, 102, 103]
    assert meta["env_origins"] == origins.tolist()
    expected = {"decimation": 4, "physics_dt": 0.005, "every": 2, "num_envs_total": 4096, "seed": 7}
    assert {key: meta[key] for key in expected} == expected
    assert meta["metadata"] == {"task": "go"}
    assert [entity["name"] for entity in meta["entities"]] == ["robot", "box"]
    assert meta["version"] == "1.1"


def test_a_step_with_a_wrong_shape_is_refused_and_the_next_one_kept(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        with pytest.raises(BadField, match=r"'rew' has shape \(1,\), expected an array of shape \(4,\)"):
            writer.append(1, 0.02, {**sample_values(1), "rew": np.ones(1, np.float32)})
        append_steps(writer, [1])
    assert PlainReader(tmp_path / "run.rec").num_steps == 2


def test_a_field_that_comes_later_is_refused_with_the_way_to_declare_it(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        with pytest.raises(UnknownName, match=r"'late'.*fields=\[\.\.\.\]"):
            writer.append(1, 0.02, {**sample_values(1), "late": np.ones(4)})


def test_a_field_that_is_missing_later_is_refused(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        values = sample_values(1)
        del values["rew"]
        with pytest.raises(BadField, match="'rew' is missing in this step"):
            writer.append(1, 0.02, values)


def test_steps_must_increase(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [5])
        with pytest.raises(FileProblem, match="step 5 comes after step 5"):
            append_steps(writer, [5])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"env_ids": []}, "env_ids"),
        ({"env_ids": [1, 1]}, "twice"),
        ({"control_dt": 0.0}, "control_dt"),
        ({"control_dt": float("nan")}, "control_dt"),
        ({"every": 0}, "every"),
        ({"entities": []}, "entities"),
        ({"entities": [EntitySpec("a.b")]}, "a.b"),
        ({"entities": [EntitySpec("a", kind="fish")]}, "fish"),
        ({"terminal_states": "maybe"}, "maybe"),
        ({"env_origins": np.zeros((2, 3))}, "env_origins"),
    ],
)
def test_facts_that_make_no_sense_are_refused_before_anything_is_made(
    tmp_path: Path, changes: dict, problem: str
) -> None:
    with pytest.raises(BadField, match=problem):
        ContainerWriter(tmp_path / "run.rec", sample_info(**changes))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "array", "problem"),
    [
        ("robot.base_wxyz", np.zeros((4, 3), np.float32), r"shape \(3,\) per env and step, expected \(4,\)"),
        ("robot.joint_pos", np.zeros((4, 2), np.float32), r"expected \(3,\)"),
        ("rew_terms", np.zeros((4, 9), np.float32), r"expected \(2,\)"),
        ("empty", np.zeros((4, 0), np.float32), "holds nothing"),
        ("text", np.array(["a"] * 4), "is no number"),
        ("a name", np.zeros(4), "no usable name"),
    ],
)
def test_a_first_step_that_does_not_fit_is_refused(tmp_path: Path, name: str, array: np.ndarray, problem: str) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer, pytest.raises(BadField, match=problem):
        writer.append(0, 0.0, {**sample_values(0), name: array})


def test_an_entity_without_a_pose_is_refused(tmp_path: Path) -> None:
    info = sample_info(entities=[EntitySpec("robot", joint_names=JOINTS), EntitySpec("ball", kind="object")])
    with ContainerWriter(tmp_path / "run.rec", info) as writer, pytest.raises(BadField, match=r"ball\.base_pos"):
        append_steps(writer, [0])


def test_two_writers_on_one_path_are_refused(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        with pytest.raises(FileProblem, match="exists already"):
            ContainerWriter(tmp_path / "run.rec", sample_info())
        append_steps(writer, [1])
    assert PlainReader(tmp_path / "run.rec").num_steps == 2


def test_a_closed_writer_says_so(tmp_path: Path) -> None:
    writer = ContainerWriter(tmp_path / "run.rec", sample_info())
    append_steps(writer, [0])
    writer.close()
    writer.close()
    with pytest.raises(FileProblem, match="closed"):
        append_steps(writer, [1])
    with pytest.raises(FileProblem, match="closed"):
        writer.end_episodes(fallen(1, [0]))
    with pytest.raises(FileProblem, match="closed"):
        writer.note_episode(0, 0, success=True)
    with pytest.raises(FileProblem, match="closed"):
        writer.log("marker")


def test_a_list_in_place_of_an_array_is_refused(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        with pytest.raises(BadField, match=r"'rew' is a list, expected an array of shape \(4,\)"):
            writer.append(1, 0.02, {**sample_values(1), "rew": [1.0, 2.0, 3.0, 4.0]})  # type: ignore[dict-item]


def test_ends_of_no_episode_write_nothing(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        writer.end_episodes(fallen(1, [], values=terminal_values(1, [])))
        append_steps(writer, [1])
    assert PlainReader(tmp_path / "run.rec").ends() == []


def test_the_log_ends_with_a_line_at_a_clean_close(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(3))
        writer.log("marker", text="here")
    lines = [json.loads(line) for line in (tmp_path / "run.rec" / "log.jsonl").read_text().splitlines()]
    assert [(line["kind"], line["num_records"]) for line in lines] == [("marker", 3), ("end", 3)]


def test_the_header_states_the_count_while_the_recording_grows(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(3))
        deadline = time.monotonic() + 20
        while len(np.load(tmp_path / "run.rec" / "frames-00000.npy")) < 3:
            assert time.monotonic() < deadline, "the count was never patched"
            time.sleep(0.05)


def test_full_segments_are_closed_while_the_recording_grows(tmp_path: Path) -> None:
    def open_segments() -> int:
        links = [os.path.join("/proc/self/fd", fd) for fd in os.listdir("/proc/self/fd")]
        targets = [os.readlink(link) for link in links if os.path.lexists(link)]
        return sum("frames-" in target and target.startswith(str(tmp_path)) for target in targets)

    with ContainerWriter(tmp_path / "run.rec", sample_info(), segment_bytes=SMALL_SEGMENTS) as writer:
        append_steps(writer, range(20))
        deadline = time.monotonic() + 20
        while open_segments() > 1:
            assert time.monotonic() < deadline, "full segments stay open"
            time.sleep(0.05)


def test_ends_of_episodes_carry_their_first_and_last_record(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(3))
        writer.end_episodes(fallen(3, [1, 2], values=terminal_values(3, [1, 2]), reasons=["fell", ""], lengths=[9, 4]))
        append_steps(writer, range(3, 5))
        writer.end_episodes(EpisodeEnds(5, [1], "truncated", success=[True], returns=np.array([2.5])))
        append_steps(writer, [5])
    ends = PlainReader(tmp_path / "run.rec").ends()
    spans = [(e["env_index"], e["step"], e["first_record"], e["last_record"], e["episode"]) for e in ends]
    assert spans == [(1, 3, 0, 3, 0), (2, 3, 0, 3, 0), (1, 5, 4, 5, 1)]
    assert [(e["outcome"], e["reason"], e["length"], e["success"]) for e in ends] == [
        (1, 0, 9, -1),
        (1, -1, 4, -1),
        (2, -1, -1, 1),
    ]
    assert [e["terminal_state"] for e in ends] == [1, 1, 0]
    assert ends[2]["ret"] == 2.5
    assert np.isnan(ends[0]["ret"])


def test_a_terminal_row_holds_the_state_before_the_reset_and_marks_what_is_not_captured(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        writer.end_episodes(fallen(1, [3], values=terminal_values(1, [3])))
        append_steps(writer, [1])
    row = np.load(tmp_path / "run.rec" / "terminals.npy")["row"][0]
    assert row["robot.base_pos"].tolist() == [1, 3, 1000]
    assert np.isnan(row["rew"])
    assert row["flags"] == 0xFFFFFFFF


def test_terminal_states_can_come_packed(tmp_path: Path) -> None:
    fields = declare_all(sample_values(0))
    words = np.arange(plan_layout(fields, 4).row.num_bytes // 4, dtype=np.uint32)[None]
    with ContainerWriter(tmp_path / "run.rec", sample_info(), fields=fields) as writer:
        append_steps(writer, [0])
        writer.end_episodes(fallen(1, [0], values=words))
        append_steps(writer, [1])
    assert PlainReader(tmp_path / "run.rec").ends()[0]["row"] == words.tobytes()


def test_a_terminal_state_without_a_pose_is_refused(tmp_path: Path) -> None:
    values = terminal_values(1, [0])
    del values["box.base_wxyz"]
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        with pytest.raises(BadField, match=r"box\.base_wxyz"):
            writer.end_episodes(fallen(1, [0], values=values))


def test_an_episode_may_end_in_the_very_first_step(tmp_path: Path) -> None:
    values = terminal_values(0, [2])
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        writer.end_episodes(fallen(0, [2], values=values))
        values["robot.base_pos"][:] = -1  # The simulator reuses its buffers.
        append_steps(writer, [0, 1])
    (end,) = PlainReader(tmp_path / "run.rec").ends()
    assert (end["first_record"], end["last_record"]) == (0, 0)
    assert np.frombuffer(end["row"], np.float32, 3).tolist() == [0, 2, 1000]


def test_resets_before_the_first_step_end_no_episode(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        writer.end_episodes(EpisodeEnds(0, range(4), "aborted"))
        append_steps(writer, [0])
    assert PlainReader(tmp_path / "run.rec").ends() == []


def test_a_reset_outside_a_step_aborts_after_the_last_record(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(3))
        writer.end_episodes(EpisodeEnds(2, [0, 1], "aborted"))
        writer.end_episodes(EpisodeEnds(2, [0], "aborted"))  # Again, with nothing recorded in between.
        append_steps(writer, [3])
        writer.end_episodes(EpisodeEnds(3, [0], "aborted"))
    ends = PlainReader(tmp_path / "run.rec").ends()
    assert [(e["env_index"], e["first_record"], e["last_record"], e["terminal_state"]) for e in ends] == [
        (0, 0, 2, 2),
        (1, 0, 2, 2),
        (0, 3, 3, 2),
    ]


def test_an_end_between_two_records_belongs_to_the_one_before(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info(every=4)) as writer:
        append_steps(writer, [0, 4])
        writer.end_episodes(fallen(6, [0], step_is_recorded=False))
        writer.end_episodes(
            fallen(7, [0], step_is_recorded=False)
        )  # An episode of one step, of which none is recorded.
        append_steps(writer, [8])
    ends = PlainReader(tmp_path / "run.rec").ends()
    assert [(e["first_record"], e["last_record"], e["terminal_state"]) for e in ends] == [(0, 1, 3), (2, 1, 3)]


@pytest.mark.parametrize(
    "ends",
    [
        fallen(1, [4]),
        fallen(1, [-1]),
        fallen(1, [0], outcome="vanished"),
        fallen(1, [0], reasons=["unheard of"]),
    ],
)
def test_ends_with_unknown_names_are_refused_and_not_written(tmp_path: Path, ends: EpisodeEnds) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        with pytest.raises(UnknownName):
            writer.end_episodes(ends)
        append_steps(writer, [1])
    assert PlainReader(tmp_path / "run.rec").ends() == []


def test_ends_whose_facts_do_not_match_their_number_are_refused(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        with pytest.raises(BadField, match="length"):
            writer.end_episodes(fallen(1, [0, 1], lengths=[5]))


def test_a_declaration_keeps_its_unit_and_adds_the_known_ones() -> None:
    assert declare("effort", (3,), unit="J").unit == "J"
    assert declare("robot.base_lin_vel", (3,)).unit == "m/s"


def test_late_facts_get_a_line(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        writer.note_episode(2, 0, success=np.bool_(True), variation=np.float32(0.5))
    line = json.loads((tmp_path / "run.rec" / "episodes.jsonl").read_text())
    assert line == {"env_index": 2, "step": 0, "success": True, "variation": 0.5}


def test_the_recorder_imports_numpy_alone() -> None:
    code = (
        "import sys\n"
        "import replay_viewer.container.writer, replay_viewer.container.repair\n"
        "import replay_viewer.container.pack\n"
        "heavy = {'viser', 'trimesh', 'yourdfpy', 'torch', 'tyro', 'lxml', 'scipy', 'PIL'}\n"
        "assert not heavy & {name.partition('.')[0] for name in sys.modules}, sorted(heavy & set(sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[2])


def test_a_recording_of_one_env_keeps_its_env_axis(tmp_path: Path) -> None:
    info = replace(sample_info(1), entities=sample_info().entities)
    frames = np.load(record(tmp_path / "run.rec", 2, info) / "frames-00000.npy")
    assert frames["env"].shape == (2, 1)


@pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="only Linux tells what is in its memory")
def test_segments_that_are_full_leave_the_memory(tmp_path: Path) -> None:
    if is_in_memory(tmp_path):
        pytest.skip("this file system has nowhere else to keep it")
    with ContainerWriter(tmp_path / "run.rec", sample_info(), segment_bytes=SMALL_SEGMENTS) as writer:
        append_steps(writer, range(40))
        segments = sorted((tmp_path / "run.rec").glob("frames-*.npy"))
        deadline = time.monotonic() + 30
        while (tmp_path / "run.rec" / "log.jsonl").read_text().count('"segment"') < len(segments) - 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert len(segments) > 1
    # Each is asked once: the question has the system read it. What the system is busy with, it may keep.
    cached = [is_first_byte_cached(path) for path in segments]
    assert cached[-1] and sum(cached[:-1]) <= len(segments) // 4


def is_first_byte_cached(path: Path) -> bool:
    with open(str(path), "rb", buffering=0) as file:
        return is_cached(file.fileno(), 0)


def is_cached(fd: int, offset: int) -> bool:
    """Whether a byte of a file can be read without its disk."""
    try:
        return os.preadv(fd, [bytearray(1)], offset, os.RWF_NOWAIT) == 1
    except BlockingIOError:
        return False


def is_in_memory(folder: Path) -> bool:
    """Whether its files stay in the memory whatever one says."""
    with open(str(folder / "probe"), "w+b") as probe:
        probe.write(bytes(1 << 16))
        probe.flush()
        os.fsync(probe.fileno())
        os.posix_fadvise(probe.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return is_cached(probe.fileno(), 0)
