"""The command `demo`: a bundled recording, or a simulation that is recorded while it is shown."""

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
from typing import Annotated, Literal

import tyro

from replay_viewer.errors import BadArgument, ReplayError, printable
from replay_viewer.paths import demo_script

from .arguments import NOTHING_STATED, Flag, shown_as
from .serving import DEFAULT_SERVING, Serving, ServingOptions, served_page, show, tell
from .view import view_demo

# It ends by itself after so long [s], should nobody end it.
_SECONDS = 600
# So long it may take to close its recording [s].
_PATIENCE = 10.0


def demo(
    which: Annotated[tyro.conf.Positional[Literal["walk", "push"]], shown_as("[DEMO]")] = "walk",
    serving: ServingOptions = DEFAULT_SERVING,
    record: Flag = False,
    out: Annotated[Path | None, shown_as("PATH")] = None,
) -> None:
    """Open a bundled demo, or simulate it now.

    Args:
        which: A robot that walks over uneven ground (walk), or two that push a box together (push).
        serving: Where the page is served.
        record: Simulate it in real time and show it meanwhile; needs MuJoCo (pip install mujoco).
        out: Where to record it, with --record; else in a temporary folder, which is left there.
    """
    if record:
        _record(which, out, serving)
    elif out is not None:
        raise BadArgument("--out", out, "is for --record.")
    else:
        view_demo(which, serving)


def _record(which: str, out: Path | None, serving: Serving) -> None:
    """Simulate a demo in a process of its own, and show it as it is recorded; both end together."""
    with LiveDemo(which, out) as simulation:
        path = simulation.path
        with served_page([path], serving) as page:

            def tell_failure(problem: str) -> None:
                tell(path, problem)
                page.app.notify("It ended", problem)

            show(page, [path], NOTHING_STATED, tail=True, check=simulation.check)
            simulation.watch(tell_failure)
            page.app.run_forever()
    print(f"Recorded in {printable(str(path))}", flush=True)


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

    def _read(self) -> None:
        """Listen to what it complains of, until it ends."""
        assert self._process.stderr is not None
        said = ""
        for line in self._process.stderr:
            said = line.decode(errors="replace").strip() or said
        code = self._process.wait()
        if code and not self._is_ending:
            self._failure = f"the simulation ended with an error: {printable(said or f'exit code {code}')}"

    def _start(self, script: Path) -> subprocess.Popen[bytes]:
        paths = [str(Path(__file__).resolve().parents[2])]  # Of this package, wherever it lies.
        if "PYTHONPATH" in os.environ:
            paths.append(os.environ["PYTHONPATH"])
        return subprocess.Popen(
            [sys.executable, str(script), str(self.path), "--live", "--seconds", str(_SECONDS)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # Ctrl-C in a terminal is for the viewer, which then ends this one.
            start_new_session=True,
        )
