"""Make the README's three pictures of a comparison: the walking demo with its own gains and with soft ones.

    python examples/12_evaluate_walking.py runs --episodes 12 --envs 2
    python assets/make_compare_pictures.py runs/2026-05-04_13-37-00

Needs the test extra and a Chromium.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from chromium_tabs import CHROMIUM_FLAGS, chromium_path  # noqa: E402
from viewer_page import ViewerPage, ViewerProcess, open_page  # noqa: E402

from replay_viewer import render_video  # noqa: E402

SIZE = (1366, 768)
# The README is narrower than the page.
WIDTH = 1000
# Software drawing fades in slowly.
SETTLE_MS = 9_000
# Where they have parted, and where the soft one has fallen.
PARTED, FALLEN = 178, 203


def main() -> None:
    """Where they part, the fall in the lead of the one that falls, and a frame of the film."""
    run = Path(sys.argv[1])
    paths = [run / "demo-2" / "walk.rec", run / "soft-2" / "walk.rec"]
    arguments = [*map(str, paths), "--compare", "ghost", "--port", "0", "--no-shadows"]
    with sync_playwright() as playwright, ViewerProcess(arguments) as viewer:
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
        with open_page(browser, viewer.url, SIZE, drawing=True) as page:
            go_to(page, PARTED)
            page.page.keyboard.press("2")
            save(page, "compare_part")
            page.page.keyboard.press("c")
            page.page.locator(".rv-lane").click(position={"x": 400, "y": 8})
            page.until(lambda: "soft" in page.page.locator("#rv-takes .rv-name").first.inner_text(), "the other lead")
            go_to(page, FALLEN)
            page.page.evaluate("document.activeElement.blur()")
            page.page.keyboard.press("Shift+R")
            save(page, "compare_fall")
    with tempfile.TemporaryDirectory() as folder:
        still = Path(folder) / "film.png"
        render_video(paths, still, compare="side", step=FALLEN, overlay="rewards")
        keep(Image.open(still), "compare_film")


def go_to(page: ViewerPage, step: int) -> None:
    """Show a step."""
    page.page.evaluate("step => window.replayViewer.send('seek', step)", step)
    page.wait_step(step)


def save(page: ViewerPage, name: str) -> None:
    """Keep the whole page as a picture."""
    for _ in range(3):  # What is drawn first may not be there yet.
        page.page.wait_for_timeout(SETTLE_MS)
        page.draw()
    keep(Image.open(io.BytesIO(page.page.screenshot(timeout=120_000))), name)


def keep(picture: Image.Image, name: str) -> None:
    """Write a picture as wide as the README."""
    height = round(WIDTH * picture.height / picture.width)
    out = ROOT / "assets" / f"{name}.webp"
    picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS).save(out, quality=80, method=6)
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
