"""Every example runs as it is, without arguments, and prints something."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
# What takes minutes where MuJoCo is installed does less.
QUICKLY = {"12": ("--envs", "1", "--episodes", "6"), "13": ("--steps", "1024")}
# Films and pictures that an example makes, by its number.
FILMS = {"08": {"best.mp4"}, "09": {"fall.mp4", "fall.gif", "fall.png", "map.mp4"}, "10": {"plan.png"}}


def test_examples_are_numbered_without_gaps() -> None:
    assert [path.name[:3] for path in EXAMPLES] == [f"{number:02d}_" for number in range(1, len(EXAMPLES) + 1)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs_and_keeps_the_films_that_it_names(example: Path, tmp_path: Path) -> None:
    done = run_example(example, tmp_path)
    assert done.stdout.strip()
    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]
    told = {Path(word) for word in done.stdout.split() if word.endswith((".mp4", ".gif", ".png"))}
    assert {path.name for path in told} == FILMS.get(example.stem[:2], set())
    assert all(path.stat().st_size > 0 for path in told)


@pytest.mark.parametrize("number", [1, 10])
@pytest.mark.slow
def test_an_example_that_shows_something_serves_it_in_a_terminal(number: int, tmp_path: Path) -> None:
    master, terminal = os.openpty()
    command = [sys.executable, str(EXAMPLES[number - 1])]
    with subprocess.Popen(command, cwd=tmp_path, stdout=terminal, stderr=subprocess.STDOUT) as process:
        os.close(terminal)
        try:
            printed = ""
            while not (url := re.search(r"at (http://\S+) ", printed)):
                printed += os.read(master, 1000).decode()
            assert urllib.request.urlopen(url.group(1), timeout=30).status == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()
            os.close(master)


def run_example(example: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Its output; what it keeps is in a folder `kept` below the one it runs in."""
    (folder / "kept").mkdir()
    environment = {**os.environ, "TMPDIR": str(folder / "kept")}
    command = [sys.executable, str(example), *QUICKLY.get(example.stem[:2], ())]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    return done
