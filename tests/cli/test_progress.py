"""What a progress bar says, and that a terminal sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from render_samples import write_slide

from replay_viewer.progress import FrameRate


def test_rate_and_remaining_time_count_from_the_first_frame_on() -> None:
    text = FrameRate()
    assert text(0, 100, 5.0) == "of 100 frames"
    assert text(50, 100, 10.0) == "of 100 frames, 10.0/s, 0:05 left"
    assert text(100, 100, 15.0) == "of 100 frames, 10.0/s, 0:00 left"


def test_frames_without_time_between_them_have_no_rate() -> None:
    text = FrameRate()
    assert text(0, 3, 1.0) == text(2, 3, 1.0) == "of 3 frames"


def test_a_terminal_sees_the_bar_and_a_file_does_not(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    recording = write_slide(tmp_path / "slide.rec", 20)
    command = [sys.executable, "-m", "replay_viewer", "render", str(recording), "--size", "160x90"]
    ours, theirs = pty.openpty()
    shown = subprocess.run([*command, "a.mp4"], stdout=subprocess.PIPE, stderr=theirs, cwd=tmp_path, timeout=120)
    os.close(theirs)
    assert shown.returncode == 0
    bars = os.read(ours, 100_000).decode().split("\r\x1b[K")
    os.close(ours)
    assert "  0% of 12 frames" in bars[1]
    assert any("100% of 12 frames, " in bar and "/s, 0:00 left" in bar for bar in bars)
    hidden = subprocess.run([*command, "b.mp4"], capture_output=True, cwd=tmp_path, timeout=120, text=True)
    assert (hidden.stdout, hidden.stderr) == ("b.mp4: 160x90, 12 frames, 0.40 s\n", "")
