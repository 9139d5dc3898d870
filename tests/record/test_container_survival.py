"""Claims about what a recording survives: death, full disks, and what `repair` makes of it. Python 3.8 suffices."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from container_child import EPISODE_STEPS
from container_samples import (
    PlainReader,
    append_steps,
    fallen,
    record,
    sample_info,
    sample_values,
    terminal_values,
    write_lost_ends,
)

from replay_viewer.container.repair import repair
from replay_viewer.container.terminals import EpisodeEnds
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import FileProblem

CHILD = Path(__file__).parents[1] / "helpers" / "container_child.py"


def killed_recording(path: Path, seconds: float) -> int:
    """Let a simulation record, kill it that long after its first step, and return the last step it had appended."""
    with subprocess.Popen([sys.executable, str(CHILD), str(path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(seconds)
        child.kill()
        lines = (first + child.stdout.read()).splitlines()
    return int(lines[-1])


@pytest.mark.parametrize("seed", range(8))
def test_kill_9_loses_nothing_that_was_appended(tmp_path: Path, seed: int) -> None:
    last = killed_recording(tmp_path / "run.rec", random.Random(seed).uniform(0, 0.3))
    reader = PlainReader(tmp_path / "run.rec")
    # The process may have died between a step's write and its line here.
    assert last + 1 <= reader.num_steps <= last + 2
    for index in range(reader.num_steps):
        assert reader.step(index) == index
    for name, array in sample_values(last).items():
        np.testing.assert_array_equal(reader.value(name, last, 3), array[3])
    ended = [end["step"] for end in reader.ends()]
    assert ended == list(range(EPISODE_STEPS - 1, reader.num_steps, EPISODE_STEPS))


def test_a_killed_recording_opens_in_plain_numpy_and_wholly_after_repair(tmp_path: Path) -> None:
    last = killed_recording(tmp_path / "run.rec", 0.1)
    reader = PlainReader(tmp_path / "run.rec")
    before = sum(len(np.load(segment)) for segment in reader.segments)
    assert before <= reader.num_steps
    report = repair(tmp_path / "run.rec")
    frames = np.concatenate([np.load(segment) for segment in reader.segments])
    assert report.num_steps == len(frames) >= last + 1
    np.testing.assert_array_equal(frames["step"], np.arange(len(frames)))
    assert report.num_ends == len(np.load(tmp_path / "run.rec" / "terminals.npy"))


def test_a_write_that_is_cut_short_leaves_whole_records_and_one_clear_message(tmp_path: Path) -> None:
    limit = 50_000
    command = [sys.executable, str(CHILD), str(tmp_path / "run.rec"), str(limit)]
    lines = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode().splitlines()
    appended = int(lines[-2]) + 1
    assert lines[-1].startswith(f"refused: {tmp_path / 'run.rec'}: the disk refused to go on after {appended} steps")
    reader = PlainReader(tmp_path / "run.rec")
    size = reader.segments[0].stat().st_size
    # The limit lies inside of a record, so that the write was short indeed.
    assert size < limit < size + reader.frames["record_bytes"]
    assert (size - reader.frames["header_bytes"]) % reader.frames["record_bytes"] == 0
    assert len(np.load(reader.segments[0])) == reader.num_steps == appended


def test_a_full_disk_stops_the_recording_with_one_message_and_keeps_every_step(tiny_disk: Path) -> None:
    writer = ContainerWriter(tiny_disk / "run.rec", sample_info())
    with pytest.raises(FileProblem, match="No space left on device") as first:
        append_steps(writer, range(10**6))
    appended = writer.num_records
    with pytest.raises(FileProblem) as second:
        append_steps(writer, [10**6])
    assert second.value is first.value
    with pytest.raises(FileProblem, match="No space left"):
        writer.end_episodes(fallen(10**6, [0]))
    reader = PlainReader(tiny_disk / "run.rec")
    size = reader.segments[0].stat().st_size - reader.frames["header_bytes"]
    assert size == appended * reader.frames["record_bytes"], "a torn record is left while the writer is open"
    writer.close()
    frames = np.load(tiny_disk / "run.rec" / "frames-00000.npy")
    assert len(frames) == appended > 100
    np.testing.assert_array_equal(frames["step"], np.arange(appended))
    np.testing.assert_array_equal(frames["env"]["robot.base_pos"][-1], sample_values(appended - 1)["robot.base_pos"])


def test_a_disk_that_is_full_at_once_says_so(tiny_disk: Path) -> None:
    (tiny_disk / "ballast").write_bytes(bytes(380_000))
    with pytest.raises(FileProblem, match="No space left on device"):
        with ContainerWriter(tiny_disk / "run.rec", sample_info()) as writer:
            append_steps(writer, range(100))


def torn(path: Path) -> Path:
    """A recording of five steps whose process died in the sixth, and whose files were all cut inside of something."""
    with ContainerWriter(path, sample_info()) as writer:
        append_steps(writer, range(4))
        writer.end_episodes(fallen(4, [0], values=terminal_values(4, [0])))
        append_steps(writer, [4])
        writer.end_episodes(EpisodeEnds(4, [1], "aborted"))
        writer.note_episode(0, 4, success=True)
    write_lost_ends(path, 5, [2, 3])
    for name, content in (("frames-00000.npy", b"x" * 50), ("terminals.npy", b"x" * 9), ("episodes.jsonl", b'{"env')):
        with open(path / name, "ab") as file:
            file.write(content)
    return path


def test_repair_cuts_torn_ends_and_drops_ends_without_their_step(tmp_path: Path) -> None:
    path = torn(tmp_path / "run.rec")
    report = repair(path)
    assert (report.num_steps, report.num_ends) == (5, 2)
    assert any("Cut 50 bytes of a torn record off frames-00000.npy" in change for change in report.changes)
    assert any("Dropped 2 ends" in change for change in report.changes)
    assert any("torn line off episodes.jsonl" in change for change in report.changes)
    assert np.load(path / "frames-00000.npy")["step"].tolist() == [0, 1, 2, 3, 4]
    ends = np.load(path / "terminals.npy")
    assert ends["env_index"].tolist() == [0, 1]
    assert ends["row"]["robot.base_pos"][0].tolist() == [4, 0, 1000]
    assert [json.loads(line)["success"] for line in (path / "episodes.jsonl").read_text().splitlines()] == [True]


def test_a_second_repair_finds_nothing_to_do(tmp_path: Path) -> None:
    path = torn(tmp_path / "run.rec")
    repair(path)
    files = {file.name: file.read_bytes() for file in path.iterdir()}
    assert repair(path).changes == ()
    assert {file.name: file.read_bytes() for file in path.iterdir()} == files


def test_repair_keeps_its_hands_off_a_recording_that_grows(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(3))
        with pytest.raises(FileProblem, match="still being written"):
            repair(tmp_path / "run.rec")
        append_steps(writer, [3])
    assert repair(tmp_path / "run.rec").num_steps == 4


def test_repair_removes_a_segment_that_was_only_begun(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 3)
    (path / "frames-00001.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(FileProblem, match="expected"):
        repair(path)  # The first segment is not full: this is no crash, but a wrong copy.
    path = record(tmp_path / "full.rec", 3, segment_bytes=1)
    (path / "frames-00003.npy").write_bytes(b"\x93NUMPY")
    assert any("Removed frames-00003.npy" in change for change in repair(path).changes)
    assert PlainReader(path).num_steps == 3


def test_repair_of_what_is_no_recording_says_so(tmp_path: Path) -> None:
    (tmp_path / "file.rec").write_bytes(b"PK")
    with pytest.raises(FileProblem, match="not a recording's folder"):
        repair(tmp_path / "file.rec")
    with pytest.raises(FileProblem, match=r"has no meta\.json"):
        repair(tmp_path)


def test_repair_refuses_a_damaged_header(tmp_path: Path) -> None:
    path = torn(tmp_path / "run.rec")
    with open(path / "frames-00000.npy", "r+b") as file:
        file.write(b"x" * 4096)
    with pytest.raises(FileProblem, match=r"frames-00000\.npy: has not the header"):
        repair(path)
