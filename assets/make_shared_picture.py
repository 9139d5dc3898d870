"""Make assets/shared.webp, the README's picture of a shared replay: opened from disk, on a desktop and on a phone.

    python assets/make_shared_picture.py

Needs the test extra and a Chromium, and a minute without a GPU.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from chromium_tabs import CHROMIUM_FLAGS, chromium_path  # noqa: E402
from viewer_page import open_tab  # noqa: E402

from replay_viewer import share_replay  # noqa: E402

OUT = ROOT / "assets" / "shared.webp"
DESKTOP, PHONE = (1366, 768), (390, 844)
# Heights in the picture [px], and what is between and around the two.
HEIGHT, GAP = 620, 24
# In the worst of its episodes the robot has been pushed, and falls.
STEP = 182
SETTLE_MS = 8_000
QUALITY = 80


def main() -> None:
    """Share the worst episodes of the demo, and photograph the page twice."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = share_replay(ROOT / "assets" / "walk.rec", Path(folder) / "walk.html", episodes="worst:3")
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
        desktop = picture_of(browser, path, DESKTOP, "light")
        phone = picture_of(browser, path, PHONE, "dark", has_touch=True)
        browser.close()
    together = Image.new("RGB", (desktop.width + GAP + phone.width, HEIGHT), "white")
    together.paste(desktop, (0, 0))
    together.paste(phone, (desktop.width + GAP, 0))
    together.save(OUT, quality=QUALITY, method=6)
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


def picture_of(browser: Browser, path: Path, size: tuple[int, int], look: str, **kind: object) -> Image.Image:
    """The page at one moment, seen from the side that the robot falls to."""
    with open_tab(browser, size, drawing=True, **kind) as page:
        page.page.emulate_media(color_scheme="dark" if look == "dark" else "light", reduced_motion="reduce")
        page.page.goto(path.as_uri())
        page.page.wait_for_function("document.documentElement.classList.contains('rv-ready')", timeout=60_000)
        page.page.evaluate("step => { replayViewer.send('look_front'); replayViewer.send('seek', step); }", STEP)
        page.wait_step(STEP)
        page.orbit(-130)
        page.page.mouse.move(5, 5)
        page.page.wait_for_timeout(SETTLE_MS)
        page.draw()
        picture = Image.open(io.BytesIO(page.page.screenshot(timeout=120_000))).convert("RGB")
    return picture.resize((round(size[0] * HEIGHT / size[1]), HEIGHT), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
