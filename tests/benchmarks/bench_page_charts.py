"""The page's frames while it plays, with four charts of signals against one, in a real Chromium that draws nothing.

Frames per second, and milliseconds of processor time of the page's process per frame: in a laptop's window, whose panel
shows some of the charts, and in one so high that all are seen. Rounds alternate; medians are told. Limit: with four
charts as many frames per second as with one (97 %: the noise of a busy machine).
Run: python tests/benchmarks/bench_page_charts.py [--rounds 5] [--charts 1 4]
With --charts 1 it runs on versions of the page that have one chart, too.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from chromium_tabs import CHROMIUM_FLAGS, LAPTOP, chromium_path
from playwright.sync_api import Browser, sync_playwright
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer.paths import asset

LIMIT = 0.97
SECONDS = 5.0
WINDOWS = {"laptop": LAPTOP, "all seen": (900, 2800)}

_KEEP_FIRST = """
() => { for (let number = 8; number > 1; number -= 1) window.replayViewer.send("remove_chart", `signal${number}`); }
"""
_PLAY = """
() => {
  const { send } = window.replayViewer;
  send("set_loop", "rollout");
  send("play");
}
"""
_FRAMES = """
async (seconds) => {
  const start = performance.now();
  let frames = 0;
  while (performance.now() - start < seconds * 1000) {
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  return [frames, (performance.now() - start) / 1000];
}
"""


def set_charts(page: ViewerPage, count: int) -> None:
    """So many charts of signals beside that of the rewards."""
    page.page.evaluate(_KEEP_FIRST)
    for _ in range(count - 1):
        page.page.evaluate("window.replayViewer.send('add_chart')")
    page.until(lambda: page.page.locator(".rv-chart").count() == 1 + count, f"{count} charts")
    page.page.wait_for_timeout(1000)


def measured(browser: Browser, page: ViewerPage) -> tuple[float, float]:
    """Frames per second, and milliseconds of processor time of the page's process per frame."""
    session = browser.new_browser_cdp_session()

    def processor_seconds() -> float:
        processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(process["cpuTime"] for process in processes if process["type"] == "renderer")

    before = processor_seconds()
    frames, seconds = page.page.evaluate(_FRAMES, SECONDS)
    taken = processor_seconds() - before
    session.detach()
    return frames / seconds, 1e3 * taken / frames


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--charts", type=int, nargs="+", default=[1, 4])
    options = parser.parse_args()
    arguments = [str(asset("walk.rec")), "--port", "0", "--no-shadows"]
    with ViewerProcess(arguments) as viewer, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        for name, size in WINDOWS.items():
            with open_page(browser, viewer.url, size=size) as page:
                page.page.evaluate(_PLAY)
                found: dict[int, list[tuple[float, float]]] = {count: [] for count in options.charts}
                for _ in range(options.rounds):
                    for count in options.charts:
                        set_charts(page, count)
                        found[count].append(measured(browser, page))
            tell(name, found)
        browser.close()


def tell(window: str, found: dict[int, list[tuple[float, float]]]) -> None:
    medians = {
        count: [statistics.median(values) for values in zip(*rounds, strict=True)] for count, rounds in found.items()
    }
    for count, (rate, busy) in medians.items():
        print(f"{window:8} {count} charts {rate:5.1f} frames/s, {busy:5.2f} ms of processor time per frame")
    (first_rate, first_busy), *others = medians.values()
    for rate, busy in others:
        verdict = "ok" if rate >= LIMIT * first_rate else "FAIL"
        print(f"{window:8} frames/s {rate / first_rate:.3f}x (limit {LIMIT}): {verdict}; ms {busy / first_busy:.2f}x")


if __name__ == "__main__":
    main()
