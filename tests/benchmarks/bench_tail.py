"""What following a recording costs, whatever its length, and how long a step takes from its append to the page.

Recordings of 10, 10 000 and 1 000 000 steps, all of one running episode; the long ones are sparse files. Limits:

- a poll that finds nothing: 1% of a core at eight polls a second;
- taking in seven new steps (a poll's worth at 50 Hz), and everything the panels then show: 10 ms, at any length, and
  at most twice the cost at 10 000 steps for a hundred times as many;
- from the append of a step to its pose on the page: 0.35 s, the period of the poll, and a little more for the smooth
  approach.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from chromium_tabs import CHROMIUM_FLAGS, chromium_path
from playwright.sync_api import sync_playwright
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer.container.extents import folder_extents
from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.layout import segment_name
from replay_viewer.container.meta import read_meta
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.viewer.charts.charts import Charts
from replay_viewer.viewer.panels.rewards import row_values
from replay_viewer.viewer.panels.timeline import TimelineState
from replay_viewer.viewer.session import Session
from replay_viewer.viewer.tail import POLL_PERIOD, Tail

POLL_LIMIT_S = 0.01 * POLL_PERIOD
UPDATE_LIMIT_S = 0.010
GROWTH_LIMIT = 2.0
DELAY_LIMIT_S = 0.35
TERMS = 16
_STEPS_PER_POLL = 7
_WRITER = Path(__file__).resolve().parents[1] / "live_writer.py"

_POSES = """
async (seconds) => {
  const seen = [];
  const end = performance.now() + 1000 * seconds;
  let last = -1;
  while (performance.now() < end) {
    await new Promise(requestAnimationFrame);
    const step = Math.floor(window.__viserMutable.nodePoseData['/playhead'].position[0] + 1e-6);
    if (step !== last) seen.push([step, (performance.timeOrigin + performance.now()) / 1000]);
    last = step;
  }
  return seen;
}
"""


def values(step: int) -> dict[str, np.ndarray]:
    wxyz = np.array([[1, 0, 0, 0]], np.float32)
    terms = np.full((1, TERMS), np.sin(step), np.float32)
    return {"robot.base_pos": np.zeros((1, 3)), "robot.base_wxyz": wxyz, "rew": terms.sum(axis=1), "rew_terms": terms}


def make_long(path: Path, num_steps: int) -> None:
    """A recording whose steps between the first ones and the end of the file were never written: they are zero."""
    info = RecordingInfo(
        env_ids=[0],
        control_dt=0.02,
        entities=(EntitySpec("robot"),),
        reward_terms=[f"term_{k}" for k in range(TERMS)],
    )
    with ContainerWriter(path, info, segment_bytes=2**40) as writer:
        for step in range(10):
            writer.append(step, 0.02 * step, values(step))
    layout = read_meta(folder_extents(path), path).layout
    os.truncate(path / segment_name(0), layout.header_bytes + num_steps * layout.record_bytes)
    os.truncate(path / "log.jsonl", 0)  # Nobody has closed it.


def seconds(action: Callable[[], object], times: int) -> float:
    """Median time of an action."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def costs(path: Path) -> tuple[float, float]:
    """Seconds of a poll that finds nothing, and of one that finds steps, with all that is then shown."""
    replay = open_replay(path)
    session, file = Session(world_of([replay]), tail=Tail(replay)), path / segment_name(0)
    session.go_to_end()
    layout = read_meta(folder_extents(path), path).layout
    plots, state = Charts(session, lambda: None), TimelineState(session)
    state.changes()

    def update() -> None:
        os.truncate(file, file.stat().st_size + _STEPS_PER_POLL * layout.record_bytes)
        assert session.poll(POLL_PERIOD)
        session.go_to_end()
        assert plots.rewards is not None
        pictures = plots.rewards.picture(), plots.signals[0].chart.picture()
        _ = session.frame, state.changes(), pictures, row_values(session.rewards, session.episode_rewards)

    update()
    taken = seconds(lambda: session.poll(POLL_PERIOD), 200), seconds(update, 60)
    replay.close()
    return taken


def report_costs() -> None:
    updates = []
    for num_steps in (10, 10_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            make_long(Path(folder) / "run.rec", num_steps)
            poll, update = costs(Path(folder) / "run.rec")
        updates.append(update)
        print(
            f"{num_steps:9} steps: a poll {1e6 * poll:6.1f} us ({poll / POLL_LIMIT_S:.3f} of the limit), "
            f"an update {1e3 * update:6.2f} ms ({update / UPDATE_LIMIT_S:.3f} of the limit)"
        )
    print(f"100 times as many steps: {updates[2] / updates[1]:.2f}x the time (limit {GROWTH_LIMIT:g}x)")


def report_delay(watched: float) -> None:
    path = chromium_path()
    if path is None:
        sys.exit("this benchmark needs a Chromium (set CHROMIUM to its path)")
    folder = Path(tempfile.mkdtemp())
    try:
        with (
            sync_playwright() as playwright,
            subprocess.Popen([sys.executable, _WRITER, str(folder / "run.rec")], stdout=subprocess.PIPE) as writer,
            ViewerProcess([str(folder / "run.rec"), "--tail", "--port", "0", "--no-shadows"]) as viewer,
        ):
            appended: dict[int, float] = {}
            threading.Thread(target=_note, args=(writer, appended), daemon=True).start()
            browser = playwright.chromium.launch(executable_path=str(path), headless=True, args=CHROMIUM_FLAGS)
            with open_page(browser, viewer.url, (900, 500)) as page:
                delays = _delays(page, appended, watched)
            browser.close()
            writer.kill()
    finally:
        shutil.rmtree(folder)
    median, p95 = statistics.median(delays), sorted(delays)[int(0.95 * len(delays))]
    print(
        f"append to pose: {median:.3f} s median, {p95:.3f} s p95 of {len(delays)} steps "
        f"({p95 / DELAY_LIMIT_S:.2f} of the limit of {DELAY_LIMIT_S:g} s)"
    )


def _note(writer: subprocess.Popen[bytes], appended: dict[int, float]) -> None:
    assert writer.stdout is not None
    for line in writer.stdout:
        step, at = line.split()
        appended[int(step)] = float(at)


def _delays(page: ViewerPage, appended: dict[int, float], watched: float) -> list[float]:
    page.until(lambda: page.step() > 30, "some steps")
    seen = page.page.evaluate(_POSES, watched)
    return [at - appended[step] for step, at in seen[1:] if step in appended]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long the page is watched")
    parser.add_argument("--no-page", action="store_true", help="without the delay, which needs a Chromium")
    options = parser.parse_args()
    report_costs()
    if not options.no_page:
        report_delay(options.seconds)


if __name__ == "__main__":
    main()
