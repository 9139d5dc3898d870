"""What only reads works on systems without `fcntl` and without reads at a place of a file, such as Windows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from container_samples import record
from npz_samples import saved, standing

from replay_viewer.container.pack import pack
from replay_viewer.formats import load_rollout

_RUNNER = Path(__file__).parents[1] / "helpers/without_posix.py"
# Says what each file is, and a sum over one of its fields.
_READ = """
import sys
import replay_viewer
from replay_viewer.cli import main
from replay_viewer.formats import load_rollout

for name in replay_viewer.__all__:
    getattr(replay_viewer, name)
for path, field in zip(sys.argv[1::2], sys.argv[2::2]):
    main(["info", path, "--json"])
    print(float(load_rollout(path).read(field).sum(dtype="f8")))
"""
_RENDER = """
import sys
from replay_viewer.cli import main

sys.exit(main(["render", *sys.argv[1:], "--step", "2"]))
"""


def run(script: str, folder: Path, *arguments: object) -> str:
    """The output of a script that must succeed there."""
    (folder / "script.py").write_text(script)
    command = [sys.executable, str(_RUNNER), str(folder / "script.py"), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(tmp_path / "run.rec", num_steps=6)


def test_recordings_and_npz_are_read_as_elsewhere(folder: Path, tmp_path: Path) -> None:
    # More than is read whole: in parts, where the system can.
    obs = np.arange(400 * 20 * 600, dtype=np.float32).reshape(400, 20, 600)
    large = saved(tmp_path, {**standing(400, 20), "obs": obs})
    files = {folder: "robot.base_pos", pack(folder, tmp_path / "packed.rec"): "robot.base_pos", large: "obs"}
    lines = run(_READ, tmp_path, *(word for pair in files.items() for word in pair))
    decoder = json.JSONDecoder()
    for path, field in files.items():
        summary, end = decoder.raw_decode(lines)
        total, _, lines = lines[end:].strip().partition("\n")
        assert summary["num_steps"] == load_rollout(path).num_steps
        assert float(total) == float(load_rollout(path).read(field).sum(dtype="f8"))


def test_a_recording_is_rendered(folder: Path, tmp_path: Path) -> None:
    run(_RENDER, tmp_path, folder, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


_WRITE = f"""
import sys
sys.path.append({str(_RUNNER.parent)!r})
from container_samples import record
from pathlib import Path
from replay_viewer.cli import main
from replay_viewer.errors import ReplayError

try:
    record(Path(sys.argv[1]), 3)
except ReplayError as error:
    print(error)
print(Path(sys.argv[1]).exists(), main(["repair", sys.argv[2]]))
"""


def test_who_would_write_is_told_in_a_sentence_that_it_is_not_possible(folder: Path, tmp_path: Path) -> None:
    told, rest = run(_WRITE, tmp_path, tmp_path / "new.rec", folder).splitlines()
    assert "recordings are written on Linux and macOS" in told
    assert rest == "False 2"
