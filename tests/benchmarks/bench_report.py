"""A report of 10,000 episodes, in the real browser: its size, how soon it can be used, and how soon it is sorted.

Prints each against its limit (5 MB, 2 s, 0.2 s), and how long it takes to build at first and again; in brackets the
processor's time, which is the same on a machine that has other things to do.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from chromium_tabs import CHROMIUM_FLAGS, chromium_path
from evaluation_samples import evaluation, written
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from replay_viewer import EpisodeRecord, build_report

NUM_EPISODES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
TERMS = 12
COLUMNS = ("return", "friction", "job", "outcome")

# Until the table of another order has been put on the screen.
_SORT = """
async (index) => {
  const begin = performance.now();
  window.episodeTable.order([index, "desc"]).draw();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return (performance.now() - begin) / 1000;
}
"""


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="report-"))
    os.environ["REPLAY_VIEWER_CACHE"] = str(folder / "cache")
    try:
        records = [_with_terms(record) for record in evaluation(NUM_EPISODES // 6)]
        runs = written(folder / "runs", records)
        time.sleep(2.5)  # Files that were written just now are not kept in the index.
        page = folder / "report" / "index.html"
        print(f"built of {len(records)} episodes: {_build(runs, page)}")
        print(f"with nothing new: {_build(runs, page)}")
        print(f"size: {page.stat().st_size / 1e6:.2f} MB, limit 5 MB at 10,000 episodes")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=str(chromium_path()), headless=True, args=CHROMIUM_FLAGS
            )
            _measure(browser, page)
            browser.close()
    finally:
        shutil.rmtree(folder)


def _with_terms(record: EpisodeRecord) -> EpisodeRecord:
    """With as many reward terms as tasks have."""
    terms = {
        f"{name}_{k}": value for name, value in record.rewards.items() for k in range(TERMS // len(record.rewards))
    }
    return replace(record, rewards=terms)


def _build(runs: Path, page: Path) -> str:
    start, worked = time.perf_counter(), time.process_time()
    build_report(runs, page.parent)
    return f"{time.perf_counter() - start:.2f} s ({time.process_time() - worked:.2f} s)"


def _measure(browser: Browser, page: Path) -> None:
    opened, worked = [], []
    for _ in range(3):
        tab = browser.new_page(viewport={"width": 1366, "height": 768})
        metrics = tab.context.new_cdp_session(tab)
        metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
        start = time.perf_counter()
        tab.goto(page.as_uri())
        tab.wait_for_selector("[data-ready]")
        opened.append(time.perf_counter() - start)
        worked.append(_work(metrics))
        painted = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime / 1000")
        print(f"something is seen after {painted:.2f} s, the table is there after {opened[-1]:.2f} s")
        if len(opened) < 3:
            tab.close()
        else:
            _sort(tab, metrics)
    print(f"opened: {min(opened):.2f} s ({min(worked):.2f} s), limit 2 s")


def _work(metrics: CDPSession) -> float:
    """Seconds that the page's main thread has used."""
    found = {one["name"]: one["value"] for one in metrics.send("Performance.getMetrics")["metrics"]}
    return found["TaskDuration"]


def _sort(tab: Page, metrics: CDPSession) -> None:
    labels = tab.evaluate("window.episodeTable.columns().titles().toArray()")
    for name in COLUMNS:
        before = _work(metrics)
        seconds = [tab.evaluate(_SORT, labels.index(name)) for _ in range(3)]
        each = (_work(metrics) - before) / len(seconds)
        print(f"sorted by {name}: {min(seconds) * 1000:.0f} ms ({each * 1000:.0f} ms), limit 200 ms")
    start = time.perf_counter()
    tab.get_by_placeholder("Search").fill("stairs")
    tab.wait_for_function("window.episodeTable.search() === 'stairs'")
    print(f"searched: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
