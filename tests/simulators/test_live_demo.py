"""`replay-viewer demo --record`: a simulation and its viewer, which begin and end together."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from needs_simulator import simulator

from replay_viewer.cli import main
from replay_viewer.formats import lacks_first_step, load_rollout

simulator("mujoco")

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the command in a process of its own, ended in any case."""
    begun = []

    def start(*args: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", "-m", "replay_viewer", "demo", "walk", "--record", "--port", "0", *args]
        begun.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def wait_for_steps(path: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while lacks_first_step(path):
        assert process.poll() is None and time.monotonic() < end, "the simulation records nothing"
        time.sleep(0.05)


def test_ctrl_c_ends_both_and_leaves_a_good_recording(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "walk.rec"
    process = start("--out", str(path))
    assert process.stdout is not None
    assert re.match(r"walk\.rec at http://", process.stdout.readline())
    wait_for_steps(path, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert f"Recorded in {path}" in out
    rollout = load_rollout(path)
    assert rollout.growth is not None and rollout.growth.closed
    assert rollout.num_envs > 1 and rollout.reward_terms
    rollout.close()


def test_a_simulation_that_fails_is_told_in_one_line(tmp_path: Path, start: Start) -> None:
    (tmp_path / "file").write_text("no folder")
    _, err = start("--out", str(tmp_path / "file" / "walk.rec")).communicate(timeout=60)
    assert re.fullmatch(r"error: the simulation ended with an error: .*file.*\n", err)


def test_nothing_is_recorded_over_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "walk.rec").mkdir()
    assert main(["demo", "--record", "--out", str(tmp_path / "walk.rec")]) == 2
    assert re.fullmatch(r"error: --out .*walk\.rec: there is something already\.\n", capsys.readouterr().err)
