"""The page on a laptop, a large screen and a phone: everything is in sight, apart, and large enough for a thumb."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from viewer_page import ViewerPage, ViewerProcess, open_page

UPRIGHT, LYING = (390, 844), (844, 390)
THUMB = 40  # Pixels.

# Of every control of ours that is shown: its name, and left, top, right and bottom edge.
_CONTROLS = """
() => [...document.querySelectorAll("#rv-bar :is(.rv-row button, select, .rv-track, .rv-episode),"
    + "#rv-views button, #rv-files button")]
  .map((node) => [node.getAttribute("aria-label") ?? node.id ?? node.textContent, node.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0)
  .map(([name, box]) => [name, box.left, box.top, box.right, box.bottom])
"""
# Where links of robots are drawn, as fractions of half the picture's width and height from its middle.
_DRAWN = """
() => {
  const { camera, nodeRefFromName } = window.__viserMutable;
  const isLink = (name) => name.startsWith("/world/robot/");
  return Object.keys(nodeRefFromName).filter(isLink).map((name) => {
    const { x, y } = nodeRefFromName[name].getWorldPosition(camera.position.clone()).project(camera);
    return [x, y];
  });
}
"""
# The same in pixels of the page.
_LINKS = f"""
() => {{
  const {{ left, top, width, height }} = rvViser.picture().getBoundingClientRect();
  return ({_DRAWN})().map(([x, y]) => [left + ((x + 1) / 2) * width, top + ((1 - y) / 2) * height]);
}}
"""
_FREE = """
() => {
  const box = (selector) => document.querySelector(selector)?.getBoundingClientRect();
  const sheet = box('#root .mantine-Paper-root[style*="position: fixed"]');
  const docked = box("[data-dock-side=right]");
  return [0, box("#rv-files").bottom, docked ? docked.left : innerWidth, sheet ? sheet.top : box("#rv-views").top];
}
"""
_CUT = """
() => [...document.querySelectorAll("#rv-views button, #rv-files button, #rv-takes button.rv-control")]
  .filter((node) => node.clientWidth > 0 && node.scrollWidth > node.clientWidth).map((node) => node.textContent)
"""
_SCROLLS = (
    "() => document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight"
)


def controls(page: ViewerPage) -> list[tuple[str, float, float, float, float]]:
    return [tuple(found) for found in page.page.evaluate(_CONTROLS)]


def wait_in_sight_and_apart(page: ViewerPage, size: tuple[int, int]) -> None:
    """Until every control is where it stays; fails with what is not."""
    with contextlib.suppress(AssertionError):
        page.until(lambda: not misplaced(page, size), "everything in its place")
    assert misplaced(page, size) == []


def misplaced(page: ViewerPage, size: tuple[int, int]) -> list[str]:
    """What is partly outside of the page, or overlaps with something."""
    found = controls(page)
    faults = [] if len(found) > 10 else [f"there are only {len(found)} controls"]
    for name, left, top, right, bottom in found:
        if left < 0 or top < 0 or right > size[0] or bottom > size[1]:
            faults.append(f"{name} is partly outside")
    for one, other in itertools.combinations(found, 2):
        beside = one[3] <= other[1] + 1 or other[3] <= one[1] + 1
        above = one[4] <= other[2] + 1 or other[4] <= one[2] + 1
        if not beside and not above:
            faults.append(f"{one[0]} and {other[0]} overlap")
    return [*faults, *(["the page scrolls"] if page.page.evaluate(_SCROLLS) else [])]


@pytest.fixture(scope="module", params=[UPRIGHT, pytest.param(LYING, marks=pytest.mark.slow)], ids=["upright", "lying"])
def phone(request: Any, chromium, viewer: ViewerProcess) -> Iterator[tuple[ViewerPage, tuple[int, int]]]:
    """The viewer on a phone."""
    with open_page(chromium, viewer.url, size=request.param, has_touch=True, is_mobile=True) as page:
        yield page, request.param


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)], ids=["laptop", "large"])
def test_controls_are_in_sight_and_apart(chromium, viewer: ViewerProcess, size: tuple[int, int]) -> None:
    with open_page(chromium, viewer.url, size=size) as page:
        wait_in_sight_and_apart(page, size)


def test_controls_of_a_phone_are_in_sight_and_apart_and_large_enough(phone) -> None:
    page, size = phone
    wait_in_sight_and_apart(page, size)
    for name, left, top, right, bottom in controls(page):
        if name not in ("rv-episode", ""):
            assert right - left >= THUMB - 2 and bottom - top >= THUMB, f"{name} is too small for a thumb"


def test_first_view_of_a_phone_has_the_whole_robot(phone) -> None:
    page, _ = phone

    def is_whole() -> bool:
        drawn = page.page.evaluate(_DRAWN)
        return bool(drawn) and all(abs(x) < 0.9 and abs(y) < 0.9 for x, y in drawn)

    page.until(is_whole, "the whole robot")


def test_a_phone_scrubs_and_plays_by_touch(phone) -> None:
    page, _ = phone
    track = page.page.locator(".rv-track")
    box, last = track.bounding_box(), int(track.get_attribute("aria-valuemax") or 0)
    finger = page.page.context.new_cdp_session(page.page)

    def touch(kind: str, *fractions: float) -> None:
        points = [{"x": box["x"] + box["width"] * fraction, "y": box["y"] + 4} for fraction in fractions]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def wait_near(fraction: float) -> None:
        page.until(lambda: abs(page.step() - fraction * last) < 0.02 * last, f"{fraction} of the recording")

    touch("touchStart", 0.5)
    wait_near(0.5)
    for fraction in (0.4, 0.2):
        touch("touchMove", fraction)
        wait_near(fraction)
    touch("touchEnd")
    play = page.page.locator(".rv-play")
    page.tap(play, page.playing, "playing")
    page.until(lambda: page.step() > 0.23 * last, "playing on from there")
    page.tap(play, lambda: not page.playing(), "a pause")


def test_the_panel_of_a_phone_is_closed_at_first_and_opens_by_a_tap(phone, demo_path) -> None:
    page, (width, height) = phone
    rewards = page.page.locator(".rv-rewards").first

    def place() -> dict:
        """Of the rewards; outside of the page where there are none, as in a closed panel."""
        return (rewards.count() and rewards.bounding_box()) or {"x": width, "y": height}

    page.until(lambda: place()["x"] >= width or not rewards.is_visible(), "a closed panel")
    page.page.get_by_text(demo_path.name, exact=True).first.tap()
    page.until(lambda: place()["y"] < height / 2 + 60, "an open panel")
    assert not page.page.evaluate(_SCROLLS)


def test_the_open_panel_of_a_phone_leaves_the_whole_robot_and_the_buttons(phone, demo_path) -> None:
    page, size = phone
    if not page.page.locator(".rv-rewards").first.is_visible():
        page.page.get_by_text(demo_path.name, exact=True).first.tap()
    panel = page.page.locator(".rv-rewards").first
    panel.wait_for()
    page.wait_for_camera()

    def free() -> list[float]:
        """Left, top, right and bottom of the picture between the buttons and the panel."""
        return page.page.evaluate(_FREE)

    page.until(
        lambda: _are_between(page.page.evaluate(_LINKS), free()), "the whole robot in the free part of the picture"
    )
    if size == LYING:
        wait_in_sight_and_apart(page, size)


def test_no_word_of_the_buttons_is_cut_on_a_phone_that_compares(chromium, demo_path) -> None:
    arguments = [str(demo_path), str(demo_path), "--port", "0", "--no-shadows"]
    look = {"size": UPRIGHT, "has_touch": True, "is_mobile": True}
    with ViewerProcess(arguments) as process, open_page(chromium, process.url, **look) as page:
        page.page.get_by_role("button", name="Keep All").wait_for()
        wait_in_sight_and_apart(page, UPRIGHT)
        assert page.page.evaluate(_CUT) == []


def _are_between(points: list[list[float]], edges: list[float]) -> bool:
    left, top, right, bottom = edges
    return bool(points) and all(left < x < right and top < y < bottom for x, y in points)
