"""The viewer in a real Chromium: frames delivered, click to pose, server time per frame, command to page.

    python tests/benchmarks/bench_viewer.py [--recording RUN.rec|ROLLOUT.npz --urdf ROBOT.urdf]

Drawing is stubbed in the page, so that what is measured is our server and viser's client, not a software rasteriser.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from bare_page import bare_page
from chromium_tabs import CHROMIUM_FLAGS, chromium_path
from playwright.sync_api import Browser, sync_playwright
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer.paths import asset
from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.server import close_server, open_server

FRAMES_LIMIT = 0.95
PAGE_LIMIT_S = 3.0

# Counts the frames that arrive in the page's queue of messages, by their playheads, and the distinct ones among them
# that the page applies at its own animation frames.
_COUNT_FRAMES = """
async (seconds) => {
  const at = () => window.__viserMutable.nodePoseData['/playhead'].position[0];
  const queue = window.__viserMutable.messageQueue;
  let last = at(), applied = 0, arrived = 0;
  queue.push = (message) => {
    if (message.type === 'SetPositionMessage' && message.name === '/playhead') arrived++;
    return Array.prototype.push.call(queue, message);
  };
  const start = performance.now();
  await new Promise((done) => {
    const look = () => {
      if (at() !== last) { applied++; last = at(); }
      performance.now() - start > seconds * 1000 ? done() : requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const elapsed = (performance.now() - start) / 1000;
  delete queue.push;
  return [arrived / elapsed, applied / elapsed];
}
"""
# Without a GPU the page is composed in software, which in a large window takes longer than a frame by itself.
_WINDOW = (640, 400)

# Presses on the timeline and waits, frame by frame, until the playhead's pose is there.
_CLICK_TO_POSE = """
async (fraction) => {
  const track = document.querySelector('.rv-track'), box = track.getBoundingClientRect();
  const at = () => window.__viserMutable.nodePoseData['/playhead'].position[0];
  const before = at();
  const event = (type) => new PointerEvent(type, {
    clientX: box.left + box.width * fraction, clientY: box.top + 10, button: 0, pointerId: 1, bubbles: true });
  track.setPointerCapture = () => {};
  const start = performance.now();
  track.dispatchEvent(event('pointerdown'));
  while (at() === before && performance.now() - start < 2000) await new Promise(requestAnimationFrame);
  const elapsed = performance.now() - start;
  track.dispatchEvent(event('pointerup'));
  return elapsed;
}
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        sys.exit("this benchmark needs a Chromium (set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=str(path), headless=True, args=CHROMIUM_FLAGS)


def frames_delivered(page: ViewerPage, seconds: float = 8.0) -> None:
    page.choose_on_bar("Loop", "rollout")
    page.press_button("Play")
    page.until(lambda: page.step() > 3, "playing")
    arrived, applied = page.page.evaluate(_COUNT_FRAMES, seconds)
    page.press_button("Pause")
    print(
        f"frames delivered      {arrived:6.1f} of 60/s = {arrived / 60:.1%} (aim {FRAMES_LIMIT:.0%}), "
        f"applied by the page {applied:.1f}/s"
    )


def click_to_pose(page: ViewerPage, clicks: int = 40) -> None:
    page.until(lambda: not page.playing(), "a pause")
    latencies = []
    for click in range(clicks):
        latencies.append(page.page.evaluate(_CLICK_TO_POSE, 0.2 + 0.6 * (click % 7) / 7))
        page.page.wait_for_timeout(60)
    latencies.sort()
    p95 = latencies[int(0.95 * clicks)]
    print(
        f"click to pose         {statistics.median(latencies):6.1f} ms median, {p95:.1f} ms p95 (viser's slider: 44 ms)"
    )


def command_to_page(browser: Browser, arguments: list[str], runs: int = 3) -> None:
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        with ViewerProcess([*arguments, "--port", "0"]) as viewer:
            served = time.perf_counter() - start
            with open_page(browser, viewer.url, _WINDOW):
                taken.append((time.perf_counter() - start, served))
    total, served = min(taken)
    print(
        f"command to page       {total:6.2f} s, of which {served:.2f} s to the served address (aim {PAGE_LIMIT_S:g} s; "
        f"the page of an empty viser server that already runs takes {empty_page(browser):.2f} s)"
    )


def empty_page(browser: Browser, runs: int = 3) -> float:
    """Seconds that the same browser takes to open the page of a viser server with nothing in it."""
    taken = []
    server = open_server(Access(), 0, "peer")
    server.scene.add_box("/box")
    for _ in range(runs):
        start = time.perf_counter()
        with bare_page(browser, server, _WINDOW):
            taken.append(time.perf_counter() - start)
    close_server(server)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recording", type=Path, default=None)
    parser.add_argument("--urdf", type=Path, default=None)
    options = parser.parse_args()
    arguments = [str(options.recording or asset("walk.rec"))]
    arguments += ["--urdf", str(options.urdf)] if options.urdf else []
    print(f"replay-viewer view {' '.join(arguments)}")
    with chromium() as browser:
        command_to_page(browser, arguments)
        with (
            ViewerProcess([*arguments, "--port", "0", "--no-shadows"]) as viewer,
            open_page(browser, viewer.url, _WINDOW) as page,
        ):
            frames_delivered(page)
            click_to_pose(page)


if __name__ == "__main__":
    main()
