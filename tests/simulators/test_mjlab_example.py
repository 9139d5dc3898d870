"""The example of mjlab runs as it is, without arguments, and records."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from needs_simulator import simulator

simulator("mjlab")
EXAMPLE = Path(__file__).parents[2] / "examples" / "05_record_mjlab.py"


def test_the_example_records_and_says_how_to_view_it(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "60 steps" in done.stdout
    assert "replay-viewer view" in done.stdout
    assert list(tmp_path.iterdir()) == []
