"""The drawer of films of recorded states: `replay-viewer render FOLDER --resume` in a process of low priority."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

# The interpreter that draws, where the simulator's own is too old: Python 3.10 or newer, with replay-viewer.
VARIABLE = "REPLAY_VIEWER_PYTHON"
# What it says, in the folder of the run.
LOG = "drawing.log"
_OLDEST = (3, 10)
_messages = logging.getLogger("replay_viewer")


def find_python(stated: str | Path | None = None) -> str | None:
    """The interpreter that draws: the one that is stated, that of the variable, or this one if it is new enough."""
    found = str(stated or os.environ.get(VARIABLE, ""))
    if found:
        return found
    return sys.executable if sys.version_info >= _OLDEST and sys.executable else None


class Drawer:
    """Has films drawn while the simulation goes on, by one process at a time, which outlives this one.

    Args:
        folder: of the run.
        python: see `find_python`; None where nobody can draw here.
    """

    def __init__(self, folder: Path, python: str | None) -> None:
        self._folder, self._python = folder, python
        self._process: subprocess.Popen | None = None
        self._is_behind = False

    @property
    def command(self) -> str:
        """What somebody who draws by hand runs."""
        return f"replay-viewer render {shlex.quote(str(self._folder))} --resume"

    def draw(self) -> None:
        """There are states to draw, perhaps since a process has begun which is to come to them at its end."""
        if self._python is None:
            return
        if self._process is None or self._process.poll() is not None:
            self._is_behind = False
            self._start(self._python)
        else:
            self._is_behind = True

    def close(self) -> None:
        """Let what is left be drawn: the last process has perhaps not seen the last states."""
        if self._is_behind and self._python is not None:
            self._is_behind = False
            self._start(self._python)

    def _start(self, python: str) -> None:
        nice = shutil.which("nice")
        command = [*([nice, "-n", "19"] if nice else []), python, "-m", "replay_viewer", "render", str(self._folder)]
        package = str(Path(__file__).resolve().parents[3])
        paths = [package, os.environ.get("PYTHONPATH", "")] if python == sys.executable else []
        environment = {**os.environ, **({"PYTHONPATH": os.pathsep.join(filter(None, paths))} if paths else {})}
        try:
            with open(self._folder / LOG, "ab") as log:
                self._process = subprocess.Popen(
                    [*command, "--resume", "--workers", "1"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environment,
                    start_new_session=True,
                )
        except OSError as error:
            self._python = None
            _messages.warning("%s cannot draw films (%s). Their states are kept: run %s", python, error, self.command)


def say_who_draws(folder: Path, python: str | None) -> None:
    """Say what becomes of recorded states: who draws them, or how that is done."""
    command = Drawer(folder, None).command
    if python is None:
        _messages.warning(
            "Python %d.%d cannot draw films: their states are recorded. Name a newer interpreter with replay-viewer by "
            "%s or renderer_python=, or draw them later by: %s",
            *(*sys.version_info[:2], VARIABLE, command),
        )
    else:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        _messages.info("Films are drawn beside the training; if it is cut off, %s draws what is left.", command)
