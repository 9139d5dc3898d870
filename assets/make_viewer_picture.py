"""Make assets/viewer.png, the README's picture: the viewer with the bundled demo, in a real Chromium.

    python assets/make_viewer_picture.py

Needs the test extra and a Chromium.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from viewer_page import CHROMIUM_FLAGS, ViewerProcess, chromium_path, open_page  # noqa: E402

OUT = ROOT / "assets" / "viewer.png"
SIZE = (1280, 760)
# Env 0 trots here, with the push and the fall still ahead on the timeline.
STEP = 120
# Software drawing fades in slowly.
SETTLE_MS = 12_000


def main() -> None:
    """Open the demo, look at it from the front quarter, and save what the browser shows."""
    with (
        sync_playwright() as playwright,
        ViewerProcess([str(ROOT / "assets" / "walk.rec"), "--port", "0", "--env", "0", "--step", str(STEP)]) as viewer,
    ):
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
        with open_page(browser, viewer.url, SIZE, drawing=True) as page:
            page.close_notifications()
            page.page.keyboard.press("3")
            page.orbit(-130)
            page.page.mouse.move(5, 5)
            page.page.wait_for_timeout(SETTLE_MS)
            page.page.screenshot(path=OUT, timeout=120_000)
    Image.open(OUT).convert("RGB").save(OUT, optimize=True)
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
