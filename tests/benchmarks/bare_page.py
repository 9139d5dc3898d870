"""A page of viser alone, in which something may move: what this machine's browser does without our part of it."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator

import viser
from chromium_tabs import NO_DRAWING
from playwright.sync_api import Browser, Page


@contextlib.contextmanager
def bare_page(browser: Browser, server: viser.ViserServer, size: tuple[int, int]) -> Iterator[Page]:
    """The server's page, connected, with nothing rasterised."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.add_init_script(NO_DRAWING)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.get_port()}")
    page.wait_for_function(
        "window.__viserMutable && window.__viserMutable.firstMessageBatch === false", timeout=120_000
    )
    try:
        yield page
    finally:
        context.close()


@contextlib.contextmanager
def repeated(show: Callable[[int], None], rate: float) -> Iterator[None]:
    """While the block lasts, another thread calls show(0), show(1), ... `rate` times per second."""
    stopped = threading.Event()

    def run() -> None:
        start = time.perf_counter()
        for index in itertools.count():
            show(index)
            if stopped.wait(max(0.0, start + (index + 1) / rate - time.perf_counter())):
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
