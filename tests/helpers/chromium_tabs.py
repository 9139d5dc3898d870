"""Chromium without a GPU: tabs that draw nothing, or what they are asked to, in profiles that are used again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser, BrowserContext, Page

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
    # See `use_profiles_again`.
    "--process-per-site",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]

# Nothing is rasterised, nor put on the screen.
EMPTY_PICTURE = """
for (const k of ['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced', 'drawRangeElements'])
  WebGL2RenderingContext.prototype[k] = function () {};
document.addEventListener('DOMContentLoaded', () => {
  const style = document.createElement('style');
  style.textContent = 'canvas[data-engine] { opacity: 0 !important; }';
  document.head.append(style);
});
"""

# Nothing is rasterised but whole frames on demand, by `await drawFrames(count)`: without a GPU each takes a second, and
# viser draws tens of them whenever something has changed.
DRAWING_ON_DEMAND = """
{
  let draws = false;
  const instanced = ['drawArraysInstanced', 'drawElementsInstanced'];
  for (const k of ['clear', 'drawArrays', 'drawElements', 'drawRangeElements', ...instanced]) {
    const real = WebGL2RenderingContext.prototype[k];
    WebGL2RenderingContext.prototype[k] = function (...given) { if (draws) real.apply(this, given); };
  }
  window.drawFrames = async (count) => {
    const drawn = () => window.__viserTestpoints.rendererInfo.render.frame;
    const last = drawn() + count;
    draws = true;
    window.__viserMutable.requestRender();
    while (drawn() < last) await new Promise(requestAnimationFrame);
    draws = false;
  };
}
"""

# The page has no note, for some seconds and over the panel, that there is no GPU.
FAST_GPU = """
{
  const getParameter = WebGL2RenderingContext.prototype.getParameter;
  WebGL2RenderingContext.prototype.getParameter = function (name) {
    const UNMASKED_RENDERER_WEBGL = 0x9246;
    return name === UNMASKED_RENDERER_WEBGL ? 'a fast GPU' : getParameter.call(this, name);
  };
}
"""

# What is left of the page's work on a machine with a fast GPU.
NO_DRAWING = EMPTY_PICTURE + FAST_GPU

# Of the page [px], as of most laptops.
LAPTOP = (1366, 768)
# Of the viewers' site, and empty.
_FIRST_TAB = "http://localhost/"
# Of browsers that use their profiles again: those that nobody uses now, by whether they draw.
_spare: WeakKeyDictionary[Browser, dict[bool, list[BrowserContext]]] = WeakKeyDictionary()


def chromium_path() -> Path | None:
    """The Chromium to test with: CHROMIUM, or the system's."""
    candidates = [
        os.environ.get("CHROMIUM", ""),
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ]
    return next((Path(path) for path in candidates if path and Path(path).is_file()), None)


def use_profiles_again(browser: Browser) -> None:
    """From now on a browser's pages open in half the time, as from the second one on they do for a person.

    A profile of no special kind is kept, without what pages left in it, with an empty tab that keeps the process of the
    viewers' site alive, which has compiled the page's scripts.
    """
    _spare[browser] = {False: [], True: []}


@contextlib.contextmanager
def empty_tab(
    browser: Browser, size: tuple[int, int] = LAPTOP, drawing: bool = False, script: str = "", **kind: Any
) -> Iterator[Page]:
    """A tab in a profile of its own that remembers nothing, so that each is a client like any other person's browser.

    Args:
        browser: where the tab is opened.
        size: of the page [px].
        drawing: whether its picture is rasterised on demand, or never.
        script: run in each page before its own.
        kind: what else Playwright is to know of the profile, as `has_touch`.
    """
    with _profile(browser, drawing, kind) as profile:
        tab = profile.new_page()
        tab.set_viewport_size({"width": size[0], "height": size[1]})
        tab.add_init_script(script)
        try:
            yield tab
        finally:
            tab.close()


@contextlib.contextmanager
def _profile(browser: Browser, drawing: bool, kind: dict[str, Any]) -> Iterator[BrowserContext]:
    kept = _spare.get(browser) if not kind else None
    if kept is None:
        profile = _new_profile(browser, drawing, kind)
        yield profile
        profile.close()
    else:
        profile = kept[drawing].pop() if kept[drawing] else _kept_profile(browser, drawing)
        yield profile
        _forget(profile)
        kept[drawing].append(profile)


def _new_profile(browser: Browser, drawing: bool, kind: dict[str, Any]) -> BrowserContext:
    profile = browser.new_context(**kind)
    profile.add_init_script(DRAWING_ON_DEMAND + FAST_GPU if drawing else NO_DRAWING)
    return profile


def _kept_profile(browser: Browser, drawing: bool) -> BrowserContext:
    profile = _new_profile(browser, drawing, {})
    profile.route(_FIRST_TAB, lambda route: route.fulfill(body=""))
    profile.new_page().goto(_FIRST_TAB)
    return profile


def _forget(profile: BrowserContext) -> None:
    """Clear what pages left in it."""
    session = profile.new_cdp_session(profile.pages[0])
    session.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    session.detach()
