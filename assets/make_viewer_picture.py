"""Make assets/viewer.webp, the README's moving picture: the viewer with the bundled demo, in a real Chromium.

    python assets/make_viewer_picture.py

Needs the test extra and a Chromium, and some minutes without a GPU.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from chromium_tabs import CHROMIUM_FLAGS, chromium_path  # noqa: E402
from viewer_page import ViewerPage, ViewerProcess, open_page  # noqa: E402

OUT = ROOT / "assets" / "viewer.webp"
SIZE = (1280, 760)
# The README is narrower than the page.
WIDTH = 1000
# In its first episode env 0 trots, is pushed, and falls.
STEPS = range(96, 231, 4)
STEP_MS, LAST_MS = 80, 1500
# Software drawing fades in slowly.
SETTLE_MS = 12_000
QUALITY = 72


def main() -> None:
    """Open the demo from the front quarter with its arrows, step through the fall, and save what the browser shows."""
    with (
        sync_playwright() as playwright,
        ViewerProcess([str(ROOT / "assets" / "walk.rec"), "--port", "0", "--step", str(STEPS[0])]) as viewer,
    ):
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
        with open_page(browser, viewer.url, SIZE, drawing=True) as page:
            prepare(page)
            pictures = [picture_of(page, step) for step in STEPS]
    durations = [STEP_MS] * (len(pictures) - 1) + [LAST_MS]
    first, *others = pictures
    first.save(OUT, save_all=True, append_images=others, duration=durations, loop=0, quality=QUALITY, method=4)
    print(f"{OUT}: {len(pictures)} pictures, {OUT.stat().st_size / 1000:.0f} kB")


def prepare(page: ViewerPage) -> None:
    """Velocity and contact forces over the robot, seen from the front quarter; the rewards beside it."""
    page.open_tab("View")
    for overlay in ("velocity", "contacts"):
        page.page.locator(f'[data-do="switch_layer"][data-value="{overlay}"]').click()
    page.open_tab("Replay")
    page.page.keyboard.press("3")
    page.orbit(-130)
    page.page.mouse.move(5, 300)
    page.page.wait_for_timeout(SETTLE_MS)


def picture_of(page: ViewerPage, step: int) -> Image.Image:
    """What the page shows at a step."""
    page.page.evaluate("step => window.replayViewer.send('seek', step)", step)
    page.wait_step(step)
    page.page.wait_for_timeout(400)  # The numbers come a moment after the robot.
    page.draw()
    picture = Image.open(io.BytesIO(page.page.screenshot(timeout=120_000))).convert("RGB")
    return picture.resize((WIDTH, round(WIDTH * SIZE[1] / SIZE[0])), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
