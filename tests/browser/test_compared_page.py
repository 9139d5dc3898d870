"""The numbers of several recordings in a real browser: columns of the table, curves of takes, and their differences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from chart_view import SIGNAL, chart, names
from memory_rollout import memory_rollout, still
from viewer_page import ViewerPage, open_page

from replay_viewer import Viewer
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay, with_robots
from replay_viewer.replay.take import Take

STEP = 120
CELLS = "name => [...document.querySelectorAll(`tr[data-term='${name}'] .value`)].map(cell => cell.textContent)"


@pytest.fixture(scope="module")
def walk() -> Replay:
    return open_replay(asset("walk.rec"))


@pytest.fixture(scope="module")
def page(chromium, walk: Replay) -> Iterator[ViewerPage]:
    """Another env, and a recording without rewards that is shorter and has NaN, beside the demo."""
    values = still(90, 1)
    values["robot.base_pos"][40:50] = np.nan
    bare = with_robots(memory_rollout(values))
    with Viewer([walk, Take(walk, 3), bare], port=0) as viewer, open_page(chromium, viewer.url) as page:
        page.page.evaluate(f"window.replayViewer.send('seek', {STEP})")
        page.wait_step(STEP)
        yield page


def test_the_table_has_a_column_for_each_take_and_its_difference(page: ViewerPage, walk: Replay) -> None:
    name = walk.rollout.reward_terms[0]
    lead, other = walk.rollout.read("rew_terms", slice(STEP, STEP + 1), [0, 3])[0, :, 0].astype(float)
    told = [pytest.approx(number, rel=1e-2) for number in (lead, other, other - lead)]

    def is_told() -> bool:
        cells = page.page.evaluate(CELLS, name)
        return cells[3:] == ["\u2013"] * 2 and [float(cell or "nan") for cell in cells[:3]] == told

    page.until(is_told, "numbers of the step in five columns")
    heads = page.page.locator(".rv-compared th").all_inner_texts()
    assert heads[1:] == ["walk env 0", "walk env 3", "\u0394", "memory env 0", "\u0394"]


def test_a_click_on_a_row_lays_the_takes_over_each_other(page: ViewerPage, walk: Replay) -> None:
    name = walk.rollout.reward_terms[1]
    page.page.locator(f"tr[data-term='{name}'] td").first.click()
    page.until(lambda: (chart(page)["title"] or "").startswith(name), "another curve")
    shown = chart(page)
    expected = walk.rollout.read("rew_terms", slice(0, 5), [0, 3])[:, :, 1].astype(float)
    assert [series["name"] for series in shown["series"]] == ["walk env 0", "walk env 3", "memory env 0"]
    assert np.allclose(np.array([series["values"] for series in shown["series"][:2]]).T, expected)
    gaps = expected[:, 1] - expected[:, 0]
    page.until(lambda: np.allclose(chart(page, 1)["series"][0]["values"], gaps), "their difference")


def test_under_the_pointer_are_the_values_of_all_takes_and_none_of_one_without(page: ViewerPage) -> None:
    over = page.page.locator(".u-over").first
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told = page.page.locator("#rv-reading strong")
    page.until(lambda: told.count() == 3, "three values")
    assert "\u2013" in told.all_inner_texts()


def test_how_far_bases_are_apart_is_shown_first_and_signals_have_a_difference_too(
    page: ViewerPage, walk: Replay
) -> None:
    base = walk.rollout.read("robot.base_pos", slice(0, 5), [0, 3]).astype(float)
    apart = np.linalg.norm(base[:, 1] - base[:, 0], axis=1)
    # The low chart below it has nothing to say and is not there.
    assert np.allclose(chart(page, SIGNAL + 1)["series"][0]["values"], apart)
    assert page.page.locator(".u-over").count() == 3
    page.choose("Signal", "joint positions")
    page.until(lambda: page.page.locator(".u-over").count() == 4, "the difference of joints")
    assert names(page, SIGNAL + 1) == ["walk env 0", "walk env 3", "memory env 0"]
    page.page.locator("button.rv-chip").nth(5).click()
    joint = walk.rollout.read("robot.joint_pos", slice(0, 5), [0, 3])[..., 5].astype(float)

    def is_shown() -> bool:
        return np.allclose(chart(page, SIGNAL + 1)["series"][0]["values"], joint[:, 0])

    page.until(is_shown, "that joint")
    gaps = joint[:, 1] - joint[:, 0]
    page.until(lambda: np.allclose(chart(page, SIGNAL + 2)["series"][0]["values"], gaps, atol=1e-6), "its difference")
