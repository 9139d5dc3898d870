"""Make assets/table.webp, the README's picture of the table of episodes: of the evaluation of the walking demo.

    python examples/12_evaluate_walking.py runs
    python assets/make_table_picture.py runs/2026-05-04_13-37-00

Needs the test extra and a Chromium.
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
from viewer_page import ViewerProcess, open_page  # noqa: E402

OUT = ROOT / "assets" / "table.webp"
SIZE = (1366, 768)
# The README is narrower than the page.
WIDTH = 1000
# Software drawing fades in slowly.
SETTLE_MS = 12_000


def main() -> None:
    """Choose the falls, the worst first, with two factors beside them; go to the end of the worst."""
    with sync_playwright() as playwright, ViewerProcess([sys.argv[1], "--port", "0"]) as viewer:
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
        # A page is ready once a robot is shown.
        with open_page(browser, f"{viewer.url}?recording=demo-0/walk.rec", SIZE, drawing=True) as page:
            page.page.wait_for_timeout(SETTLE_MS)
            if not page.page.get_by_label("Group by").is_visible():
                page.page.get_by_text("Episodes", exact=True).click()
            page.page.get_by_label("Group by").select_option("")
            page.page.locator(".rv-kinds button", has_text="failure").click()
            page.page.locator(".rv-head-cell button", has_text="Return").click()
            page.page.get_by_text("Columns", exact=True).click()
            for name in ("variations.friction", "variations.push"):
                page.page.get_by_label(name, exact=True).check()
            for name in ("job_name", "task"):
                page.page.get_by_label(name, exact=True).uncheck()
            page.page.keyboard.press("Escape")
            page.page.locator("#rv-episodes .rv-episode-line").first.click()
            page.page.wait_for_timeout(SETTLE_MS)
            page.page.keyboard.press("n")
            page.page.wait_for_timeout(SETTLE_MS)
            page.draw()
            picture = Image.open(io.BytesIO(page.page.screenshot(timeout=120_000))).convert("RGB")
    picture = picture.resize((WIDTH, round(WIDTH * SIZE[1] / SIZE[0])), Image.Resampling.LANCZOS)
    picture.save(OUT, quality=80, method=6)
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
