"""Claims about two recorders on one environment when a disk, a fork, a failing step or another thread comes between."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from container_columns import Columns
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim

from replay_viewer import attach
from replay_viewer.container import disk
from replay_viewer.container.repair import repair

ACTIONS = np.full((6, len(DOF_NAMES)), 0.5, np.float32)
IDS = ([1, 3], [3, 0])


@pytest.fixture(autouse=True)
def urdf_of_the_environment(caplog: pytest.LogCaptureFixture) -> None:
    """These environments have none, which is said of each recording."""
    caplog.set_level("ERROR", "replay_viewer")


def step(env: Any, num_steps: int = 1) -> None:
    for _ in range(num_steps):
        env.step(ACTIONS)


def two(env: Any, first: Path, second: Path, **options: Any) -> tuple[Any, Any]:
    return attach(env, first, env_ids=IDS[0], **options), attach(env, second, env_ids=IDS[1], **options)


def check_whole(path: Path, env: LeggedGymSim, ids: list[int], num_steps: int) -> None:
    """Check that a recording has these steps and ends of the simulation, and no more, and that nothing is torn."""
    assert [change for change in repair(path).changes if not change.startswith("Stated the count")] == []
    columns, truth = Columns(path), env.truth[:num_steps]
    np.testing.assert_array_equal(columns["rew"], [s.rew[ids] for s in truth])
    expected = sorted((t, slot) for t, s in enumerate(truth) for slot, e in enumerate(ids) if s.reset[e])
    assert sorted((end["last_record"], end["env_index"]) for end in columns.ends) == expected


def test_a_recording_that_is_deleted_ends_alone_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = LeggedGymSim()
    gone, other = two(env, tmp_path / "a.rec", tmp_path / "b.rec")
    caplog.set_level("WARNING", "replay_viewer")
    step(env, 60)
    shutil.rmtree(gone.path)
    wait_for(lambda: (step(env), not gone.is_recording)[1])
    step(env, 60)
    gone.close()
    other.close()
    (message,) = caplog.messages
    assert "a.rec: was deleted while it was recorded" in message
    assert not gone.path.exists()
    check_whole(other.path, env, IDS[1], len(env.truth))
    assert "step" not in vars(env)


def test_a_recording_that_is_renamed_goes_on_there(tmp_path: Path) -> None:
    env = LeggedGymSim()
    moved, other = two(env, tmp_path / "a.rec", tmp_path / "b.rec")
    step(env, 60)
    moved.path.rename(tmp_path / "c.rec")
    step(env, 60)
    moved.close()
    other.close()
    check_whole(tmp_path / "c.rec", env, IDS[0], 120)
    check_whole(other.path, env, IDS[1], 120)


def test_a_recording_whose_disk_is_full_ends_alone_and_keeps_what_it_has(
    tiny_disk: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = LeggedGymSim()
    full, other = two(env, tiny_disk / "a.rec", tmp_path / "b.rec")
    step(env, 30)
    (tiny_disk / "filler").write_bytes(bytes(200_000))
    with pytest.raises(OSError, match="No space"), open(tiny_disk / "more", "wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    step(env, 400)
    assert (full.is_recording, other.is_recording) == (False, True)
    full.close()
    other.close()
    (message,) = caplog.messages
    assert "a.rec: the disk refused to go on after" in message and "No space left on device" in message
    (tiny_disk / "filler").unlink()
    num_steps = Columns(full.path).num_steps
    assert 30 <= num_steps < 430
    check_whole(full.path, env, IDS[0], num_steps)
    check_whole(other.path, env, IDS[1], 430)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO])
def test_disks_that_refuse_are_told_of_once_each(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> None:
        raise OSError(number, os.strerror(number))

    env = LeggedGymSim()
    both = two(env, tmp_path / "a.rec", tmp_path / "b.rec")
    step(env, 60)
    with monkeypatch.context() as failure:
        failure.setattr(os, "pwrite", fail)
        failure.setattr(os, "pwritev", fail)
        failure.setattr(disk, "_sync_data", fail)
        step(env, 30)
        for recorder in both:
            assert not recorder.is_recording
            recorder.close()
    assert len(caplog.messages) == 2
    for recorder, ids, message in zip(both, IDS, caplog.messages):
        assert f"{recorder.path.name}: the disk refused" in message
        check_whole(recorder.path, env, ids, 60)


def test_a_fork_in_the_middle_adds_to_neither(tmp_path: Path) -> None:
    env = LeggedGymSim()
    both = two(env, tmp_path / "a.rec", tmp_path / "b.rec")
    step(env, 60)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            step(env, 40)
            both[0].close()
            step(env, 5)
            status = 0
        finally:
            os._exit(status)
    step(env, 60)
    assert os.waitpid(child, 0)[1] == 0
    for recorder, ids in zip(both, IDS):
        recorder.close()
        check_whole(recorder.path, env, ids, 120)


@pytest.mark.parametrize("when", ["before its resets", "after its resets"])
def test_a_step_that_raises_is_in_neither_and_joins_no_episodes(when: str, tmp_path: Path) -> None:
    """Of one that raises after its resets, both have the ends; the one that comes in between has nothing of before."""

    class Failing(LeggedGymSim):
        fails = False

        def reset_idx(self, env_ids: Any) -> None:
            if self.fails and when == "before its resets":
                raise ValueError("out of memory")
            super().reset_idx(env_ids)
            if self.fails:
                raise ValueError("out of memory")

    env = Failing()
    both = two(env, tmp_path / "a.rec", tmp_path / "b.rec")
    step(env, 20)
    env.fails = True
    with pytest.raises(ValueError, match="out of memory"):
        step(env, 500)
    env.fails = False
    failed = len(env.truth) - 1  # The step that is in the truth and in no recording.
    ended = np.flatnonzero(env.truth[failed].reset)
    late = attach(env, tmp_path / "late.rec", env_ids=[1])
    step(env, 60)
    recorded = [s for index, s in enumerate(env.truth) if index != failed]
    for recorder, ids in zip(both, IDS):
        recorder.close()
        columns = Columns(recorder.path)
        np.testing.assert_array_equal(columns["rew"], [s.rew[ids] for s in recorded])
        cut = {end["env_index"] for end in columns.ends if end["last_record"] == failed - 1}
        if when == "after its resets":
            assert {slot for slot, e in enumerate(ids) if e in ended} <= cut
    late.close()
    np.testing.assert_array_equal(Columns(late.path)["rew"], [s.rew[[1]] for s in env.truth[failed + 1 :]])


def test_two_that_attach_from_two_threads_both_record(tmp_path: Path) -> None:
    env = LeggedGymSim()
    recorders: dict[int, Any] = {}
    begun = threading.Barrier(6)

    def begin(index: int) -> None:
        begun.wait()
        recorders[index] = attach(env, tmp_path / f"{index}.rec", env_ids=index)

    threads = [threading.Thread(target=begin, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    step(env, 90)
    for index, recorder in sorted(recorders.items()):
        recorder.close()
        check_whole(recorder.path, env, [index], 90)
    assert len(recorders) == 6
    assert "step" not in vars(env)


def test_one_that_attaches_while_another_thread_steps_begins_with_a_whole_step(tmp_path: Path) -> None:
    env = LeggedGymSim()
    first = attach(env, tmp_path / "first.rec", env_ids=[1, 3])
    done = threading.Event()

    def go_on() -> None:
        while not done.is_set():
            step(env)

    thread = threading.Thread(target=go_on)
    thread.start()
    late = [attach(env, tmp_path / f"{index}.rec", env_ids=[3, 5]) for index in range(5)]
    wait_for(lambda: late[-1].num_steps > 5)
    done.set()
    thread.join()
    first.close()
    check_whole(first.path, env, [1, 3], len(env.truth))
    rewards = np.array([s.rew[[3, 5]] for s in env.truth])
    for recorder in late:
        recorder.close()
    kept = Columns(late[-1].path)["rew"]
    np.testing.assert_array_equal(kept, rewards[len(rewards) - len(kept) :])


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
