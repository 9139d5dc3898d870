"""The report that is built again while records grow, and served meanwhile."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from evaluation_samples import evaluation, record, written

from replay_viewer.report import watch
from replay_viewer.report.watch import states


def test_a_state_is_told_when_it_is_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PERIOD", 0.01)
    found = states([tmp_path / "runs"])
    assert next(found) == ()  # There is nothing yet.
    runs = written(tmp_path / "runs", [record(0)])
    first = next(found)
    (runs / "notes.txt").write_text("of no concern")
    written(runs / "more", [record(1)])
    second = next(found)
    assert (len(first), len(second)) == (1, 2)


@pytest.mark.slow
def test_a_watched_report_follows_its_records_until_ctrl_c(tmp_path: Path) -> None:
    runs, out = tmp_path / "runs", tmp_path / "report"
    runs.mkdir()
    command = [sys.executable, "-u", "-m", "replay_viewer", "report", str(runs), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--watch", "--serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address is not None
        assert "has no recording in it" in process.stdout.readline()
        written(runs, evaluation(1))
        assert process.stdout.readline() == f"{out / 'index.html'}: 6 episodes\n"
        written(runs / "more", [record(0)])
        assert process.stdout.readline() == f"{out / 'index.html'}: 7 episodes\n"
        with urllib.request.urlopen(address.group(), timeout=10) as answer:
            assert b"7 episodes" in answer.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
