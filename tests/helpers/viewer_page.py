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
from chromium_tabs import empty_tab
from PIL import Image
from playwright.sync_api import Browser, Locator, Page

# As the button Reset View does, which is there only once its tab was open; and what that leaves as it is.
_RESET = """
() => {
  document.activeElement.blur();
  document.body.insertAdjacentHTML("beforeend", "<button data-reset></button>");
  document.body.lastElementChild.click();
  document.body.lastElementChild.remove();
  window.rvBrowser.setLook("system");
  if (document.querySelector("#rv-bar .rv-zoom").ariaPressed === "true") window.replayViewer.send("zoom");
}
"""
_IS_RESET = """
() => document.querySelector("[role=tab][aria-selected=true]")?.textContent.includes("Replay")
  && window.replayViewer.state.following && document.querySelector("#rv-bar .rv-zoom").ariaPressed !== "true"
"""


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
        self.page.emulate_media(color_scheme="light")
        self.page.evaluate(_RESET)
        self.until(lambda: self.page.evaluate(_IS_RESET), "what a new browser shows")
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

    def tap(self, node: Locator, is_done: Callable[[], Any], what: str) -> None:
        """Tap until something is so, at most three times: where a page draws for long, Chromium cancels a touch."""
        for _ in range(2):
            node.tap()
            with contextlib.suppress(AssertionError):
                self.until(is_done, what, timeout=5)
                return
        node.tap()
        self.until(is_done, what)

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

    def draw(self) -> None:
        """Rasterise the picture as it is now; for pages that draw."""
        self.page.evaluate("drawFrames(2)")

    def picture(self) -> np.ndarray:
        """The canvas, drawn, as (H, W, 3) uint8, at once: an element's screenshot waits until the page holds still."""
        self.draw()
        box = self.page.locator("canvas[data-engine]").first.bounding_box()
        assert box is not None
        png = self.page.screenshot(clip=box, timeout=60_000)
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))

    def wait_for_camera(self) -> None:
        """Until several looks at the camera agree."""
        seen: list[np.ndarray] = []

        def is_still() -> bool:
            camera = self.page.evaluate("rvViser.camera()")
            seen.append(np.concatenate([camera["position"], camera["target"]]))
            return len(seen) > 5 and np.allclose(seen[-1], seen[-5])

        self.until(is_still, "a camera at rest")

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
def open_tab(browser: Browser, *look: Any, **kind: Any) -> Iterator[ViewerPage]:
    """A tab that shows nothing yet; what it is like is said as to `empty_tab`."""
    with empty_tab(browser, *look, **kind) as tab:
        yield ViewerPage(tab)


@contextlib.contextmanager
def open_page(browser: Browser, url: str, *look: Any, **kind: Any) -> Iterator[ViewerPage]:
    """A tab with the viewer in it, once the robot and the bar are there."""
    with open_tab(browser, *look, **kind) as page:
        page.goto(url)
        yield page
