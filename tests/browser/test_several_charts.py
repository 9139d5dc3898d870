"""Charts of several signals: they come and go for everybody, are made higher and lower, and go with what is shown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from chart_recording import EPISODE_STEPS
from chart_view import SIGNAL, chart, first_values, names, of_chart, place
from memory_rollout import memory_rollout, still
from playwright.sync_api import Locator
from viewer_page import ViewerPage, ViewerProcess, open_page, open_tab

from replay_viewer import Viewer
from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay, with_robots
from replay_viewer.replay.take import Take

WRITER = Path(__file__).parents[1] / "helpers" / "live_writer.py"
MOST = 8
# A new chart takes the first number that is free.
_KEEP_FIRST = """
() => {
  window.replayViewer.send("add_chart");
  for (let number = 8; number > 1; number -= 1) window.replayViewer.send("remove_chart", `signal${number}`);
}
"""


@pytest.fixture
def page(charts_page: ViewerPage) -> Iterator[ViewerPage]:
    """One chart of a signal, at first and at the end."""
    _keep_one(charts_page)
    yield charts_page
    _keep_one(charts_page)


def _keep_one(page: ViewerPage) -> None:
    page.page.evaluate(_KEEP_FIRST)
    first = page.page.locator("[data-do=signal1_normalise]")
    page.until(lambda: count(page) == first.count() == 1, "the first chart of a signal")
    page.choose("Signal", "joint positions")
    page.until(lambda: names(page, SIGNAL)[0] == "leg0_hip", "joints")


def count(page: ViewerPage) -> int:
    """Of charts of signals, where there is one of rewards."""
    return page.page.locator(".rv-chart").count() - SIGNAL


def add(page: ViewerPage) -> None:
    before = count(page)
    # Not with the mouse: while the chart before is put together, the button moves on below it.
    page.page.get_by_role("button", name="Add chart").dispatch_event("click")
    page.until(lambda: count(page) == before + 1, "another chart")


def edge(page: ViewerPage, number: int) -> Locator:
    found = page.page.locator(".rv-edge").nth(number)
    found.scroll_into_view_if_needed()
    return found


def height(page: ViewerPage, number: int) -> int:
    return of_chart(page, "(chart) => chart.height", number)


def pull(page: ViewerPage, number: int, by: float) -> None:
    """Pull the lower edge of a chart."""
    box = edge(page, number).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] / 2
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x, y + by, steps=4)
    page.page.mouse.up()


def test_each_chart_shows_a_signal_of_its_own_and_moves_with_the_others(page: ViewerPage) -> None:
    add(page)
    assert chart(page, SIGNAL + 1)["title"] != chart(page, SIGNAL)["title"]
    page.choose("Signal", "base tilt")
    page.until(lambda: names(page, SIGNAL)[0] == "roll", "angles in the first")
    assert names(page, SIGNAL + 1)[0] != "roll"
    page.page.mouse.click(*place(page, 0.5, SIGNAL + 1))
    page.until(lambda: abs(page.step() - 0.5 * EPISODE_STEPS) <= 2, "the step below the click")
    chip = page.page.locator(".rv-chip:has([data-do=signal2_alone])").first
    chip.hover()
    chip.locator("[data-do=signal2_alone]").click()
    page.until(lambda: len(names(page, SIGNAL + 1)) == 1, "one curve alone")
    assert len(names(page, SIGNAL)) == 4


def test_charts_are_the_same_in_all_browsers_at_most_eight_and_the_last_one_stays(
    page: ViewerPage, chromium, charts_viewer: ViewerProcess
) -> None:
    for _ in range(MOST - 1):
        add(page)
    assert page.page.get_by_role("button", name="Add chart").is_disabled()
    with open_page(chromium, charts_viewer.url) as other:
        other.until(lambda: count(other) == MOST, "all charts")
        other.page.get_by_role("button", name="Remove this chart").nth(2).click()
        page.until(lambda: count(page) == MOST - 1, "one chart less")
    assert page.page.get_by_role("button", name="Add chart").is_enabled()
    for left in range(MOST - 2, 0, -1):
        page.page.get_by_role("button", name="Remove this chart").first.click()
        page.until(lambda left=left: count(page) == left, f"{left} charts")
    assert page.page.get_by_role("button", name="Remove this chart").count() == 0


def test_the_lower_edge_makes_a_chart_higher_and_a_double_click_as_high_as_before(page: ViewerPage) -> None:
    add(page)
    usual = height(page, SIGNAL)
    pull(page, SIGNAL, 70)
    page.until(lambda: height(page, SIGNAL) == usual + 70, "a higher chart")
    assert height(page, SIGNAL + 1) == usual
    page.choose("Signal", "base tilt")
    page.until(lambda: names(page, SIGNAL)[0] == "roll" and height(page, SIGNAL) == usual + 70, "another signal")
    edge(page, SIGNAL).focus()
    page.page.keyboard.press("ArrowUp")
    page.until(lambda: height(page, SIGNAL) == usual + 50, "a lower one by its key")
    pull(page, SIGNAL, -2000)
    page.until(lambda: height(page, SIGNAL) == 90, "the lowest one")
    edge(page, SIGNAL).dblclick()
    page.until(lambda: height(page, SIGNAL) == usual, "one as high as usual")


@pytest.mark.slow
def test_a_finger_makes_a_chart_higher(chromium, charts_viewer: ViewerProcess) -> None:
    with open_page(chromium, charts_viewer.url, has_touch=True) as page:
        chart(page)
        usual, box = height(page, 0), edge(page, 0).bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        session = page.page.context.new_cdp_session(page.page)
        for kind, points in (
            ("touchStart", [{"x": x, "y": y}]),
            ("touchMove", [{"x": x, "y": y + 15}]),
            ("touchMove", [{"x": x, "y": y + 40}]),
            ("touchEnd", []),
        ):
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.until(lambda: height(page, 0) == usual + 40, "a higher chart")
        page.page.evaluate("replayViewer.send('restore_chart', 'reward')")
        page.until(lambda: height(page, 0) == usual, "one as high as usual")


def test_charts_stay_when_another_recording_is_opened(chromium, tmp_path: Path) -> None:
    for name in ("one.rec", "two.rec"):
        (tmp_path / name).write_bytes(asset("walk.rec").read_bytes())
    with ViewerProcess([str(tmp_path), "--port", "0", "--no-shadows"]) as viewer, open_tab(chromium) as page:
        page.goto(f"{viewer.url}?recording=one.rec")
        chart(page)
        add(page)
        page.choose("Signal", "base tilt")
        page.until(lambda: names(page, SIGNAL)[0] == "roll", "angles")
        pull(page, SIGNAL, 40)
        page.until(lambda: height(page, SIGNAL) == 270, "a higher chart of angles")
        page.goto(f"{viewer.url}?recording=two.rec")
        page.until(lambda: "two.rec" in page.page.title(), "the other recording")
        page.until(lambda: count(page) == 2 and names(page, SIGNAL)[0] == "roll", "the same charts")
        assert height(page, SIGNAL) == 270


def test_several_charts_compare_takes_each_with_the_difference_below(chromium) -> None:
    walk = open_replay(asset("walk.rec"))
    bare = with_robots(memory_rollout(still(90, 1)))
    with Viewer([walk, Take(walk, 3), bare], port=0) as viewer, open_page(chromium, viewer.url) as page:
        chart(page)
        page.click_button("Add chart")
        # Rewards with their difference, how far bases are apart, and of the new one whatever comes next.
        page.until(lambda: page.page.locator("[data-do=remove_chart]").count() == 2, "two charts of signals")
        page.choose("Signal", "joint positions")
        page.until(lambda: names(page, SIGNAL + 1) == ["walk env 0", "walk env 3", "memory env 0"], "takes")
        joint = walk.rollout.read("robot.joint_pos", slice(0, 5), [0, 3])[..., 0].astype(float)
        gaps = chart(page, SIGNAL + 2)["series"][0]["values"]
        assert np.allclose(gaps, joint[:, 1] - joint[:, 0], atol=1e-6)
        pull(page, SIGNAL + 2, 30)
        page.until(lambda: height(page, SIGNAL + 2) == 162 and height(page, SIGNAL + 1) == 230, "a higher difference")
    walk.close()


@pytest.mark.slow
def test_several_charts_grow_with_a_recording_that_is_written(chromium, tmp_path: Path) -> None:
    path = str(tmp_path / "run.rec")
    with ViewerProcess([path, "--port", "0", "--no-shadows", "--tail"]) as viewer, open_tab(chromium) as page:
        page.page.goto(viewer.url)
        page.page.get_by_text("Waiting for the first step of run.rec").wait_for()
        command = [sys.executable, str(WRITER), path, "--rate", "20"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                page.wait_ready()
                chart(page)
                add(page)
                points = "(chart) => chart.data[0].length"
                before = [of_chart(page, points, number) for number in (SIGNAL, SIGNAL + 1)]

                def have_grown() -> bool:
                    return all(of_chart(page, points, SIGNAL + i) > length + 20 for i, length in enumerate(before))

                page.until(have_grown, "more points in both", timeout=30)
                assert len(first_values(page, SIGNAL + 1)) > 1
            finally:
                process.kill()
