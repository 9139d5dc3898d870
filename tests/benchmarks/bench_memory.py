"""Memory of the server and of the page while a recording plays in a loop for a long time.

    python tests/benchmarks/bench_memory.py [--minutes 10] [--speed 4] [--recording RUN.rec]

An hour must not be felt: a line is fitted through the samples after the first quarter, in which caches fill, and its
slope is printed in MB per hour. Garbage is collected in the page before each sample. Drawing is stubbed in the page.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "browser")]

import numpy as np
import psutil
from playwright.sync_api import CDPSession, sync_playwright
from viewer_page import CHROMIUM_FLAGS, ViewerPage, ViewerProcess, chromium_path, open_page

from replay_viewer.assets_path import asset

# What an hour may add [MB]: an eighth of what the server takes at first.
LIMIT_MB_PER_HOUR = 16.0
_SAMPLE_SECONDS = 10.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--speed", default="4", help="playback speed: 4 loops a recording four times as often")
    parser.add_argument("--recording", type=Path, default=asset("walk.rec"))
    options = parser.parse_args()
    with (
        sync_playwright() as playwright,
        ViewerProcess([str(options.recording), "--port", "0", "--no-shadows"]) as viewer,
    ):
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
        with open_page(browser, viewer.url, size=(800, 500)) as page:
            samples = watch(page, viewer.process.pid, options.minutes * 60, options.speed)
        browser.close()
    report(samples)


def watch(page: ViewerPage, server: int, seconds: float, speed: str) -> np.ndarray:
    """Samples (S, 4): time [s], memory of the server, of the page's heap and of the page's process [MB]."""
    page.choose_on_bar("Speed", speed)
    page.choose_on_bar("Loop", "rollout")
    page.press_button("Play")
    devtools = page.page.context.new_cdp_session(page.page)
    samples, start = [], time.monotonic()
    while (elapsed := time.monotonic() - start) < seconds:
        samples.append((elapsed, resident_mb(server), heap_mb(devtools), largest_renderer_mb()))
        print(f"{elapsed:6.0f} s  server {samples[-1][1]:.1f}  heap {samples[-1][2]:.1f}  page {samples[-1][3]:.1f} MB")
        page.page.wait_for_timeout(_SAMPLE_SECONDS * 1000)
    assert page.playing(), "it played until the end"
    return np.array(samples)


def resident_mb(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 1e6


def heap_mb(devtools: CDPSession) -> float:
    devtools.send("HeapProfiler.collectGarbage")
    return devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6


def largest_renderer_mb() -> float:
    """Of the browser's processes that draw pages, the largest: the one with the viewer in it."""
    children = psutil.Process().children(recursive=True)
    renderers = [child for child in children if "--type=renderer" in child.cmdline()]
    return max(resident_mb(child.pid) for child in renderers)


def report(samples: np.ndarray) -> None:
    settled = samples[samples[:, 0] > samples[-1, 0] / 4]
    for column, name in ((1, "server"), (2, "page's heap"), (3, "page's process")):
        slope, _ = np.polyfit(settled[:, 0] / 3600, settled[:, column], 1)
        first, last = settled[0, column], settled[-1, column]
        ratio = slope / LIMIT_MB_PER_HOUR
        print(f"{name}: {first:.1f} -> {last:.1f} MB, {slope:+.1f} MB/h, {ratio:.2f} of the limit")


if __name__ == "__main__":
    main()
