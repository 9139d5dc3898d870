"""The table of 100,000 episodes in a folder of 1,000 recordings: indexed anew, opened, sorted, filtered, scrolled.

Prints seconds and kilobytes, on the server alone and in a real Chromium, and those of a plain HTML table of 10,000
rows: what a page would be that has them all.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from bench_episode_index import NUM_ENVS, NUM_EPISODES, NUM_RECORDINGS, many_recordings
from chromium_tabs import CHROMIUM_FLAGS, chromium_path
from listings import looked_through
from playwright.sync_api import Page, sync_playwright
from viewer_page import ViewerProcess, open_tab

from replay_viewer.viewer.episodes.choice import Choice
from replay_viewer.viewer.episodes.notes import Notes
from replay_viewer.viewer.episodes.rows import Rows
from replay_viewer.viewer.episodes.view import View

NUM_ROWS = NUM_RECORDINGS * NUM_ENVS * NUM_EPISODES
COLUMNS = ["recording", "env_id", "episode_in_env", "outcome", "total_reward", "episode_length", "rewards.term_0"]
CHOICES: dict[str, dict[str, Any]] = {
    "grouped by recording": {"group": "recording"},
    "sorted by return": {"sort": "total_reward"},
    "the same again": {"sort": "total_reward", "descending": True},
    "sorted by a reward term": {"sort": "rewards.term_3"},
    "a text": {"text": "77.rec"},
    "a condition": {"where": "rewards.term_0 > 1 and total_reward < 0"},
    "a range": {"ranges": [{"name": "total_reward", "low": 0, "high": 1}]},
}
# Frames while it is scrolled at a constant speed: the time between two [ms], and in how many lines were missing.
SCROLL = """
async ([pixels, frames]) => {
  const rows = document.querySelector(".rv-drawer-rows");
  rows.scrollTop = 0;
  const times = [];
  let blank = 0;
  let last = performance.now();
  for (let frame = 0; frame < frames; frame++) {
    rows.scrollTop += pixels;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const now = performance.now();
    times.push(now - last);
    last = now;
    const box = rows.getBoundingClientRect();
    const seen = document.elementFromPoint(box.left + 40, box.top + box.height / 2);
    if (!seen?.closest(".rv-line")) blank += 1;
  }
  times.sort((a, b) => a - b);
  return [times[frames >> 1], times[Math.floor(frames * 0.95)], blank];
}
"""
JUMP = """
async () => {
  const rows = document.querySelector(".rv-drawer-rows");
  await new Promise((resolve) => setTimeout(resolve, 500));
  rows.scrollTop = rows.scrollHeight / 2;
  const began = performance.now();
  const box = rows.getBoundingClientRect();
  const isThere = () => document.elementFromPoint(box.left + 40, box.top + box.height / 2)?.closest(".rv-line");
  while (!isThere()) await new Promise((resolve) => requestAnimationFrame(resolve));
  return performance.now() - began;
}
"""
PLAIN = """
async (count) => {
  const began = performance.now();
  const table = document.createElement("table");
  for (let row = 0; row < count; row++) {
    const line = table.insertRow();
    for (let cell = 0; cell < 8; cell++) line.insertCell().textContent = `${row} ${cell}`;
  }
  document.body.replaceChildren(table);
  table.offsetHeight;
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return (performance.now() - began) / 1000;
}
"""


def main() -> None:
    with many_recordings() as runs:
        on_the_server(runs)
        in_the_browser(runs)


def on_the_server(runs: Path) -> None:
    print(f"indexed anew: {_seconds(lambda: looked_through(runs)):.1f} s")
    listing = looked_through(runs)
    print(f"looked through, known to the index: {_seconds(lambda: looked_through(runs)):.2f} s")
    print(f"looked through again, nothing new: {_seconds(lambda: looked_through(runs, listing)):.2f} s")
    rows, notes, view = Rows(listing.sources), Notes(), View(lambda film: str(film.path))
    assert len(rows) == NUM_ROWS
    for name, sent in CHOICES.items():
        view.choose(Choice.of({"group": "", "columns": COLUMNS, **sent}))
        print(f"{name}: {1000 * _seconds(lambda: view.show(rows, notes)):.0f} ms, {len(view.order)} episodes")
    view.choose(Choice.of({"group": "", "columns": COLUMNS}))
    view.show(rows, notes)
    milliseconds = 1000 * _seconds(lambda: view.window(50_000, 60))
    print(f"60 lines: {milliseconds:.1f} ms, {len(json.dumps(view.window(50_000, 60))) / 1000:.1f} kB")


def in_the_browser(runs: Path) -> None:
    arguments = [str(runs), "--port", "0", "--no-shadows"]
    with ViewerProcess(arguments) as viewer, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
        with open_tab(browser, size=(1366, 768)) as tab:
            page, sizes = tab.page, []
            page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))))
            began = time.perf_counter()
            page.goto(viewer.url)
            page.wait_for_selector(".rv-group-line")
            print(f"page with its first lines: {time.perf_counter() - began:.1f} s")
            page.wait_for_function("document.querySelector('.rv-drawer-summary').textContent.startsWith('100,000')")
            page.wait_for_function("!document.querySelector('.rv-drawer-summary').textContent.includes('reading')")
            print(f"with all episodes: {time.perf_counter() - began:.1f} s")
            page.get_by_label("Group by").select_option("")
            print(f"ungrouped: {_until_sorted(page, 'Recording'):.2f} s")
            for label in ("Return", "Length", "Return"):
                page.wait_for_timeout(500)
                print(f"sorted by {label.lower()}: {_until_sorted(page, label):.2f} s")
            for name, pixels in (
                ("by a line a frame", 30),
                ("by a page a frame", 600),
                ("by 100 pages a frame", 60_000),
            ):
                sizes.clear()
                median, late, blank = page.evaluate(SCROLL, [pixels, 50])
                largest = max(sizes, default=0) / 1000
                got = f"{sum(sizes) / 1000:.0f} kB in {len(sizes)} messages, the largest {largest:.1f} kB"
                print(f"scrolled {name}: frame {median:.0f} ms, 95 % {late:.0f} ms, blank in {blank} of 50; {got}")
            seconds = page.evaluate(JUMP) / 1000
            print(
                f"jump to the middle: lines after {seconds:.2f} s, {page.locator('.rv-lines *').count()} nodes in all"
            )
        with open_tab(browser) as tab:
            print(f"a plain HTML table of 10,000 rows alone: {tab.page.evaluate(PLAIN, 10_000):.1f} s")
        browser.close()


def _until_sorted(page: Page, label: str) -> float:
    """Sort by a column; until the first line is another one, or the same anew [s]."""
    page.evaluate("document.querySelectorAll('.rv-lines .rv-line').forEach((line) => { line.dataset.before = '1'; })")
    began = time.perf_counter()
    page.locator(".rv-head-cell button", has_text=label).first.click()
    page.wait_for_function(
        "document.querySelector('.rv-lines .rv-line') && !document.querySelector('.rv-lines [data-before]')"
    )
    return time.perf_counter() - began


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
