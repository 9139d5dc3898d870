"""The page in browsers that are not Chromium: Firefox, and WebKitGTK, which is near to Safari.

    python tests/by_hand/other_browsers.py PICTURES [firefox] [webkit]

opens the demo in each, uses it as a person would, and leaves screenshots to be looked at in the folder PICTURES. Each
claim is a line, and the exit code is 1 where one does not hold. Debian calls them
firefox-esr and webkit2gtk-driver; they need xvfb.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from viewer_page import ViewerProcess
from web_drivers import Browser, Firefox, Missing, WebKit

BROWSERS = {"firefox": Firefox, "webkit": WebKit}
SIZES = {"laptop": (1366, 768), "phone": (390, 844)}
LOOKS = ("light", "dark")

_IS_READY = (
    "window.__viserMutable?.firstMessageBatch === false && Boolean(window.replayViewer?.state.numSteps > 1)"
    " && Boolean(document.querySelector('#rv-episode')?.textContent)"
)
# The picture, and not what lies over it: left, top, right and bottom [px].
_PICTURE = """(() => {
  const { left, top, right, bottom } = document.querySelector("canvas[data-engine]").getBoundingClientRect();
  const scale = devicePixelRatio;
  return [left, top + 60, right, bottom - 110].map((x) => x * scale);
})()"""
_CUT_NUMBERS = """[...document.querySelectorAll(".rv-rewards td.value")]
  .filter((cell) => cell.clientWidth > 0 && cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent)"""
_OUTSIDE = """[...document.querySelectorAll("#rv-bar :is(button, select, .rv-track), #rv-views button")]
  .map((node) => [node.ariaLabel ?? node.textContent, node.getBoundingClientRect()])
  .filter(([, { width, right, bottom }]) => width > 0 && (right > innerWidth + 1 || bottom > innerHeight + 1))
  .map(([name]) => name)"""
_STEP = "replayViewer.position()"
_TABS = "rvViser.tabs('Replay').map(({ name }) => name)"


class Trial:
    """What a person tries of the page in one browser; claims that did not hold are kept."""

    def __init__(self, browser: Browser, pictures: Path) -> None:
        self._browser, self._pictures = browser, pictures
        self.failures = 0

    def claim(self, what: str, holds: Callable[[], str]) -> None:
        """Try something; it holds where it returns nothing against it."""
        try:
            against = holds()
        except (TimeoutError, RuntimeError) as error:
            against = str(error)
        self.failures += bool(against)
        print(
            f"{'FAILS' if against else 'holds'}  {self._browser.name}: {what}{f' ({against})' if against else ''}",
            flush=True,
        )

    def run(self, url: str) -> None:
        """All claims, on a page that is opened anew."""
        self._browser.resize(*SIZES["laptop"])
        self._browser.open(url)
        self.claim("the page connects", self._connects)
        self.claim("the first frame is drawn, and no veil lies over it", lambda: self._is_drawn("light"))
        self.claim("the demo plays", self._plays)
        self.claim("space, arrows, Home and ? are keys", self._keys_work)
        self.claim("numbers of the rewards are whole", self._numbers_are_whole)
        self.claim("each tab of the panel opens", self._tabs_open)
        self.claim("the table of episodes opens and closes", self._table_opens)
        for size in SIZES:
            self._browser.resize(*SIZES[size])
            self._browser.open(url)
            self.claim(f"the page connects on a {size}", self._connects)
            for look in LOOKS:
                whole = functools.partial(self._looks, size, look)
                self.claim(f"the page is whole on a {size}, {look}", whole)
        self.claim("the console has no errors", lambda: "; ".join(self._browser.errors()))

    # -- claims: what speaks against them ---------------------------------------

    def _connects(self) -> str:
        self._browser.until(_IS_READY, "the robot and the bar")
        return ""

    def _is_drawn(self, look: str) -> str:
        end = time.monotonic() + 60  # Without a GPU a first frame takes seconds.
        while (against := self._veil(look)) and time.monotonic() < end:
            time.sleep(0.5)
        return against

    def _veil(self, look: str) -> str:
        """What is wrong with the picture, which has the robot's darkest and lightest parts where all is well."""
        left, top, right, bottom = (round(x) for x in self._browser.run(_PICTURE))
        page = np.asarray(Image.open(io.BytesIO(self._browser.screenshot())).convert("L"))
        dark, light = np.percentile(page[top:bottom, left:right], [0.5, 99.5])
        return "" if dark < 110 and light - dark > 60 else f"grey from {dark:.0f} to {light:.0f} in {look}"

    def _plays(self) -> str:
        self._browser.run("replayViewer.send('play') ?? 1")
        before = self._browser.run(_STEP)
        self._browser.until(f"{_STEP} !== {before}", "another step")
        return ""

    def _keys_work(self) -> str:
        self._browser.run("document.activeElement?.blur() ?? 1")
        playing = self._browser.run("replayViewer.state.playing")
        self._browser.press(" ")
        self._browser.until(
            f"replayViewer.state.playing === {json.dumps(not playing)}", "another state after space", 20
        )
        self._browser.run("replayViewer.send('pause') ?? 1")
        self._browser.press("Home")
        self._browser.until(f"{_STEP} === 0", "the start after Home", 20)
        self._browser.press("ArrowRight")
        self._browser.until(f"{_STEP} === 1", "the next step after an arrow", 20)
        self._browser.press("ArrowLeft")
        self._browser.until(f"{_STEP} === 0", "the step before after an arrow", 20)
        self._browser.press("?")
        self._browser.until("document.querySelector('#rv-help').open", "the help", 20)
        self._picture("help")
        self._browser.press("Escape")
        self._browser.until("!document.querySelector('#rv-help').open", "the page without the help", 20)
        return ""

    def _numbers_are_whole(self) -> str:
        cut = []
        for step in (0, 100, 215, 230):
            self._browser.run(f"replayViewer.send('seek', {step}) ?? 1")
            self._browser.until(f"{_STEP} === {step}", f"step {step}", 20)
            cut += self._browser.run(_CUT_NUMBERS)
        return ", ".join(cut)

    def _tabs_open(self) -> str:
        for tab in (names := self._browser.run(_TABS)):
            self._open(tab)
            self._picture(f"tab_{tab.lower().replace(' ', '_')}")
        self._open(names[0])
        return "" if len(names) > 2 else f"only {names}"

    def _open(self, tab: str) -> None:
        this = f"rvViser.tabs('Replay').find(({{ name }}) => name === {json.dumps(tab)})"
        self._browser.run(f"{this}.open() ?? 1")
        self._browser.until(f"{this}.isOpen", f"the tab {tab}", 20)

    def _table_opens(self) -> str:
        self._browser.click("#rv-files button[title*='pisodes']")
        rows = self._browser.until(
            "document.querySelectorAll('#rv-episodes.rv-open .rv-lines .rv-line').length", "rows", 20
        )
        self._picture("table")
        self._browser.click("#rv-episodes .rv-drawer-close")
        self._browser.until("!document.querySelector('#rv-episodes.rv-open')", "the page without the table", 20)
        return "" if rows > 1 else f"{rows} rows"

    def _looks(self, size: str, look: str) -> str:
        self._browser.run(f"rvBrowser.setLook('{look}') ?? 1")
        self._browser.until(f"document.documentElement.dataset.mantineColorScheme === '{look}'", f"a {look} page", 20)
        against = self._is_drawn(look)
        self._picture(f"{size}_{look}")
        outside = self._browser.run(_OUTSIDE)
        return ", ".join([against] * bool(against) + [f"{name} is outside" for name in outside])

    def _picture(self, name: str) -> None:
        kind = type(self._browser).__name__.lower()
        (self._pictures / f"{kind}_{name}.png").write_bytes(self._browser.screenshot())


def try_browser(make: Callable[[], Browser], pictures: Path) -> int:
    """How many claims do not hold in a browser."""
    try:
        browser = make()
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 1
    try:
        with ViewerProcess(["--port", "0", "--no-shadows"]) as viewer:
            trial = Trial(browser, pictures)
            trial.run(viewer.url)
            return trial.failures
    finally:
        browser.close()


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", type=Path, help="the folder of screenshots")
    parser.add_argument("browsers", nargs="*", help=" or ".join(BROWSERS) + "; all, unless some are named")
    given = parser.parse_args()
    if unknown := set(given.browsers) - set(BROWSERS):
        parser.error(f"unknown browser {', '.join(unknown)}; known ones: {', '.join(BROWSERS)}")
    given.pictures.mkdir(parents=True, exist_ok=True)
    return int(sum(try_browser(BROWSERS[name], given.pictures) for name in given.browsers or BROWSERS) > 0)


if __name__ == "__main__":
    sys.exit(main())
