"""Claims about steps that arrive late, as from a GPU, and are written on another thread; on Python 3.8 too.

There is no GPU here: copies that arrive only when they are waited for take its place.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from container_columns import Columns
from interrupt import Interrupt
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim

from replay_viewer import attach
from replay_viewer.record import capture
from replay_viewer.record.background import BackgroundCalls
from replay_viewer.record.copies import HostCopier, HostCopy
from replay_viewer.record.gatherer import Fields


class LateCopier:
    """Hands out memory that holds nothing until somebody waits for it, from whatever thread."""

    is_ahead = True
    waiting_threads: set

    def copy(self, block: np.ndarray, fields: Fields) -> HostCopy:
        arrived = np.full_like(block, np.nan)

        def wait() -> None:
            self.waiting_threads.add(threading.current_thread().name)
            time.sleep(0.001)
            arrived[...] = block

        return HostCopy(arrived, fields, wait)


@pytest.fixture(autouse=True)
def late(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("ERROR", "replay_viewer")
    LateCopier.waiting_threads = set()
    monkeypatch.setattr(capture, "HostCopier", LateCopier)


def record(path: Path, num_steps: int, log: bool) -> Path:
    env, rng = LeggedGymSim(num_envs=6, seed=5), np.random.default_rng(5)
    env.max_episode_length = 40
    with attach(env, path, env_ids="all") as recorder:
        for step in range(num_steps):
            env.step(rng.uniform(-1, 1, (6, len(DOF_NAMES))).astype(np.float32))
            if log:
                recorder.log("power", np.full(6, step, np.float32))
            if step == 50:
                env.reset_idx(np.array([1, 4]))
        assert recorder.num_steps == num_steps
    return recorder.path


@pytest.mark.parametrize("log", [False, True])
def test_late_steps_give_the_same_recording(log: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = record(tmp_path / "late.rec", 120, log)
    assert LateCopier.waiting_threads == {"MainThread", "recording"}
    monkeypatch.setattr(capture, "HostCopier", HostCopier)
    direct = record(tmp_path / "direct.rec", 120, log)
    for name in ("frames-00000.npy", "terminals.npy"):
        assert (late / name).read_bytes() == (direct / name).read_bytes()
    assert len(Columns(direct).ends) > 6


def test_calls_keep_their_order_and_finish_waits_for_them() -> None:
    calls, made = BackgroundCalls(depth=3), []
    for number in range(50):
        calls.add(lambda n: (time.sleep(0.0005), made.append(n)), number)
    calls.finish()
    calls.finish()
    assert made == list(range(50))


def test_a_call_that_fails_is_the_last_and_its_error_is_kept() -> None:
    calls, made = BackgroundCalls(depth=3), []
    calls.add(lambda _: [][0], None)
    for number in range(5):  # More than may wait.
        calls.add(made.append, number)
    calls.finish()
    assert made == []
    assert isinstance(calls.error, IndexError)


def test_a_forked_child_neither_waits_nor_records(tmp_path: Path) -> None:
    calls = BackgroundCalls(depth=1)
    child = os.fork()
    if child == 0:
        for number in range(5):
            calls.add(print, number)
        calls.finish()
        os._exit(0)
    deadline = time.monotonic() + 20
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        assert time.monotonic() < deadline, "the child hangs"
        time.sleep(0.01)
    calls.finish()


@pytest.mark.slow
def test_a_signal_handler_may_close_the_recording_while_a_step_is_handed_over(tmp_path: Path) -> None:
    """Also in the middle of the queue's own code, as far as that is Python's."""
    where = (os.path.dirname(capture.__file__), queue.__file__)
    action = np.zeros((2, len(DOF_NAMES)), np.float32)
    lines = []

    def close_at_every_third_line() -> None:
        for line in itertools.count(0, 3):
            env = LeggedGymSim(num_envs=2)
            recorder = attach(env, tmp_path / str(line), env_ids="all")
            for _ in range(3):
                env.step(action)
            with Interrupt(where, line, recorder.close) as interrupt:
                env.step(action)
            recorder.close()
            assert Columns(recorder.path).num_steps in (3, 4)
            if not interrupt.came:
                lines.append(line)
                return

    # On a thread of its own, since what waits for itself would wait for ever.
    thread = threading.Thread(target=close_at_every_third_line, daemon=True)
    thread.start()
    thread.join(60)
    assert lines and lines[0] > 100
