"""The directory of a run: processes that start one after the other agree on it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from replay_viewer.errors import BadArgument, FileProblem
from replay_viewer.record.run_dir import timestamped_run_dir

SCRIPT = """
import logging, sys
from replay_viewer.record.ranks import say_rank
from replay_viewer.record.run_dir import timestamped_run_dir
print(timestamped_run_dir(sys.argv[1]))
logging.basicConfig(format="%(message)s")
say_rank(); say_rank()
logging.getLogger("replay_viewer").warning("%s: begins", "walk.rec")
"""
LAUNCHERS: dict[str, list[dict[str, str]]] = {
    "torchrun": [{"RANK": str(r), "WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "a/b c"} for r in range(2)],
    "torchrun without an id": [
        {"RANK": str(r), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "none"} for r in range(2)
    ],
    "nodes": [
        {"RANK": str(r), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "1", "MASTER_ADDR": "n1", "MASTER_PORT": "29500"}
        for r in range(2)
    ],
    "slurm": [{"SLURM_PROCID": str(r), "SLURM_NTASKS": "2", "SLURM_JOB_ID": "77"} for r in range(2)],
    "slurm jobs": [{"SLURM_JOB_ID": "77"}] * 2,
    "open mpi": [{"OMPI_COMM_WORLD_RANK": str(r), "OMPI_COMM_WORLD_SIZE": "2"} for r in range(2)],
    "a variable": [{"REPLAY_VIEWER_RUN": "night"}] * 2,
}


def started(base: Path, variables: dict[str, str]) -> subprocess.Popen[str]:
    names = ("RANK", "WORLD_SIZE", "SLURM", "OMPI", "PMI", "TORCHELASTIC", "MASTER", "REPLAY_VIEWER_RUN", "LOCAL_W")
    own = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", SCRIPT, str(base)]
    return subprocess.Popen(command, env={**own, **variables}, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.parametrize("seconds", [1.1, pytest.param(3.0, marks=pytest.mark.slow)])
def test_processes_that_start_apart_agree(seconds: float, tmp_path: Path) -> None:
    first = {name: started(tmp_path / name, ranks[0]) for name, ranks in LAUNCHERS.items()}
    time.sleep(seconds)
    second = {name: started(tmp_path / name, ranks[1]) for name, ranks in LAUNCHERS.items()}
    for name in LAUNCHERS:
        (one, told), (other, _) = first[name].communicate(), second[name].communicate()
        assert one == other != ""
        folder = Path(one.strip())
        assert folder.is_dir()
        assert folder.parent == tmp_path / name
        assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d|night", folder.name)
        has_ranks = not name.endswith(("jobs", "variable"))
        assert told == ("[Rank 0/2] " if has_ranks else "") + "walk.rec: begins\n"


def test_many_at_once_agree(tmp_path: Path) -> None:
    ranks = [{"RANK": str(r), "WORLD_SIZE": "6", "TORCHELASTIC_RUN_ID": "x"} for r in range(6)]
    found = {process.communicate()[0] for process in [started(tmp_path, variables) for variables in ranks]}
    assert len(found) == 1
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """This process belongs to no launch."""
    for name in [n for n in os.environ if n.startswith(("SLURM", "TORCHELASTIC", "RANK", "REPLAY_VIEWER_RUN", "PMI"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REPLAY_VIEWER_RUN", "")  # So that what is set here goes again.
    return monkeypatch


def test_runs_of_one_second_have_folders_of_their_own(alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = set()
    for _ in range(3):
        alone.setenv("REPLAY_VIEWER_RUN", "")
        found.add(timestamped_run_dir(tmp_path))
    assert len(found) == 3


def test_programs_in_a_terminal_of_slurm_are_runs_of_their_own(alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One after the other in `salloc`; the processes of a step, which `srun` starts there, are of one run."""
    alone.setenv("SLURM_JOB_ID", "77")
    alone.setenv("SLURM_JOB_NAME", "interactive")

    def asked(**variables: str) -> Path:
        for name, value in {"REPLAY_VIEWER_RUN": "", **variables}.items():
            alone.setenv(name, value)
        return timestamped_run_dir(tmp_path)

    assert asked() != asked()
    steps = [asked(SLURM_NTASKS="2", SLURM_PROCID=rank, SLURM_STEP_ID=step) for step in "01" for rank in "01"]
    assert steps[0] == steps[1] != steps[2] == steps[3]
    assert asked(SLURM_JOB_NAME="night") == asked(SLURM_JOB_NAME="night", SLURM_STEP_ID="2")


def test_a_process_keeps_to_its_run(alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = timestamped_run_dir(tmp_path / "runs")
    assert timestamped_run_dir(tmp_path / "runs") == first
    assert timestamped_run_dir(tmp_path / "other").name == first.name


def test_an_old_agreement_is_not_come_back_to(alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A constant id, as tutorials have it, in a run of another day."""
    alone.setenv("TORCHELASTIC_RUN_ID", "100")
    first = timestamped_run_dir(tmp_path)
    for agreement in tmp_path.glob(".run-*"):
        os.utime(agreement, (1e9, 1e9))
    alone.setenv("REPLAY_VIEWER_RUN", "")
    second = timestamped_run_dir(tmp_path)
    assert first != second
    alone.setenv("REPLAY_VIEWER_RUN", "")
    assert timestamped_run_dir(tmp_path) == second


def test_what_cannot_be_a_folder_is_refused(alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileProblem, match="cannot be made"):
        timestamped_run_dir(tmp_path / "file")
    alone.setenv("REPLAY_VIEWER_RUN", "../up")
    with pytest.raises(BadArgument, match="expected the name of a folder"):
        timestamped_run_dir(tmp_path)
