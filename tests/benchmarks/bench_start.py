"""How long people wait for the first thing: `info`, the first picture on a machine, a robot in the browser.

Each beside its peer, alternating, in processes of their own; seconds on the clock, and of processors in brackets.
Limits: `info` of the bundled recording 0.4 s; the first picture, with nothing compiled, 3 s; command to robot 0.3 s
more than a bare page of viser with the same robot (`ViserUrdf`), whose server is started anew too.
Run: python tests/benchmarks/bench_start.py [--recording RUN.rec --urdf ROBOT.urdf] [--runs 3]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from bench_viewer import chromium
from chromium_tabs import NO_DRAWING
from playwright.sync_api import Browser

from replay_viewer.paths import asset

_CLI = [sys.executable, "-m", "replay_viewer"]
# As commands import them: without scipy and others, which trimesh would load besides if they are installed.
_LIBRARIES = """
from replay_viewer.cli.imports import large_imports
with large_imports():
    import numpy, trimesh, tyro, yourdfpy
"""
_BARE_PAGE = """
import sys, time
from pathlib import Path
import viser, yourdfpy
from viser.extras import ViserUrdf
server = viser.ViserServer(port=0, verbose=False)
server.scene.add_grid("/ground")
ViserUrdf(server, Path(sys.argv[1]), load_collision_meshes=False)
print(f"http://127.0.0.1:{server.get_port()}", flush=True)
time.sleep(600)
"""
_IS_DRAWN = "window.__viserMutable && window.__viserMutable.firstMessageBatch === false"

# Seconds on the clock, and of processors.
Cost = tuple[float, float]


def costs(action: Callable[[], object]) -> Cost:
    """Of an action that waits for its processes to end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    action()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(command: list[str], **environment: str) -> None:
    """With Python's own code kept, as where a package is installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**kept, **environment})


def picture(recording: Path, cache: str | None = None) -> Callable[[], None]:
    """In a process of its own. cache: where the compiled loops are kept; by default in a folder that is new."""

    def draw() -> None:
        with tempfile.TemporaryDirectory() as folder:
            run([*_CLI, "render", str(recording), f"{folder}/one.png"], REPLAY_VIEWER_CACHE=cache or f"{folder}/cache")

    return draw


def drawn_robot(browser: Browser, command: list[str]) -> Callable[[], None]:
    """From the command to the page in which the robot is, and the server's end, which takes no time."""

    def wait() -> None:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            url = next(word for line in server.stdout for word in line.split() if word.startswith("http://"))
            context = browser.new_context(viewport={"width": 640, "height": 400})
            context.add_init_script(NO_DRAWING)
            page = context.new_page()
            page.goto(url)
            page.wait_for_function(_IS_DRAWN, timeout=120_000)
            server.kill()
            context.close()

    return wait


def compare(name: str, ours: Callable[[], object], peer_name: str, peer: Callable[[], object], runs: int) -> None:
    """Medians of both, run by turns."""
    of_ours, of_peer = [], []
    for _ in range(runs):
        of_peer.append(costs(peer))
        of_ours.append(costs(ours))
    (wall, cpu), (peer_wall, peer_cpu) = (
        (statistics.median(column) for column in zip(*found, strict=True)) for found in (of_ours, of_peer)
    )
    print(f"{name:24} {wall:6.2f} s ({cpu:.2f}); {peer_name}: {peer_wall:.2f} s ({peer_cpu:.2f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recording", type=Path, default=asset("walk.rec"))
    parser.add_argument("--urdf", type=Path, default=asset("trotter/trotter.urdf"), help="of the peer's robot")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    recording, runs = options.recording, options.runs
    info = [*_CLI, "info", str(recording)]
    run(info)
    compare("info", lambda: run(info), "its libraries alone", lambda: run([sys.executable, "-c", _LIBRARIES]), runs)
    with tempfile.TemporaryDirectory() as cache:
        again = picture(recording, cache)
        again()
        compare("first picture", picture(recording), "the next ones", again, runs)
    with chromium() as browser:
        ours = drawn_robot(browser, [*_CLI, "view", str(recording), "--port", "0"])
        bare = drawn_robot(browser, [sys.executable, "-c", _BARE_PAGE, str(options.urdf)])
        compare("command to robot", ours, "bare ViserUrdf page", bare, runs)


if __name__ == "__main__":
    main()
