"""Make assets/report.webp, the README's picture of a report: of the evaluation of the walking demo.

    python examples/12_evaluate_walking.py runs
    python assets/make_report_picture.py runs

Needs the test extra and a Chromium.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from replay_viewer import build_report

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from chromium_tabs import CHROMIUM_FLAGS, chromium_path  # noqa: E402

OUT = ROOT / "assets" / "report.webp"
SIZE = (1280, 800)
# The README is narrower than the page.
WIDTH = 1000
# A stretch of the page from its top, what makes it fail, and episodes: from a heading on, so many pixels.
PARTS = (("h1", 624), ("text=What makes it fail", 452), ("text=Episodes to look at", 462))
ABOVE = 26


def main() -> None:
    """Build the report, and put parts of its page below each other."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_path = build_report(sys.argv[1], folder, title="Walking, pushed on slippery ground")
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.goto(page_path.as_uri())
        page.wait_for_selector("[data-ready]")
        parts = [part_of(page, heading, height) for heading, height in PARTS]
        browser.close()
    picture = Image.new("RGB", (SIZE[0], sum(part.height for part in parts)))
    top = 0
    for part in parts:
        picture.paste(part, (0, top))
        top += part.height
    picture = picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)), Image.Resampling.LANCZOS)
    picture.save(OUT, quality=80, method=6)
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


def part_of(page: Page, heading: str, height: int) -> Image.Image:
    """The page from a little above a heading on."""
    box = page.locator(heading).first.bounding_box()
    assert box is not None
    clip = {"x": 0, "y": box["y"] + page.evaluate("scrollY") - ABOVE, "width": SIZE[0], "height": height}
    return Image.open(io.BytesIO(page.screenshot(clip=clip, full_page=True))).convert("RGB")  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
