"""Claims about disks that fail: full, over quota, read-only, gone, unable to sync. Python 3.8 suffices."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_samples import PlainReader, append_steps, sample_info, sample_values

from replay_viewer import EntitySpec, Recorder
from replay_viewer.container import disk
from replay_viewer.container.repair import repair
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import FileProblem, RecordingStopped

FAILURES = [errno.EDQUOT, errno.EROFS, errno.ESTALE, errno.EIO]


def failing(number: int) -> Any:
    def fail(*args: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def kept_steps(path: Path) -> list[int]:
    """The steps that plain numpy finds, after `repair` has found nothing to do."""
    assert repair(path).changes == ()
    return np.concatenate([np.load(segment) for segment in PlainReader(path).segments])["step"].tolist()


@pytest.mark.parametrize("number", FAILURES)
def test_a_disk_that_refuses_a_step_keeps_those_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    writer = ContainerWriter(tmp_path / "run.rec", sample_info())
    append_steps(writer, range(5))
    with monkeypatch.context() as failure:
        failure.setattr(os, "pwrite", failing(number))
        with pytest.raises(RecordingStopped, match=f"after 5 steps, which are kept: {os.strerror(number)}"):
            append_steps(writer, [5])
    with pytest.raises(RecordingStopped):
        append_steps(writer, [6])
    writer.close()
    assert kept_steps(tmp_path / "run.rec") == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("number", FAILURES[-2:])
def test_a_disk_that_refuses_a_sync_ends_the_recording_and_says_what_is_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    writer = ContainerWriter(tmp_path / "run.rec", sample_info())
    append_steps(writer, range(3))
    wait_for(lambda: len(np.load(tmp_path / "run.rec/frames-00000.npy")) == 3)
    append_steps(writer, [3, 4])
    monkeypatch.setattr(disk, "_sync_data", failing(number))
    wait_for(lambda: '"error"' in (tmp_path / "run.rec/log.jsonl").read_text())
    with pytest.raises(RecordingStopped, match=rf"{os.strerror(number)}\. Of 5 steps, the first 3 are surely kept"):
        append_steps(writer, [5])
    with pytest.raises(RecordingStopped):
        writer.close()
    assert kept_steps(tmp_path / "run.rec") == [0, 1, 2, 3, 4]


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_close_whose_sync_fails_still_closes_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.listdir("/proc/self/fd")
    writer = ContainerWriter(tmp_path / "run.rec", sample_info(), segment_bytes=1)
    append_steps(writer, range(3))
    monkeypatch.setattr(disk, "_sync_data", failing(errno.EIO))
    with pytest.raises(RecordingStopped, match="the disk refused what it had taken"):
        writer.close()
    assert os.listdir("/proc/self/fd") == before
    assert kept_steps(tmp_path / "run.rec") == [0, 1, 2]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_that_cannot_sync_can_be_recorded_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(disk, "_sync_data", failing(number))
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(5))
    assert kept_steps(tmp_path / "run.rec") == [0, 1, 2, 3, 4]


def test_a_disk_that_is_full_when_a_segment_begins_keeps_every_step(tiny_disk: Path) -> None:
    writer = ContainerWriter(tiny_disk / "run.rec", sample_info(), segment_bytes=8192)
    with pytest.raises(RecordingStopped, match="No space left on device"):
        append_steps(writer, range(10**5))
    appended = writer.num_records
    writer.close()
    assert kept_steps(tiny_disk / "run.rec") == list(range(appended))
    assert len(PlainReader(tiny_disk / "run.rec").segments) > 10


def test_a_line_that_does_not_fit_on_the_disk_leaves_no_part_of_it(tiny_disk: Path) -> None:
    writer = ContainerWriter(tiny_disk / "run.rec", sample_info())
    append_steps(writer, [0])
    with pytest.raises(RecordingStopped, match="No space left on device"):
        for step in range(10**5):
            writer.note_episode(0, step, text="x" * 1000)
    (tiny_disk / "run.rec" / "terminals.npy").unlink()  # Room for the last lines.
    writer.close()
    for name in ("episodes.jsonl", "log.jsonl"):
        for line in (tiny_disk / "run.rec" / name).read_text().splitlines():
            json.loads(line)


def test_a_recorder_whose_folder_cannot_be_removed_again_tries_no_other_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "rmtree", lambda *args, **kwargs: None)
    with pytest.raises(FileProblem, match=r"gone\.urdf: is not there"):
        Recorder(tmp_path / "run.rec", control_dt=0.02, env_ids=[0], entities=[EntitySpec("robot", urdf="gone.urdf")])
    assert [path.name for path in tmp_path.iterdir()] == ["run.rec"]


def test_a_step_that_does_not_fit_takes_its_ends_with_it(tmp_path: Path) -> None:
    facts: dict = {"control_dt": 0.02, "env_ids": range(4), "entities": sample_info().entities}
    with Recorder(tmp_path / "run.rec", reward_terms=("speed", "energy"), **facts) as recorder:
        for step in range(4):
            recorder.forget_ends()
            if step == 1:
                recorder.end_episodes([0], "terminated")
                with pytest.raises(FileProblem, match="'rew' has shape"):
                    recorder.append({**sample_values(step), "rew": np.zeros(3, np.float32)})
            else:
                recorder.append(sample_values(step))
    reader = PlainReader(tmp_path / "run.rec")
    assert [reader.step(index) for index in range(reader.num_steps)] == [0, 2, 3]
    assert reader.ends() == []
