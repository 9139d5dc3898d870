"""The chart of any recorded signal: which one, which of its components, and that it moves with the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chart_recording import EPISODE_STEPS, JOINTS, joints_at, record_charts
from playwright.sync_api import Locator
from viewer_page import ViewerPage, ViewerProcess, open_page

# Of the chart that comes last on the page: its curves, its axis of values, and where along it the marker is.
_CHART = """
() => {
  const over = [...document.querySelectorAll(".u-over")].at(-1);
  const charts = Object.values(window.__viserTestpoints?.uplots ?? {}).map((entry) => entry.chart);
  const chart = charts.find((each) => each.over === over);
  const marker = chart?.over.querySelector(".rv-marker");
  if (!marker) return null;
  return {
    names: chart.series.slice(1).map((s) => s.label), title: chart.axes[1].label,
    first: chart.data.slice(1).map((values) => values[0]),
    marker: new DOMMatrix(marker.style.transform).e / chart.over.clientWidth,
  };
}
"""


@pytest.fixture(scope="module")
def signals_viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViewerProcess]:
    path: Path = record_charts(tmp_path_factory.mktemp("signals") / "signals.rec")
    with ViewerProcess([str(path), "--port", "0", "--no-shadows"]) as viewer:
        yield viewer


@pytest.fixture(scope="module")
def signals_page(chromium, signals_viewer: ViewerProcess) -> Iterator[ViewerPage]:
    """One page for all tests, at the first step."""
    with open_page(chromium, signals_viewer.url) as page:
        yield page


def chart(page: ViewerPage) -> dict[str, Any]:
    return page.until(lambda: page.page.evaluate(_CHART), "the chart of a signal")


def test_joints_are_shown_by_name_the_first_twelve_at_first(signals_page: ViewerPage) -> None:
    page = signals_page
    assert page.chosen("Signal") == "joint positions"
    assert chart(page)["names"] == list(JOINTS[:12])
    assert chart(page)["first"] == pytest.approx(joints_at(0)[0, :12].tolist(), abs=1e-6)
    assert chart(page)["title"].startswith("rad")
    page.click_button(f"show all {len(JOINTS)}")
    page.until(lambda: chart(page)["names"] == list(JOINTS), "all joints")
    page.click_button("first 12")
    page.until(lambda: chart(page)["names"] == list(JOINTS[:12]), "the first of them")


def test_a_click_on_a_chip_hides_a_joint_and_its_buttons_pin_and_show_alone(signals_page: ViewerPage) -> None:
    page = signals_page
    chip = page.page.locator(f'.rv-chip[data-curve="{JOINTS[1]}"]')
    chip.locator("span[data-do]").click(position={"x": 4, "y": 8})
    page.until(lambda: JOINTS[1] not in chart(page)["names"], "a hidden joint")
    chip.locator("span[data-do]").click(position={"x": 4, "y": 8})
    page.until(lambda: JOINTS[1] in chart(page)["names"], "the joint")
    press(chip, "alone")
    page.until(lambda: chart(page)["names"] == [JOINTS[1]], "one joint alone")
    press(chip, "alone")
    page.until(lambda: len(chart(page)["names"]) == 12, "the others")
    press(chip, "pin")
    page.until(lambda: chart(page)["names"][-1] == JOINTS[1], "a pinned joint above the others")


def press(chip: Locator, what: str) -> None:
    """A button of a chip, which is there while the mouse is over the chip."""
    chip.hover()
    chip.locator(f"button[data-do=signal_{what}]").click()


def test_another_signal_is_chosen_and_the_time_marker_stands_in_it_too(signals_page: ViewerPage) -> None:
    page = signals_page
    page.choose("Signal", "base position and height")
    page.until(lambda: chart(page)["names"] == ["x", "y", "z"], "the base's position")
    assert chart(page)["first"] == pytest.approx([0.0, 0.0, 0.5], abs=1e-6) and chart(page)["title"] == "m"
    page.press_button("One step forward")
    page.until(lambda: chart(page)["marker"] == pytest.approx(1 / (EPISODE_STEPS - 1), abs=1e-3), "the marker")
