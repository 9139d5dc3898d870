"""`repair` and `pack` on the command line, with numpy alone (this file runs on Python 3.8 too)."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from replay_viewer import cli
from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.writer import ContainerWriter


@pytest.fixture(params=["this Python", "an older Python"])
def python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of reading the command line; the second is what Python 3.8 takes."""
    if request.param == "an older Python":
        monkeypatch.setattr(cli, "VIEWER_NEEDS", (99, 0))
    elif sys.version_info < cli.VIEWER_NEEDS:
        pytest.skip("this Python is an older one")
    return request.param


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Ten steps of one env."""
    path = tmp_path / "run.rec"
    wxyz = np.array([[1.0, 0.0, 0.0, 0.0]])
    with ContainerWriter(path, RecordingInfo(env_ids=[0], control_dt=0.02)) as writer:
        for step in range(10):
            writer.append(step, 0.02 * step, {"robot.base_pos": np.zeros((1, 3)), "robot.base_wxyz": wxyz})
    return path


def tear(recording: Path) -> None:
    """What a process that dies in the middle of a write leaves."""
    with open(str(recording / "frames-00000.npy"), "ab") as frames:
        frames.write(b"torn")


def test_repair_tells_what_it_did(python: str, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tear(recording)
    assert cli.main(["repair", str(recording)]) == 0
    printed = capsys.readouterr().out
    assert "Cut 4 bytes of a torn record" in printed
    assert f"{recording} is repaired: 10 steps, 0 finished episodes." in printed
    assert cli.main(["repair", str(recording)]) == 0
    assert capsys.readouterr().out == f"{recording} needs no repair: 10 steps, 0 finished episodes.\n"


def test_pack_makes_one_file(python: str, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = recording.with_name("packed.rec")
    assert cli.main(["pack", str(recording), str(out)]) == 0
    assert zipfile.is_zipfile(str(out))
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{out}: 0.")
    assert printed.err == ""


def test_pack_never_overwrites(python: str, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = recording.with_name("precious.rec")
    out.write_text("precious")
    assert cli.main(["pack", str(recording), str(out)]) == 2
    assert capsys.readouterr().err == f"error: {out}: exists already. Choose another name.\n"
    assert out.read_text() == "precious"


def test_pack_draws_a_bar_on_a_terminal(recording: Path) -> None:
    master, terminal = os.openpty()
    command = [sys.executable, "-m", "replay_viewer", "pack", str(recording), str(recording.with_name("packed.rec"))]
    subprocess.run(command, check=True, stderr=terminal, stdout=subprocess.DEVNULL, timeout=60)
    os.close(terminal)
    drawn = os.read(master, 10000).decode()
    os.close(master)
    assert drawn.startswith("\r\x1b[K[")
    assert drawn.rstrip().endswith("100% of 0.0 MB")


@pytest.mark.parametrize("args", [[], ["run.rec"], ["info", "run.rec"], ["demo"], ["repair"], ["pack", "run.rec"]])
def test_what_an_older_python_cannot_do_says_so(
    args: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "VIEWER_NEEDS", (99, 0))
    assert cli.main(args) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "needs Python 3.10 or newer" in printed.err
    assert printed.err.count("\n") == 1
