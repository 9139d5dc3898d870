"""Light and dark, what a browser remembers, the keys' help, and what the page says when the viewer is gone."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium_tabs import EMPTY_PICTURE
from drawn_scene import distance, wait_frames
from PIL import Image
from viewer_page import ViewerPage, ViewerProcess, open_page, open_tab

from replay_viewer.theme import DARK, FLOOR_COLORS, GROUND, TERRAIN, TERRAIN_EDGE, Rgb

# Looks at each frame from the first one on whether something of viser's page is shown in wrong colours. It is hidden
# until it has the right ones, here also on a machine that takes longer for that than the page waits.
_WATCH_FOR_LIGHT = """
document.addEventListener("DOMContentLoaded", () => {
  const patient = document.createElement("style");
  patient.textContent = "#root { animation: none !important; }";
  document.head.append(patient);
});
(function watch() {
  const root = document.querySelector("#root");
  if (root?.firstChild && getComputedStyle(root).visibility === "visible") {
    window.framesShown = (window.framesShown ?? 0) + 1;
    if (document.documentElement.dataset.mantineColorScheme !== "dark") window.wasLight = true;
  }
  requestAnimationFrame(watch);
})();
"""
_PROPERTIES = """
(names) => {
  const state = window.__viserSceneTree.getState();
  const plain = (value) => (ArrayBuffer.isView(value) ? Array.from(value.slice(0, 3)) : value);
  const properties = (name) => Object.entries(state[name].message.props).filter(([key]) => key.includes("color"));
  const of = (name) => Object.fromEntries(properties(name).map(([key, value]) => [key, plain(value)]));
  return Object.fromEntries(names.filter((name) => state[name]).map((name) => [name, of(name)]));
}
"""
# Whether there is such a tab at a point of the page, and whether the one of another name is the chosen one.
_HAS_TAB = "([x, y, name]) => document.elementFromPoint(x, y)?.closest('[role=tab]')?.textContent.includes(name)"
_HAS_CHOSEN = "name => document.querySelector('[role=tab][aria-selected=true]')?.textContent.includes(name)"
# What the page asks for is held back until `goOn()`.
_HELD_LINE = """
(function hold() {
  const mutable = window.__viserMutable;
  if (!mutable) return requestAnimationFrame(hold);
  let send = mutable.sendMessage;
  let held = [];
  window.goOn = () => { held.forEach((message) => send(message)); held = null; };
  const put = (message) => held && message.type === "GuiUpdateMessage" ? held.push(message) : send(message);
  Object.defineProperty(mutable, "sendMessage", { get: () => put, set: (given) => { send = given; } });
})();
"""
# Whether the browser remembers the camera as it is now.
_IS_REMEMBERED = """
() => {
  const kept = rvBrowser.memory().view?.camera.position, { size } = replayViewer.state;
  return kept && rvViser.camera().position.every((place, axis) => Math.abs(kept[axis] * size - place) < 1e-4 * size);
}
"""
_CHART = "Object.values(window.__viserTestpoints.uplots)[0].chart"
_INKS = f"{_CHART}.series.slice(1).map((curve) => String(curve.stroke()))"


@contextmanager
def dark_page(chromium, viewer: ViewerProcess, **look: Any) -> Iterator[ViewerPage]:
    """A first visit on a system that is dark."""
    with open_tab(chromium, **look) as page:
        page.page.emulate_media(color_scheme="dark")
        page.goto(viewer.url)
        yield page


def scheme(page: ViewerPage) -> str:
    return page.page.evaluate("document.documentElement.dataset.mantineColorScheme")


def floor(page: ViewerPage) -> str:
    """The look whose colours all that robots stand on has; "" while it has those of none."""
    state = page.page.evaluate(_PROPERTIES, [GROUND, TERRAIN, TERRAIN_EDGE])
    assert state, "nothing to stand on"
    return next((look for look in FLOOR_COLORS if all(_has(state[n], FLOOR_COLORS[look][n]) for n in state)), "")


def _has(properties: dict[str, Any], colors: dict[str, Rgb]) -> bool:
    return all(list(properties[name])[:3] == list(color) for name, color in colors.items())


def memory(page: ViewerPage) -> dict[str, Any]:
    return json.loads(page.page.evaluate("localStorage.getItem('replay-viewer')") or "{}")


def come_back(page: ViewerPage) -> None:
    page.page.reload()
    page.wait_ready()


def chosen_tab(page: ViewerPage) -> str:
    return page.page.locator("[role=tab][aria-selected=true]").first.inner_text()


def middle(page: ViewerPage, tab: str) -> tuple[float, float]:
    """The point in the middle of a tab."""
    box = page.page.locator("[role=tab]", has_text=tab).first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def leave(page: ViewerPage, **remembered: Any) -> None:
    """What the browser will remember when the page is loaded again, whatever it does until then."""
    kept = json.dumps({**memory(page), **remembered})
    page.page.evaluate("kept => addEventListener('pagehide', () => localStorage.setItem('replay-viewer', kept))", kept)


def wait_remembered(page: ViewerPage) -> None:
    """Until the camera is at rest, and remembered."""
    page.wait_for_camera()
    page.until(lambda: page.page.evaluate(_IS_REMEMBERED), "a memory of the camera")


def panel_width(page: ViewerPage) -> float:
    box = page.page.locator("[data-dock-region=right]").bounding_box()
    assert box is not None
    return box["width"]


def test_first_visit_is_as_dark_as_the_system_without_a_flash(chromium, viewer: ViewerProcess) -> None:
    with dark_page(chromium, viewer, script=_WATCH_FOR_LIGHT) as page:
        page.until(lambda: floor(page) == "dark", "the dark floor")
        assert scheme(page) == "dark"
        assert page.page.evaluate("window.framesShown") > 3
        assert not page.page.evaluate("window.wasLight")
        page.page.emulate_media(color_scheme="light")
        page.until(lambda: floor(page) == "light" and scheme(page) == "light", "light with the system")


@pytest.mark.slow
def test_dark_is_one_browsers_own_and_is_remembered(chromium, viewer: ViewerProcess, page: ViewerPage) -> None:
    page.open_tab("View")
    page.page.get_by_role("button", name="Dark", exact=True).click()
    page.until(lambda: scheme(page) == "dark" and floor(page) == "dark", "dark")
    with open_page(chromium, viewer.url) as other:
        assert scheme(other) == "light"
        assert floor(other) == "light"
    page.page.reload()
    page.wait_ready()
    page.until(lambda: scheme(page) == "dark" and floor(page) == "dark", "dark again")
    for look in ("light", "dark"):
        page.press_button(f"{look.title()} page")
        page.until(lambda look=look: scheme(page) == look and floor(page) == look, look)


@pytest.mark.slow
def test_the_system_is_followed_where_that_is_chosen_and_not_where_light_is(page: ViewerPage) -> None:
    page.open_tab("View")
    page.click_button("Dark")
    page.until(lambda: floor(page) == "dark", "dark")
    page.click_button("System")
    page.until(lambda: floor(page) == "light", "light, as the system is")
    page.page.emulate_media(color_scheme="dark")
    page.until(lambda: scheme(page) == "dark" and floor(page) == "dark", "dark with the system")
    page.click_button("Light")
    page.until(lambda: scheme(page) == "light" and floor(page) == "light", "light on a dark system")
    page.until(lambda: list(map(page.is_pressed, ("Light", "Dark", "System"))) == [True, False, False], "Light chosen")
    page.page.emulate_media(color_scheme="light")
    page.page.emulate_media(color_scheme="dark")
    wait_frames(page, 10)
    assert scheme(page) == "light" and floor(page) == "light"


@pytest.mark.slow
def test_every_curve_can_be_seen_on_dark_ground(chromium, viewer: ViewerProcess) -> None:
    def is_seen(colour: str) -> bool:
        return max(int(colour[i : i + 2], 16) for i in (1, 3, 5)) > 110

    with dark_page(chromium, viewer) as page:
        page.until(lambda: all(map(is_seen, page.page.evaluate(_INKS))), "light curves")


@pytest.mark.slow
def test_screenshot_of_a_dark_page_is_dark(chromium, viewer: ViewerProcess) -> None:
    with dark_page(chromium, viewer, size=(800, 420)) as page:
        page.until(lambda: floor(page) == "dark", "the dark floor")
        with page.page.expect_download(timeout=60_000) as download:
            page.page.locator("#rv-views button", has_text="Screenshot").click()
        picture = np.asarray(Image.open(io.BytesIO(Path(download.value.path()).read_bytes())).convert("RGB"))
        assert picture[0].mean() < np.mean(DARK.sky_bottom) + 12


def test_the_view_comes_back_and_reset_forgets_it(page: ViewerPage) -> None:
    usual = page.camera()["position"]
    width = panel_width(page)
    page.orbit(160)
    page.click_button("Shadows")
    page.open_tab("Render")
    edge = page.page.viewport_size["width"] - width - 4  # type: ignore[index]
    page.page.mouse.move(edge, 300)
    page.page.mouse.down()
    page.page.mouse.move(edge - 100, 300, steps=4)
    page.page.mouse.up()
    page.until(lambda: (memory(page).get("panelWidth") or 0) > width + 50, "a memory")
    wait_remembered(page)
    left = page.camera()["position"]
    assert np.abs(left - usual).max() > 0.3
    come_back(page)
    page.until(lambda: np.abs(page.camera()["position"] - left).max() < 1e-3, "the camera as it was left")
    page.until(lambda: chosen_tab(page) == "Render", "the tab as it was left")
    page.until(lambda: page.is_pressed("Shadows"), "the shadows as they were left")
    page.until(lambda: abs(panel_width(page) - width - 100) < 12, "the panel as wide as it was left")
    page.open_tab("View")
    page.click_button("Reset View")
    page.until(lambda: chosen_tab(page) == "Replay" and not page.is_pressed("Shadows"), "what a new browser shows")
    page.until(lambda: abs(panel_width(page) - width) < 2, "the usual panel")
    page.until(lambda: np.abs(left - page.camera()["position"]).max() > 0.3, "another camera")


@pytest.mark.parametrize(
    "moment", ["as soon as it is there", pytest.param("as soon as the other has come back", marks=pytest.mark.slow)]
)
def test_a_tab_that_is_chosen_while_another_comes_back_stays(page: ViewerPage, moment: str) -> None:
    x, y = middle(page, "View")
    for _ in range(2):
        leave(page, tab="Render")
        page.page.reload(wait_until="commit")
        page.page.wait_for_function(_HAS_TAB, arg=[x, y, "View"])
        if moment == "as soon as the other has come back":
            page.page.wait_for_function(_HAS_CHOSEN, arg="Render")
        page.page.mouse.click(x, y)
        page.until(lambda: memory(page)["tab"] == "View", "a memory of the chosen tab")
        assert chosen_tab(page) == "View"


@pytest.mark.slow
@pytest.mark.parametrize("follows", [True, False])
def test_a_camera_that_is_turned_while_another_comes_back_stays(new_page: ViewerPage, follows: bool) -> None:
    page = new_page
    page.orbit(160)
    if not follows:
        page.click_button("Follow Robot")
    page.until(lambda: memory(page).get("view") and follows != ("world" in memory(page)["view"]), "a memory")
    wait_remembered(page)
    left, view = page.camera()["position"], memory(page)["view"]
    page.page.add_init_script(_HELD_LINE)
    leave(page, view=view)
    come_back(page)
    page.orbit(-40)
    turned = page.camera()["position"]
    page.page.evaluate("goOn()")
    page.press_button("One step forward")
    page.wait_step(1)
    np.testing.assert_allclose(page.camera()["position"], turned, atol=1e-3)
    assert np.abs(turned - left).max() > 0.3
    page.until(lambda: page.is_pressed("Follow Robot"), "a camera that follows")


@pytest.mark.slow
def test_a_panel_that_is_put_away_stays_away_until_it_is_wanted(page: ViewerPage) -> None:
    rewards = page.page.locator(".rv-rewards").first
    page.page.get_by_role("button", name="Collapse panel").click()
    rewards.wait_for(state="hidden")
    page.until(lambda: memory(page).get("panelClosed"), "a memory")
    come_back(page)
    assert not rewards.is_visible()
    page.page.get_by_role("button", name="Expand").click()
    rewards.wait_for()
    page.until(lambda: memory(page)["panelClosed"] is False, "another memory")
    assert panel_width(page) > 300


@pytest.mark.slow
def test_a_camera_that_stood_still_stands_there_again(page: ViewerPage) -> None:
    for _ in range(3):
        page.page.keyboard.press("Shift+ArrowRight")
    page.click_button("Follow Robot")
    page.until(lambda: not page.is_pressed("Follow Robot"), "a still camera")
    page.page.keyboard.press("Shift+ArrowRight")
    page.page.wait_for_timeout(300)
    still, camera = page.pose("/world")["position"], page.camera()["position"]
    page.until(lambda: (memory(page).get("view") or {}).get("world"), "a memory")
    come_back(page)
    page.until(lambda: not page.is_pressed("Follow Robot"), "a still camera again")
    np.testing.assert_allclose(page.pose("/world")["position"], still, atol=1e-4)
    page.until(lambda: np.abs(page.camera()["position"] - camera).max() < 1e-3, "the camera as it was left")


_ODD_MEMORIES = [
    "[1",
    '{"look": 5, "view": {"camera": {"position": "x"}}, "tab": 7, "panelWidth": 1e99, "panelClosed": "yes"}',
    '{"view": {"camera": {"position": [1e30, 0, 0], "target": [0, 0, 0], "fov": -1}, "world": [1], "of": null}}',
]


@pytest.mark.slow
def test_an_odd_memory_does_no_harm(page: ViewerPage) -> None:
    usual = distance(page)
    for odd in _ODD_MEMORIES:
        page.page.evaluate("odd => addEventListener('pagehide', () => localStorage.setItem('replay-viewer', odd))", odd)
        come_back(page)
        step = page.step()
        page.press_button("One step forward")
        page.wait_step(step + 1)
        page.until(lambda: 0.8 * usual < distance(page) < 1.2 * usual, "the usual camera")
        assert 300 < panel_width(page) < 1000
    assert not [line for line in page.console if "pageerror" in line]


def test_the_keys_help_opens_by_button_and_key_and_holds_back_the_keys(page: ViewerPage) -> None:
    dialog = page.page.get_by_role("dialog", name="Keys and mouse")
    page.press_button("Keys and mouse")
    assert dialog.get_by_text("One second back").is_visible()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    page.page.keyboard.press("Shift+?")
    dialog.wait_for()
    page.page.get_by_role("button", name="Close", exact=True).click()
    dialog.wait_for(state="hidden")
    page.press_button("Keys and mouse")
    dialog.get_by_text("One second back").click()
    assert dialog.is_visible()
    page.page.mouse.click(5, 300)
    dialog.wait_for(state="hidden")
    assert page.step() == 0
    page.page.wait_for_timeout(100)
    page.page.keyboard.press("ArrowRight")
    page.wait_step(1)


@pytest.mark.slow
def test_a_page_without_its_viewer_says_so(chromium, demo_path: Path) -> None:
    with ViewerProcess([str(demo_path), "--port", "0", "--no-shadows"]) as viewer:
        with open_page(chromium, viewer.url) as page:
            assert not page.page.get_by_text("The viewer does not answer").is_visible()
            viewer.interrupt()
            page.page.get_by_text("The viewer does not answer").wait_for(timeout=10_000)


@pytest.mark.slow
def test_a_missing_gpu_is_told_of_once_for_a_while(chromium, viewer: ViewerProcess) -> None:
    later = "const now = performance.now.bind(performance); performance.now = () => now() + (window.rvLater ?? 0);"
    with chromium.new_context() as context:
        context.add_init_script(EMPTY_PICTURE + later)
        page = ViewerPage(context.new_page())
        page.goto(viewer.url)
        note = page.page.locator(".rv-no-gpu")
        page.until(lambda: "without a GPU, which is slow." in note.inner_text(), "what makes it slow")
        page.page.evaluate("window.rvLater = 10_000")
        page.until(lambda: not note.is_visible(), "that it has been read")
        page.page.reload()
        page.wait_ready()
        page.until(lambda: not page.page.locator("#webgl-software-rendering").count(), "viser's note closed")
        assert not note.is_visible()
