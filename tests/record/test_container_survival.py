"""Claims about what a recording survives: death, full disks, and what `repair` makes of it. Python 3.8 suffices."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

import numpy as np
import pytest
from container_child import EPISODE_STEPS
from container_samples import (
    TERMS,
    PlainReader,
    append_steps,
    fallen,
    record,
    sample_info,
    sample_values,
    terminal_values,
    write_lost_ends,
)
from controlled import until

from replay_viewer import Recorder
from replay_viewer.container import step_files
from replay_viewer.container.pack import pack
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
    # The last one may have been begun just before.
    begun = [segment for segment in reader.segments if segment.stat().st_size >= reader.frames["header_bytes"]]
    assert sum(len(np.load(segment)) for segment in begun) <= reader.num_steps
    report = repair(tmp_path / "run.rec")
    frames = np.concatenate([np.load(segment) for segment in PlainReader(tmp_path / "run.rec").segments])
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


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "replay_viewer"]


def recorder(path: Path) -> Recorder:
    facts: dict = {"control_dt": 0.02, "env_ids": range(4), "entities": sample_info().entities, "reward_terms": TERMS}
    return Recorder(path, **facts)


@pytest.mark.parametrize("is_early", [False, True], ids=["found when it is closed", "found while it is recorded"])
def test_a_recording_that_is_deleted_says_so_once_and_the_simulation_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, is_early: bool
) -> None:
    if not is_early:
        monkeypatch.setattr(step_files, "_SYNC_PERIOD", 60.0)
    with recorder(tmp_path / "run.rec") as running:
        for step in range(3):
            running.append(sample_values(step))
        shutil.rmtree(tmp_path / "run.rec")
        if is_early:
            until(lambda: messages(caplog), "that it is found")
        for step in range(3, 6):
            running.append(sample_values(step))
        assert running.is_recording != is_early
    steps = 3 if is_early else 6
    (message,) = messages(caplog)
    assert message.startswith(f"{tmp_path / 'run.rec'}: was deleted while it was recorded, with its {steps} steps.")
    assert not (tmp_path / "run.rec").exists()


def test_a_recording_that_is_deleted_before_its_first_step_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with recorder(tmp_path / "run.rec") as running:
        shutil.rmtree(tmp_path / "run.rec")
        for step in range(3):
            running.append(sample_values(step))
        assert not running.is_recording
    assert len(messages(caplog)) == 1 and "was deleted while it was recorded" in messages(caplog)[0]


@pytest.mark.parametrize("wait", [0, 1.5], ids=["found when it is closed", "found while it is recorded"])
def test_a_recording_that_is_moved_says_so_once_and_is_whole_where_it_is_then(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, wait: float
) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info(), segment_bytes=5000) as writer:
        append_steps(writer, range(3))
        (tmp_path / "run.rec").rename(tmp_path / "moved.rec")
        time.sleep(wait)
        append_steps(writer, range(3, 30))
    assert len(messages(caplog)) == 1 and "run.rec: was moved while it is recorded" in messages(caplog)[0]
    assert repair(tmp_path / "moved.rec").changes == ()
    reader = PlainReader(tmp_path / "moved.rec")
    assert [reader.step(index) for index in range(reader.num_steps)] == list(range(30))
    assert len(reader.segments) > 3


def test_another_recording_in_the_place_of_one_that_was_moved_is_left_alone(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info(), segment_bytes=5000) as writer:
        append_steps(writer, range(3))
        (tmp_path / "run.rec").rename(tmp_path / "moved.rec")
        record(tmp_path / "run.rec", 3)
        append_steps(writer, range(3, 30))
    assert (PlainReader(tmp_path / "run.rec").num_steps, PlainReader(tmp_path / "moved.rec").num_steps) == (3, 30)


def test_a_process_that_goes_to_another_folder_records_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    with ContainerWriter("run.rec", sample_info(), segment_bytes=5000) as writer:
        monkeypatch.chdir(tmp_path / "elsewhere")
        append_steps(writer, range(30))
    assert messages(caplog) == []
    assert PlainReader(tmp_path / "run.rec").num_steps == 30


def contents(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY\x02\x00", bytes(4096), bytes(100)], ids=["empty", "begun", "zeros", "few zeros"]
)
@pytest.mark.parametrize("mend", [repair, lambda path: pack(path, path.with_name("one.rec"))], ids=["repair", "pack"])
def test_a_table_of_ends_that_never_got_to_the_disk_stays_and_is_made_whole(
    tmp_path: Path, content: bytes, mend: Callable[[Path], object]
) -> None:
    """As a power cut leaves a file that is young."""
    path = record(tmp_path / "run.rec", 5)
    (path / "terminals.npy").write_bytes(content)
    mend(path)
    table = np.load(tmp_path / "one.rec")["terminals"] if mend is not repair else np.load(path / "terminals.npy")
    assert table.shape == (0,) and "last_record" in table.dtype.names
    assert repair(path).num_steps == PlainReader(path).num_steps == 5
    assert repair(path).changes == ()


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "no whole step": lambda path: os.truncate(path / "frames-00000.npy", 4200),
    "no segment": lambda path: (path / "frames-00000.npy").unlink(),
    "an empty segment": lambda path: os.truncate(path / "frames-00000.npy", 0),
    "no table of ends": lambda path: (path / "terminals.npy").unlink(),
    "another header": lambda path: overwrite(path / "frames-00000.npy", 0, b"x" * 4096),
    "a table with another header": lambda path: overwrite(path / "terminals.npy", 0, b"x" * 4096),
    "no log, and no step": lambda path: [(path / "log.jsonl").unlink(), os.truncate(path / "frames-00000.npy", 4200)],
}


def overwrite(path: Path, offset: int, content: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(content)


@pytest.mark.parametrize("damage", UNREADABLE)
def test_a_repair_that_fails_leaves_everything_as_it_was(tmp_path: Path, damage: str) -> None:
    path = torn(tmp_path / "run.rec")
    UNREADABLE[damage](path)
    before = contents(path)
    with pytest.raises(FileProblem):
        repair(path)
    assert contents(path) == before
    with pytest.raises(FileProblem):
        pack(path, tmp_path / "one.rec")
    assert not (tmp_path / "one.rec").exists()


def test_a_repair_whose_disk_is_full_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = torn(tmp_path / "run.rec")
    before = contents(path)

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)  # The last thing that it does is a line in the log.
    with pytest.raises(OSError, match="No space left"):
        repair(path)
    monkeypatch.undo()
    assert contents(path) == before


def test_a_repair_says_what_it_cannot_mend(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 5)
    overwrite(path / "frames-00000.npy", 4096 + 100, b"damaged")
    report = repair(path)
    assert report.changes == ()
    assert report.doubts == ("frames-00000.npy is damaged: its checksum is another one: numbers are wrong.",)
