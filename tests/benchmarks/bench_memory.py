"""Memory of the server and of the page while a recording plays in a loop for a long time.

    python tests/benchmarks/bench_memory.py [--minutes 20] [--speed 4] [--recordings RUN.rec ...]

An hour must not be felt: a line is fitted through the samples of the second half, before which caches fill, and its
slope is printed in MB per hour. Beside it, at the same time, runs a page of viser in which a box moves 60 times a
second: what grows there grows by viser and the browser. Before each sample garbage is collected in both. Drawing is
stubbed.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

import numpy as np
import psutil
from bare_page import bare_page, repeated
from chromium_tabs import CHROMIUM_FLAGS, chromium_path
from playwright.sync_api import Page, Playwright, sync_playwright
from viewer_page import ViewerProcess, open_page

from replay_viewer.paths import asset
from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.server import close_server, open_server

# What an hour may add [MB]: an eighth of what the server takes at first.
LIMIT_MB_PER_HOUR = 16.0
_SAMPLE_SECONDS = 10.0
_SIZE = (800, 500)
_COLUMNS = ("server", "page's heap", "page's process", "bare viser's heap", "bare viser's process")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--speed", default="4", help="playback speed: 4 loops a recording four times as often")
    parser.add_argument("--recordings", type=Path, nargs="+", default=[asset("walk.rec")], help="several are compared")
    options = parser.parse_args()
    with (
        sync_playwright() as playwright,
        ViewerProcess([*map(str, options.recordings), "--port", "0", "--no-shadows"]) as viewer,
        playing(playwright, viewer, options.speed) as page,
        moving_box(playwright) as bare,
    ):
        samples = watch(viewer.process.pid, (page, bare), options.minutes * 60)
    report(samples)


@contextlib.contextmanager
def playing(playwright: Playwright, viewer: ViewerProcess, speed: str) -> Iterator[DrawnPage]:
    """The viewer's page, which plays all of the recording in a loop."""
    others = renderers()
    browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
    with open_page(browser, viewer.url, size=_SIZE) as page:
        page.choose_on_bar("Speed", speed)
        page.choose_on_bar("Loop", "rollout")
        page.press_button("Play")
        yield DrawnPage(page.page, others)
        assert page.playing(), "it played until the end"
    browser.close()


@contextlib.contextmanager
def moving_box(playwright: Playwright) -> Iterator[DrawnPage]:
    """A page of viser with nothing but a box that moves."""
    others = renderers()
    server = open_server(Access(), 0, "bare")
    box = server.scene.add_box("/box", dimensions=(1.0, 1.0, 1.0))

    def move(index: int) -> None:
        box.position = (0.01 * (index % 100), 0.0, 0.0)
        server.flush()

    browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
    with bare_page(browser, server, _SIZE) as page, repeated(move, 60.0):
        yield DrawnPage(page, others)
    browser.close()
    close_server(server)


class DrawnPage:
    """A page in a browser of its own, and the process that draws it."""

    def __init__(self, page: Page, others: set[int]) -> None:
        """others: processes that draw pages of other browsers."""
        self._devtools = page.context.new_cdp_session(page)
        # A browser has some in reserve.
        self._pid = max(renderers() - others, key=resident_mb)

    def heap_mb(self) -> float:
        """What is left in the page's heap after a collection [MB]."""
        self._devtools.send("HeapProfiler.collectGarbage")
        return self._devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6

    def process_mb(self) -> float:
        return resident_mb(self._pid)


def renderers() -> set[int]:
    """The processes that draw pages, of all browsers that were started here."""
    children = psutil.Process().children(recursive=True)
    return {child.pid for child in children if "--type=renderer" in child.cmdline()}


def resident_mb(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 1e6


def watch(server: int, pages: Sequence[DrawnPage], seconds: float) -> np.ndarray:
    """Samples (S, 1 + len(_COLUMNS)): time [s], then memory [MB]."""
    samples, start = [], time.monotonic()
    while (elapsed := time.monotonic() - start) < seconds:
        sample = [resident_mb(server), *(value for page in pages for value in (page.heap_mb(), page.process_mb()))]
        samples.append([elapsed, *sample])
        print(
            f"{elapsed:6.0f} s ", *(f"{name} {mb:.1f}" for name, mb in zip(_COLUMNS, sample, strict=True)), flush=True
        )
        time.sleep(_SAMPLE_SECONDS)
    return np.array(samples)


def report(samples: np.ndarray) -> None:
    settled = samples[samples[:, 0] > samples[-1, 0] / 2]
    for column, name in enumerate(_COLUMNS, 1):
        slope, _ = np.polyfit(settled[:, 0] / 3600, settled[:, column], 1)
        ratio = slope / LIMIT_MB_PER_HOUR
        print(f"{name}: {settled[0, column]:.1f} -> {settled[-1, column]:.1f} MB, {slope:+.1f} MB/h", end=", ")
        print(f"{ratio:.2f} of the limit")


if __name__ == "__main__":
    main()
