"""The viewer as a user meets it: a process started from the command line, and its page in a real Chromium."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    # WebGL by the processor's GPU is slow enough; the page around it is put together several times faster without one.
    "--disable-gpu-compositing",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-first-run",
    # A page in the background must keep its timers and its animation frames.
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]

# Nothing is rasterised, nor put on the screen.
EMPTY_PICTURE = """
for (const k of ['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced', 'drawRangeElements'])
  WebGL2RenderingContext.prototype[k] = function () {};
document.addEventListener('DOMContentLoaded', () => {
  const style = document.createElement('style');
  style.textContent = 'canvas[data-engine] { opacity: 0; }';
  document.head.append(style);
});
"""

# The page has no note, for some seconds and over the panel, that there is no GPU.
FAST_GPU = """
const getParameter = WebGL2RenderingContext.prototype.getParameter;
WebGL2RenderingContext.prototype.getParameter = function (name) {
  const UNMASKED_RENDERER_WEBGL = 0x9246;
  return name === UNMASKED_RENDERER_WEBGL ? 'a fast GPU' : getParameter.call(this, name);
};
"""

# What is left of the page's work on a machine with a fast GPU.
NO_DRAWING = EMPTY_PICTURE + FAST_GPU


class ViewerProcess:
    """`replay-viewer view ...` in a process of its own, until the block ends."""

    def __init__(
        self, arguments: Sequence[str], timeout: float = 60.0, folder: Path | None = None, **environment: str
    ) -> None:
        """folder: the current one of the process."""
        command = [sys.executable, "-u", "-m", "replay_viewer", "view", *arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env={**os.environ, **environment},
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._wait_for_url(timeout)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def _wait_for_url(self, timeout: float) -> str:
        """The address, once it is printed; polled finely, since benchmarks time it."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = re.search(r"http://\S+", "\n".join(self.lines))
            if found:
                return found.group()
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.process.kill()
        raise RuntimeError("the viewer did not start:\n" + "\n".join(self.lines))

    def interrupt(self, how: signal.Signals = signal.SIGINT, timeout: float = 30.0) -> int:
        """Ctrl-C, or another signal; returns the exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout)

    def __enter__(self) -> ViewerProcess:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            try:
                self.interrupt()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(timeout=5)


class ViewerPage:
    """One browser tab with the viewer in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.console: list[str] = []
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"pageerror: {error}"))

    def goto(self, url: str) -> None:
        """Open the page and wait until the robot and the bar are there."""
        self.page.goto(url)
        self.wait_ready()

    def wait_ready(self) -> None:
        self.page.wait_for_function(
            "() => window.__viserMutable && window.__viserMutable.firstMessageBatch === false"
            " && window.replayViewer && document.querySelector('#rv-step')?.textContent"
            " && document.querySelector('#rv-episode')?.textContent",
            timeout=60_000,
        )

    def show_as_new(self) -> None:
        """Everything that belongs to this browser alone is as on a first visit, and nothing is held or open."""
        self.page.mouse.move(5, 5)
        self.page.mouse.up()
        self.page.keyboard.press("Escape")
        self.open_tab("View")
        self.click_button("Reset View")
        self.open_tab("Replay")
        if self.page.locator("#rv-bar .rv-zoom").get_attribute("aria-pressed") == "true":
            self.press_button("Timeline shows")
        self.console.clear()

    def until(self, condition: Callable[[], Any], what: str, timeout: float = 15.0) -> Any:
        """Wait for a condition on the page; returns its value. Fails with `what` when it does not come true."""
        end = time.monotonic() + timeout
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"the page never came to show: {what}; it shows {self.describe()}")
            self.page.wait_for_timeout(20)

    def describe(self) -> str:
        return f"{self.time_text()}, {self.episode_text()}, playing={self.playing()}; console: {self.console[-3:]}"

    # -- the bar --------------------------------------------------------------

    def step(self) -> int:
        return int(self.page.locator(".rv-track").get_attribute("aria-valuenow") or -1)

    def time_text(self) -> str:
        return self.page.locator(".rv-clock").inner_text()

    def episode_text(self) -> str:
        return self.page.locator("#rv-episode").inner_text()

    def playing(self) -> bool:
        return (self.page.locator(".rv-play").get_attribute("aria-label") or "").startswith("Pause")

    def press_button(self, label: str) -> None:
        """A button of the bar, by the beginning of its label."""
        self.page.locator(f'#rv-bar button[aria-label^="{label}"]').click()

    def choose_on_bar(self, label: str, value: str) -> None:
        self.page.locator(f'#rv-bar select[aria-label="{label}"]').select_option(value)

    def chosen_on_bar(self, label: str) -> str:
        return self.page.locator(f'#rv-bar select[aria-label="{label}"]').input_value()

    def wait_step(self, step: int) -> None:
        self.until(lambda: self.step() == step, f"step {step}")

    @contextlib.contextmanager
    def hold_timeline(self, fraction: float) -> Iterator[Callable[[float], None]]:
        """Press on the timeline at a fraction of its width; gives a function that drags on, and lets go at the end."""
        drag = self.press_timeline(fraction)
        try:
            yield drag
        finally:
            self.page.mouse.up()

    def press_timeline(self, fraction: float) -> Callable[[float], None]:
        """Press and do not let go; gives the function that drags on."""
        box = self.page.locator(".rv-track").bounding_box()
        assert box is not None
        mouse, y = self.page.mouse, box["y"] + box["height"] / 2

        def drag(to: float) -> None:
            mouse.move(box["x"] + box["width"] * to, y, steps=5)

        mouse.move(box["x"] + box["width"] * fraction, y)
        mouse.down()
        return drag

    # -- viser's panel --------------------------------------------------------

    def click_button(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=re.compile(name)).first.click()

    def _input(self, label: str) -> Any:
        labels = self.page.locator("label[for]", has_text=label)
        for index in range(labels.count()):
            if labels.nth(index).inner_text().replace("\u200b", "").strip() == label:
                return self.page.locator(f'[id="{labels.nth(index).get_attribute("for")}"]').first
        raise KeyError(f"no input labelled {label!r}")

    def choose(self, label: str, option: str) -> None:
        self._input(label).click()
        self.page.get_by_role("option", name=option, exact=True).first.click()
        # Keys are dead while the dropdown has the focus; the page gives it back a moment later.
        self.page.wait_for_function("document.activeElement === document.body")

    def chosen(self, label: str) -> str:
        return self._input(label).input_value()

    def is_pressed(self, name: str) -> bool:
        return self.page.get_by_role("button", name=name, exact=True).first.get_attribute("aria-pressed") == "true"

    def reward(self, name: str) -> str:
        """The number beside a reward term, or beside "reward" or "return so far", as shown."""
        return self.page.locator(f'tr[data-term="{name}"] .value:not(:empty)').inner_text()

    # -- the scene ------------------------------------------------------------

    def nodes(self) -> list[str]:
        return self.page.evaluate("Object.keys(window.__viserSceneTree.getState())")

    def pose(self, node: str) -> dict[str, list[float]]:
        return self.page.evaluate(
            "name => { const p = window.__viserMutable.nodePoseData[name];"
            " return {wxyz: [...p.wxyz], position: [...p.position]}; }",
            node,
        )

    def camera(self) -> dict[str, np.ndarray]:
        """position and target in three.js coordinates, in which the robot's world is rotated but not scaled."""
        pose = self.page.evaluate(
            "() => { const c = window.__viserMutable.camera, v = c.position.clone();"
            " window.__viserMutable.cameraControl.getTarget(v);"
            " return {position: c.position.toArray(), target: v.toArray()}; }"
        )
        return {name: np.array(value) for name, value in pose.items()}

    def picture(self) -> np.ndarray:
        """The canvas as (H, W, 3) uint8, at once: an element's screenshot waits until the page holds still."""
        box = self.page.locator("canvas[data-engine]").first.bounding_box()
        assert box is not None
        png = self.page.screenshot(clip=box, timeout=60_000)
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))

    def orbit(self, dx: float) -> None:
        """Drag the scene sideways with the left button."""
        box = self.page.locator("canvas[data-engine]").first.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + dx, y, steps=3)
        self.page.mouse.up()


@contextlib.contextmanager
def open_page(
    browser: Browser,
    url: str,
    size: tuple[int, int] = (1366, 768),
    drawing: bool = False,
    script: str = "",
    **kind: Any,
) -> Iterator[ViewerPage]:
    """A tab in a context of its own, so that each is a client like any other person's browser.

    script: run in the page before its own. kind: what else Playwright is to know of the browser, as `has_touch`.

    Drawing takes a machine without a GPU most of its time; only tests that look at the picture need it.
    """
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **kind)
    context.add_init_script(script)
    context.add_init_script(FAST_GPU if drawing else NO_DRAWING)
    try:
        page = ViewerPage(context.new_page())
        page.goto(url)
        yield page
    finally:
        context.close()


def chromium_path() -> Path | None:
    """The Chromium to test with: CHROMIUM, or the system's."""
    candidates = [
        os.environ.get("CHROMIUM", ""),
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ]
    return next((Path(path) for path in candidates if path and Path(path).is_file()), None)
