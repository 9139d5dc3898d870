"""The directory of a run: one for all of its processes, whenever each of them comes to ask for it.

path = timestamped_run_dir("runs")      # runs/2026-05-04_13-37-00
attach(env, path / "walk.rec")
"""

from __future__ import annotations

import os
import re
import time
from datetime import datetime
from pathlib import Path

from ..errors import BadArgument, FileProblem
from ..paths import make_new, numbered
from .ranks import rank

# The name of the run's directory, for all processes that this one starts.
VARIABLE = "REPLAY_VIEWER_RUN"
# What is the same for all processes of a launch and for no other, by its variable.
_LAUNCHES = (
    "TORCHELASTIC_RUN_ID",
    "SLURM_JOB_ID",
    "PBS_JOBID",
    "LSB_JOBID",
    "PMIX_NAMESPACE",
)
# What SLURM calls the job of a terminal: `srun --pty bash`, `salloc`.
_INTERACTIVE = ("bash", "sh", "zsh", "interactive")
# Ids that say nothing: torchrun's, where it is given none.
_NO_IDS = ("", "none")
# An id may come again in another run: an agreement that nobody has come to for as long is over [s].
_LONGEST_RUN = 86_400.0
# Of processes that know of each other by their parent or their address alone, which may soon be another run's [s].
_LONGEST_START = 600.0
# How long a process may take between making an agreement's file and writing into it [s].
_LONGEST_WRITE = 5.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def timestamped_run_dir(base: str | Path) -> Path:
    """Make `<base>/YYYY-MM-DD_HH-MM-SS`, the same for all processes of a run, and return it.

        path = timestamped_run_dir("runs")  # runs/2026-05-04_13-37-00
        attach(env, path / "walk.rec")

    The first process to ask decides; no other looks at its clock. They agree by the variable REPLAY_VIEWER_RUN, which
    is set here for the processes that this one starts; else by the run's id of torchrun or SLURM, or of a batch system
    or MPI; else, where the launcher says that there are several processes, by their common parent, or by the address at
    which they meet.

    Args:
        base: the folder of all runs, the same for all processes; made if need be.

    Raises:
        FileProblem: it cannot be made here.
        BadArgument: REPLAY_VIEWER_RUN is no name of a folder.
    """
    base = Path(base)
    try:
        name = os.environ.get(VARIABLE)
        if name:
            if not _NAME.fullmatch(name):
                raise BadArgument(VARIABLE, repr(name), "expected the name of a folder.")
            (base / name).mkdir(parents=True, exist_ok=True)
        else:
            base.mkdir(parents=True, exist_ok=True)
            key, longest = _launch()
            name = _new_folder(base) if key is None else _agreed(base, key, longest)
    except OSError as error:
        raise FileProblem(error.filename or base, f"cannot be made: {error.strerror or error}.") from error
    os.environ[VARIABLE] = name
    return base / name


def _launch() -> tuple[str | None, float]:
    """What tells this launch from others, and how old an agreement on it may be [s]; None for a process of its own."""
    own = rank()
    for variable in _LAUNCHES:
        found = os.environ.get(variable, "")
        if variable == "SLURM_JOB_ID" and os.environ.get("SLURM_JOB_NAME") in _INTERACTIVE:
            # One program after the other runs there; what `srun` starts at once is a step.
            found = "" if own is None else f"{found}.{os.environ.get('SLURM_STEP_ID', '')}"
        if found not in _NO_IDS:
            return f"{variable}={found}", _LONGEST_RUN
    if own is None:
        return None, 0.0
    local = os.environ.get("LOCAL_WORLD_SIZE")
    address = os.environ.get("MASTER_ADDR"), os.environ.get("MASTER_PORT")
    if None not in address and local != str(own.total):
        return f"{address[0]}:{address[1]}", _LONGEST_START
    return f"parent={os.getppid()}-{_start_of(os.getppid())}", _LONGEST_START


def _start_of(process: int) -> str:
    """When a process began, so that another one of its number is not taken for it; "" where that is not told."""
    try:
        # The 22nd field; the second, a name in brackets, may hold spaces.
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _new_folder(base: Path) -> str:
    """A folder that nobody else has made, by the time."""

    def make(path: Path) -> str:
        path.mkdir()
        return path.name

    return make_new(base / datetime.now().strftime("%Y-%m-%d_%H-%M-%S"), make)


def _agreed(base: Path, key: str, longest: float) -> str:
    """The name that the processes of a launch agree on.

    An agreement is a file with the name in it. Who finds none makes it; the system lets one alone do so, on network
    file systems too. One that is over is followed by another, and never changed.
    """
    stem = "." + re.sub(r"[^A-Za-z0-9=_-]", "-", f"run-{key}")[:150]
    for path in numbered(base / stem):
        name = _read(path)
        if name is None:
            name = _decide(base, path)
        if name and time.time() - path.stat().st_mtime < longest:
            os.utime(path)
            (base / name).mkdir(exist_ok=True)
            return name
    raise AssertionError("there is always another name")


def _decide(base: Path, path: Path) -> str | None:
    """Make the agreement; where another process has been faster, what that one has written."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return _read(path)
    try:
        name = _new_folder(base)
        os.write(fd, f"{name}\n".encode())
    finally:
        os.close(fd)
    return name


def _read(path: Path) -> str | None:
    """The name in an agreement; None where there is none. One that was never written to its end counts as over."""
    end = time.monotonic() + _LONGEST_WRITE
    while True:
        try:
            content = path.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return None
        if content.endswith("\n") and _NAME.fullmatch(content[:-1]):
            return content[:-1]
        if time.monotonic() > end:
            return ""
        time.sleep(0.05)
