"""The drawn world as the page has it: light, ground, sky."""

from __future__ import annotations

import re

import numpy as np
from chromium_tabs import empty_tab
from drawn_scene import count_shadows, wait_frames
from viewer_page import ViewerPage, ViewerProcess

from replay_viewer.theme import GROUND, LIGHT, TERRAIN, TERRAIN_EDGE

# Looks at each frame from the first one on how much of the picture is seen.
_WATCH_THE_VEIL = """
window.leastSeen = 1;
(function watch() {
  const picture = document.querySelector("canvas[data-engine]");
  if (picture) window.leastSeen = Math.min(window.leastSeen, Number(getComputedStyle(picture).opacity));
  requestAnimationFrame(watch);
})();
"""


def test_the_picture_lies_under_no_veil_from_its_first_frame_on(chromium, viewer: ViewerProcess) -> None:
    with empty_tab(chromium, (800, 420), drawing=True, script=_WATCH_THE_VEIL) as tab:
        page = ViewerPage(tab)
        page.goto(viewer.url)
        tab.wait_for_selector("canvas[data-engine]")
        wait_frames(page, 10)
        assert tab.evaluate("leastSeen") == 1


def test_ground_and_sky_have_the_colours_of_films(drawn_page: ViewerPage) -> None:
    drawn_page.page.keyboard.press("2")  # From the side: half of the picture is sky.
    drawn_page.until(lambda: _horizon(drawn_page) is not None, "a sky that is turned to the camera")
    drawn_page.until(lambda: abs(_corner(drawn_page.picture()) - LIGHT.terrain).max() < 40, "the ground")
    picture = drawn_page.picture()
    height = len(picture)
    ground = picture[int(0.55 * height) : int(0.72 * height), 10:140].reshape(-1, 3)
    dark, bright = np.percentile(ground, [10, 90], axis=0)
    assert abs(bright - LIGHT.terrain).max() < 25
    assert 10 < (bright - dark).mean() < 50  # Two tones, of which neither is a line.
    sky = picture[int(0.25 * height), 250:400].mean(axis=0)
    assert abs(sky - LIGHT.sky_bottom).max() < 45 and sky[2] > sky[0]


def _corner(picture: np.ndarray) -> np.ndarray:
    return picture[int(0.65 * len(picture)), 10:100].mean(axis=0)


def test_flat_ground_and_terrain_are_made_in_one_way(page: ViewerPage, charts_page: ViewerPage) -> None:
    is_dressed = "name => Boolean(rvViser.drawn(name)?.material?.rvDressed)"
    for name in (TERRAIN, TERRAIN_EDGE):
        page.until(lambda name=name: page.page.evaluate(is_dressed, name), name)
    charts_page.until(lambda: charts_page.page.evaluate(is_dressed, GROUND), "flat ground")


def test_one_sun_casts_one_shadow(page: ViewerPage) -> None:
    page.page.keyboard.press("h")
    page.until(lambda: count_shadows(page) == 1, "one shadow")
    page.page.keyboard.press("h")
    page.until(lambda: count_shadows(page) == 0, "none")


def test_the_horizon_is_where_the_camera_has_it(page: ViewerPage) -> None:
    page.page.keyboard.press("2")
    page.until(lambda: 20 < (_horizon(page) or 0) < 60, "a horizon in the picture")
    page.page.keyboard.press("1")
    page.until(lambda: _horizon(page) is None, "no sky straight below")


def _horizon(page: ViewerPage) -> float | None:
    """How far below the upper end of the picture [%], as the page's sky has it."""
    sky = page.page.evaluate("rvViser.picture().style.getPropertyValue('--rv-sky')")
    found = re.findall(r"(-?[0-9.]+)%", sky)
    return float(found[-1]) if found else None
