"""Joints against their limits: curves as shares of them, and a mark at those that are beyond within what is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from arm_urdf import JOINTS, write_arm
from chart_view import chart, names, of_chart, place
from memory_rollout import memory_rollout, still
from viewer_page import ViewerPage, open_page

from replay_viewer import Viewer
from replay_viewer.replay.replay import with_robots
from replay_viewer.rollout.entities import EntitySpec

# Dark pixels of the dashes in the row of a value.
_DASHES = """
(chart) => {
  const y = Math.round(chart.valToPos(100, "y", true));
  const { data } = chart.ctx.getImageData(chart.bbox.left, y - 1, chart.bbox.width, 2);
  return data.filter((value, i) => i % 4 === 3 && value > 100).length / chart.bbox.width;
}
"""


@pytest.fixture
def page(chromium, tmp_path: Path) -> Iterator[ViewerPage]:
    """An arm whose shoulder is beyond its limit of 3 rad from step 80 on; its elbow is not."""
    angles = np.zeros((100, 1, 2))
    angles[:, 0, 0] = np.linspace(-1.5, 3.0, 100)
    angles[80:, 0, 0] = 3.3
    values = {**still(100, 1), "robot.joint_pos": angles}
    robot = EntitySpec("robot", joint_names=JOINTS, urdf=write_arm(tmp_path))
    replay = with_robots(memory_rollout(values, entities=(robot,)))
    with Viewer(replay, port=0) as viewer, open_page(chromium, viewer.url) as page:
        chart(page, 0)
        yield page


def beyond(page: ViewerPage) -> list[str]:
    """The curves that are marked."""
    chips = page.page.locator(".rv-chip:has(.rv-beyond:not([hidden]))")
    return [chip.get_attribute("data-curve") or "" for chip in chips.all()]


def test_curves_are_shares_of_their_limits_and_what_is_beyond_within_what_is_seen_is_marked(page: ViewerPage) -> None:
    assert page.page.locator(".rv-beyond").count() == 0
    page.click_button("of limits")
    page.until(lambda: chart(page, 0)["title"] == "% of limits", "shares")
    assert names(page, 0) == list(JOINTS)
    page.until(lambda: beyond(page) == ["shoulder"], "a mark at the shoulder alone")
    page.page.evaluate("replayViewer.send('seek', 90)")
    number = page.page.locator(".rv-chip[data-curve=shoulder] .rv-now")
    page.until(lambda: number.inner_text() == "110.0" or number.inner_text() == "110.00", "its share at the playhead")
    assert page.page.locator(".rv-unit").inner_text() == "in % of limits; ! is beyond them in what is seen"
    assert 0.1 < of_chart(page, _DASHES, 0) < 2
    place(page, 0.1, 0)
    for _ in range(4):
        page.page.mouse.wheel(0, -500)
    page.until(lambda: chart(page, 0)["max"] < 1.4, "a zoom into the first part")
    page.until(lambda: beyond(page) == [], "no mark")
    page.page.mouse.dblclick(*place(page, 0.5, 0))
    page.until(lambda: beyond(page) == ["shoulder"], "the mark again")
    page.click_button("of limits")
    page.until(lambda: chart(page, 0)["title"] is None, "angles, whose unit is not recorded")
    assert page.page.locator(".rv-beyond").count() == 0
