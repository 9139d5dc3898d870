"""Films of cameras after whatever has ended their process, each frame of which tells what it is of."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import clip_child
import pytest
from camera_envs import CameraVector
from clip_files import burnt_frames, path_of, records_below, tags_of, wait_until_complete
from video_files import needs_encoder, probe_video

from replay_viewer import CameraObsVideoRecorder
from replay_viewer.clip_record import ClipRecord, is_partial

NUM_PROCESSES = 4


def start(ending: str, folder: Path) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(Path(clip_child.__file__).parent)}
    environment.pop("REPLAY_VIEWER_RUN", None)
    command = [sys.executable, clip_child.__file__, ending, str(folder)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[ClipRecord]]:
    needs_encoder()
    folders = {ending: tmp_path_factory.mktemp("ended") / "videos" for ending in clip_child.ENDINGS}
    processes = [start(ending, folder) for ending, folder in folders.items()]
    for process in processes:
        process.wait(timeout=60)
    return {ending: wait_until_complete(folder) for ending, folder in folders.items()}


@pytest.mark.parametrize("ending", clip_child.ENDINGS)
def test_no_frame_is_lost_whatever_ends_the_process(endings: dict[str, list[ClipRecord]], ending: str) -> None:
    found = {(each.camera, *tuple(each.episode_key[-2:])): burnt_frames(each) for each in endings[ending]}
    wanted = {
        (camera, *which): [(*which, step) for step in range(count)]
        for camera in clip_child.CAMERAS
        for which, count in clip_child.FRAMES.items()
    }
    assert found == wanted


@pytest.mark.parametrize("ending", clip_child.ENDINGS)
def test_a_film_says_what_it_is_of(endings: dict[str, list[ClipRecord]], ending: str) -> None:
    for record in endings[ending]:
        which = record.episode_key[-2:]
        path, frames = path_of(record), clip_child.FRAMES[which]
        assert record.complete and record.partial is (which in clip_child.UNFINISHED)
        assert (record.frames, record.size, record.fps) == (frames, (64, 32), 10.0)
        # What a reset gave is shown before the first step; facts are those of the time at which an episode ended.
        starts = {(0, 0): -1, (1, 0): -1, (0, 1): 4, (1, 1): 5, (0, 2): 9, (1, 2): 11}
        assert record.first_step == starts[which]
        assert record.last_step == starts[which] + frames - 1
        if not record.partial:
            assert record.facts["total_reward"] == record.facts["episode_length"] == frames - 1
            assert record.facts["iteration"] == (7 if which[1] == 0 else 8)
            assert record.facts["success"] is (which[1] == 0)
        name = path.name
        assert name.startswith("trial-") and f"-ep{which[1]:06d}-env{which[0]}-robot-cam-{record.camera}-" in name
        assert name.endswith(f"{record.pid}{'-partial' if record.partial else ''}.mp4")
        if record.camera != "head":
            continue  # Each film takes a decoder of its own.
        tags = tags_of(path)
        assert tags["title"] == path.stem
        said = json.loads(tags["comment"])
        assert (said["file"], said["facts"], said["key"]) == (record.file, record.facts, record.key)
        assert probe_video(path).num_frames == frames


def test_of_a_film_that_was_cut_off_by_its_process_the_facts_of_its_beginning_are_known(
    endings: dict[str, list[ClipRecord]],
) -> None:
    cut = [record for record in endings["SIGKILL"] if record.partial]
    assert len(cut) == 4 and all(record.facts["iteration"] == 8 for record in cut)


def test_no_partial_name_is_left(endings: dict[str, list[ClipRecord]]) -> None:
    folders = {record.more["in"] for records in endings.values() for record in records}
    assert len(folders) == len(clip_child.ENDINGS)
    assert not [name for folder in folders for name in os.listdir(folder) if is_partial(name)]


def test_processes_below_one_folder_overwrite_nothing(tmp_path: Path) -> None:
    needs_encoder()
    processes = [start("many", tmp_path) for _ in range(NUM_PROCESSES)]
    assert [process.wait(timeout=60) for process in processes] == [0] * NUM_PROCESSES
    records = wait_until_complete(tmp_path)
    assert len({path_of(record) for record in records}) == NUM_PROCESSES * 12
    assert all(len(burnt_frames(record)) == clip_child.FRAMES[record.episode_key[-2:]] for record in records)


def test_films_of_a_process_without_a_guardian_are_adopted_at_a_start_after_its_encoders(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    needs_encoder()
    # A guardian that is gone: nobody is there who could adopt anything when the process dies.
    child = (
        "import sys; import clip_child; from replay_viewer.record.clips import guardian; "
        "guardian._SCRIPT = ''; clip_child.main('wait', sys.argv[1])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(clip_child.__file__).parent)}
    command = [sys.executable, "-c", child, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"waits\n"
        # Those of films that are complete may just be coming to their ends.
        encoders = [pid for pid in encoders_of(process.pid) if signalled(pid, signal.SIGSTOP)]
        assert encoders
        process.kill()
    try:
        CameraObsVideoRecorder(CameraVector(), tmp_path).close()
        assert "adopted" not in caplog.text  # What is still being written is left alone.
        assert not all(record.complete for record in records_below(tmp_path))
    finally:
        for pid in encoders:
            signalled(pid, signal.SIGCONT)
    end = time.monotonic() + 60
    while "of a process that lives no more" not in caplog.text:
        assert time.monotonic() < end, "nothing was adopted"
        CameraObsVideoRecorder(CameraVector(), tmp_path).close()
        time.sleep(0.05)
    records = records_below(tmp_path)
    assert all(record.complete for record in records)
    found = {(record.camera, *record.episode_key[-2:]): len(burnt_frames(record)) for record in records}
    assert found == {(camera, *key): n for camera in clip_child.CAMERAS for key, n in clip_child.FRAMES.items()}


def encoders_of(pid: int) -> list[int]:
    """The processes of ffmpeg's that a process has started. Raises where /proc does not tell."""
    children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [child for child in children if "ffmpeg" in program_of(child)]


def program_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def signalled(pid: int, number: int) -> bool:
    """Whether a process was still there to get a signal."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
