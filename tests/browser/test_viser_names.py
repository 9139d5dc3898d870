"""What page/viser.js uses of viser's page without a promise is still there: one page says what a newer viser lacks."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from importlib.resources import files

import pytest
import viser
from chromium_tabs import EMPTY_PICTURE
from playwright.sync_api import Page
from viewer_page import ViewerProcess

_VISER_JS = (files("replay_viewer.viewer") / "page" / "viser.js").read_text(encoding="utf-8")
_NAMES = dict(re.findall(r"^//   (\S.*?)  +(\S.*)$", _VISER_JS, flags=re.MULTILINE))

# viser takes it away when it is closed, or when we do.
_NOTE_ON_GPU = """
new MutationObserver(() => {
  const note = document.getElementById("webgl-software-rendering");
  if (note?.querySelector("button")) window.noteWasSeen = true;
}).observe(document, { childList: true, subtree: true });
"""
# A few of viser's names are texts of its scripts: of messages, and what it says while it has no server.
_IS_SAID = "[...document.scripts].some((own) => !own.text.includes('rvViser') && own.text.includes({!r}))"
_MESSAGES = [name for name in _NAMES if name.endswith("Message")]

_LABELS = "[...document.querySelectorAll('[data-dock-side] label')]"
_IS_DIMMED = f"{_LABELS}.some((label) => getComputedStyle(label).color === 'rgb(91, 102, 114)')"
_IS_BLUE = "getComputedStyle(document.querySelector('[role=tab][aria-selected=true]')).color === 'rgb(37, 99, 235)'"

# By name, what is true in a page that has it; first in a wide page, then in one as narrow as a phone.
_WIDE = {
    "__viserMutable": "__viserMutable",
    "messageQueue": "Array.isArray(__viserMutable.messageQueue)",
    "requestRender": "__viserMutable.requestRender.call",
    "sendMessage": f"__viserMutable.sendMessage.call && {_IS_SAID.format('is not connected')}",
    "sendCamera": "__viserMutable.sendCamera.call",
    "nodePoseData": "__viserMutable.nodePoseData['/playhead'].position.length === 3",
    "nodeRefFromName": "__viserMutable.nodeRefFromName['/sun'].children.some((child) => child.isLight)",
    "scene": "__viserMutable.scene.isScene",
    "__r3f": "__viserMutable.scene.__r3f.root.getState().gl.render.call",
    "camera": "__viserMutable.camera.position.clone && __viserMutable.camera.fov > 0",
    "cameraControl": "__viserMutable.cameraControl.getTarget.call",
    "__viserTestpoints": "__viserTestpoints",
    "uplots": "Object.values(__viserTestpoints.uplots)[0].chart.over.isConnected",
    **{name: _IS_SAID.format(name) for name in _MESSAGES},
    "set_server": _IS_SAID.format("set_server"),
    "Viser": _IS_SAID.format("replaceState"),
    "__VISER_EMBED_DATA__": _IS_SAID.format("__VISER_EMBED_DATA__"),
    "scene tree": _IS_SAID.format(" scene tree"),
    "viser-control-panel": _IS_SAID.format("viser-control-panel"),
    "canvas[data-engine]": "document.querySelector('canvas[data-engine]')",
    "[role=tablist]": "document.querySelector('[role=tablist]')",
    "[role=tab]": "document.querySelector('[role=tablist] [role=tab][aria-selected=true]')",
    "[role=option]": "document.querySelector('[role=option]')",
    "[data-dock-side=right]": "document.querySelector('[data-dock-side=right]').clientWidth > 100",
    ".uplot-container": "document.querySelector('.uplot-container .uplot')",
    "webgl-software-rendering": "window.noteWasSeen",
    "#root": "document.querySelector('body > #root')",
    "[data-dock-root]": "document.querySelector('#root [data-dock-root] canvas[data-engine]')",
    ".mantine-ActionIcon-root": "document.querySelector('.uplot-container .mantine-ActionIcon-root')",
    ".mantine-Notifications-root": "document.querySelector('.mantine-Notifications-root[data-position=top-left]')",
    ".mantine-ScrollArea-content": "document.querySelector('[data-dock-side] .mantine-ScrollArea-content')",
    "--mantine-primary-color-filled": _IS_BLUE,
    ".mantine-Button-root": "document.querySelector('.mantine-Button-root[style*=\"--button-bg\"]')",
    "--mantine-color-dimmed": _IS_DIMMED,
    "[data-dock-region-handle]": "document.querySelector('[data-dock-region-handle] > :first-child + * [role=button]')",
    "[data-dock-header]": "document.querySelectorAll('[data-dock-side] [data-dock-header] button').length === 2",
    ".tabler-icon-cloud-check": "document.querySelector('[data-dock-header] div + div + .tabler-icon-cloud-check')",
    ".tabler-icon-list-search": "document.querySelector('[data-dock-header] button .tabler-icon-list-search')",
    ".tabler-icon-adjustments": "document.querySelector('[data-dock-header] button .tabler-icon-adjustments')",
    "data-mantine-color-scheme": "document.documentElement.dataset.mantineColorScheme",
}
_SHEET = '#root .mantine-Paper-root[style*="position: fixed"]'
_NARROW = {
    ".mantine-Paper-root": f"document.querySelector('{_SHEET}')",
    "cursor: pointer": f"document.querySelector('{_SHEET} [style*=\"cursor: pointer\"] button')",
    "width: 20em": f"document.querySelector('{_SHEET} [style*=\"width: 20em\"]')",
}


@pytest.fixture(scope="module")
def page(chromium, viewer: ViewerProcess) -> Iterator[Page]:
    """A browser without a GPU."""
    with chromium.new_context(viewport={"width": 1366, "height": 768}) as context:
        context.add_init_script(EMPTY_PICTURE + _NOTE_ON_GPU)
        page = context.new_page()
        page.goto(viewer.url)
        yield page


def lacking(page: Page, conditions: dict[str, str], patience: float) -> str:
    """What of it the page lacks after `patience` seconds, in one sentence; "" where it has everything."""
    end = time.monotonic() + patience
    while True:
        names = [name for name, condition in conditions.items() if not _holds(page, condition)]
        if not names:
            return ""
        if time.monotonic() > end:
            return f"viser {viser.__version__} lacks what page/viser.js uses: {', '.join(names)}."
        if names[0] == "[role=option]":
            page.locator("label[for]", has_text="Env").first.click()
        elif names == [".mantine-ActionIcon-root"]:
            page.locator(".uplot-container").first.hover()
        page.wait_for_timeout(200)


def _holds(page: Page, condition: str) -> bool:
    return page.evaluate(f"() => {{ try {{ return Boolean({condition}); }} catch {{ return false; }} }}")


def test_every_name_that_is_listed_is_looked_for() -> None:
    assert _NAMES.keys() == _WIDE.keys() | _NARROW.keys()


def test_visers_page_has_all_that_is_used_without_a_promise(page: Page) -> None:
    assert lacking(page, _WIDE, patience=60) == ""
    page.set_viewport_size({"width": 400, "height": 800})
    assert lacking(page, _NARROW, patience=20) == ""


def test_what_a_newer_page_lacks_is_said_in_one_sentence(page: Page) -> None:
    page.evaluate("delete __viserMutable.sendCamera; document.querySelector('#root').id = 'app'")
    some = {name: _WIDE[name] for name in ("camera", "sendCamera", "#root")}
    sentence = f"viser {viser.__version__} lacks what page/viser.js uses: sendCamera, #root."
    assert lacking(page, some, patience=0) == sentence
