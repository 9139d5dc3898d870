"""The demo as it is simulated: a process that records it in real time, beside the viewer that shows it."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from replay_viewer.errors import BadArgument, ReplayError, printable
from replay_viewer.paths import demo_script

# It ends by itself after so long [s], should nobody end it.
_SECONDS = 600
# So long it may take to close its recording [s].
_PATIENCE = 10.0


class NoMuJoCo(ReplayError):
    """The demo is to be simulated where the simulator is not installed."""

    def __init__(self) -> None:
        super().__init__(
            f"demo --record: simulates the demo by MuJoCo, which is not installed in {sys.prefix}. Install it: "
            "pip install mujoco. Or open the bundled recording: replay-viewer demo"
        )


class SimulationFailed(ReplayError):
    """The simulation ended by an error of its own."""


class LiveDemo:
    """A running simulation that records a demo, until the block ends; its recording stays.

    Attributes:
        path: of the recording.
    """

    def __init__(self, name: str, out: Path | None) -> None:
        """Start it.

        Args:
            name: which demo, "walk" or "push".
            out: where it is recorded; None for a new temporary folder.

        Raises:
            NoMuJoCo: the simulator is not installed.
            BadArgument: there is something at `out` already.
        """
        if importlib.util.find_spec("mujoco") is None:
            raise NoMuJoCo
        if out is not None and out.exists():
            raise BadArgument("--out", out, "there is something already.")
        self.path = out or Path(tempfile.mkdtemp(prefix="replay-viewer-demo-")) / f"{name}.rec"
        self._is_ending = False
        self._failure = ""
        self._process = self._start(demo_script(name))
        self._reader = threading.Thread(target=self._read, name="replay-viewer demo", daemon=True)
        self._reader.start()

    def check(self) -> None:
        """Raises SimulationFailed if it ended by an error."""
        if self._failure:
            raise SimulationFailed(self._failure)

    def watch(self, tell: Callable[[str], object]) -> None:
        """Have `tell` called, on a thread of its own, with a line about it if it ends by an error."""

        def wait() -> None:
            self._reader.join()
            if self._failure:
                tell(self._failure)

        threading.Thread(target=wait, name="replay-viewer demo", daemon=True).start()

    def _read(self) -> None:
        """Listen to what it complains of, until it ends."""
        assert self._process.stderr is not None
        said = ""
        for line in self._process.stderr:
            said = line.decode(errors="replace").strip() or said
        code = self._process.wait()
        if code and not self._is_ending:
            self._failure = f"the simulation ended with an error: {printable(said or f'exit code {code}')}"

    def __enter__(self) -> LiveDemo:
        return self

    def __exit__(self, *exc: object) -> None:
        """End it as Ctrl-C does, so that it closes its recording."""
        self._is_ending = True
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self, script: Path) -> subprocess.Popen[bytes]:
        package = str(Path(__file__).resolve().parents[2])
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        return subprocess.Popen(
            [sys.executable, str(script), str(self.path), "--live", "--seconds", str(_SECONDS)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # Ctrl-C in a terminal is for the viewer, which then ends this one.
            start_new_session=True,
        )
