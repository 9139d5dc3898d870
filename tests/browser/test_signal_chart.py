"""The chart of any recorded signal: which one, which of its components, and that it moves with the others."""

from __future__ import annotations

import pytest
from chart_recording import EPISODE_STEPS, JOINTS, joints_at
from chart_view import SIGNAL, chart, first_values, names, place
from playwright.sync_api import Locator
from viewer_page import ViewerPage


def test_joints_are_shown_by_name_the_first_twelve_at_first(charts_page: ViewerPage) -> None:
    page = charts_page
    assert page.chosen("Signal") == "joint positions"
    assert names(page, SIGNAL) == list(JOINTS[:12])
    assert first_values(page, SIGNAL) == pytest.approx(joints_at(0)[0, :12].tolist(), abs=1e-6)
    assert chart(page, SIGNAL)["title"].startswith("rad or m")
    page.click_button(f"show all {len(JOINTS)}")
    page.until(lambda: names(page, SIGNAL) == list(JOINTS), "all joints")
    page.click_button("first 12")
    page.until(lambda: names(page, SIGNAL) == list(JOINTS[:12]), "the first of them")


def test_a_click_on_a_chip_hides_a_joint_and_its_buttons_pin_and_show_alone(charts_page: ViewerPage) -> None:
    page = charts_page
    chip = page.page.locator(f'.rv-chip[data-curve="{JOINTS[1]}"]')
    chip.locator("span[data-do]").click(position={"x": 4, "y": 8})
    page.until(lambda: JOINTS[1] not in names(page, SIGNAL), "a hidden joint")
    chip.locator("span[data-do]").click(position={"x": 4, "y": 8})
    page.until(lambda: JOINTS[1] in names(page, SIGNAL), "the joint")
    chip.locator(".rv-swatch").click()
    page.until(lambda: JOINTS[1] not in names(page, SIGNAL), "a joint hidden by its colour")
    chip.locator(".rv-swatch").click()
    page.until(lambda: JOINTS[1] in names(page, SIGNAL), "the joint again")
    press(chip, "alone")
    page.until(lambda: names(page, SIGNAL) == [JOINTS[1]], "one joint alone")
    press(chip, "alone")
    page.until(lambda: len(names(page, SIGNAL)) == 12, "the others")
    press(chip, "pin")
    page.until(lambda: names(page, SIGNAL)[-1] == JOINTS[1], "a pinned joint above the others")
    press(chip, "pin")
    page.until(lambda: names(page, SIGNAL) == list(JOINTS[:12]), "the joints as they were")


def press(chip: Locator, what: str) -> None:
    """A button of a chip, which is there while the mouse is over the chip."""
    chip.hover()
    chip.locator(f"button[data-do=signal1_{what}]").click()


def test_another_signal_is_chosen_and_the_time_marker_stands_in_it_too(charts_page: ViewerPage) -> None:
    page = charts_page
    page.choose("Signal", "base position and height")
    page.until(lambda: names(page, SIGNAL) == ["x", "y", "z"], "the base's position")
    assert first_values(page, SIGNAL) == pytest.approx([0.0, 0.0, 0.5], abs=1e-6)
    assert chart(page, SIGNAL)["title"] == "m"
    page.press_button("One step forward")
    second = pytest.approx(1 / (EPISODE_STEPS - 1), abs=0.0025)  # It stands on a whole pixel.
    page.until(lambda: chart(page, SIGNAL)["marker"] == second, "the marker")


def test_a_click_in_the_chart_seeks_to_the_step_below_it(charts_page: ViewerPage) -> None:
    page = charts_page
    page.page.mouse.click(*place(page, 0.75, SIGNAL))
    page.until(lambda: abs(page.step() - 0.75 * EPISODE_STEPS) <= 2, "the step")


def test_a_signal_is_normalised_and_shown_against_all_envs(charts_page: ViewerPage) -> None:
    page = charts_page
    page.choose("Signal", "base position and height")
    page.until(lambda: names(page, SIGNAL) == ["x", "y", "z"], "the base's position")

    def press(what: str) -> None:
        page.page.locator(f"[data-do=signal1_{what}]").click()

    press("normalise")
    page.until(lambda: chart(page, SIGNAL)["title"] == "share of each curve's largest", "shares")
    assert first_values(page, SIGNAL) == pytest.approx([0.0, 0.0, 1.0], abs=1e-6)
    press("normalise")
    page.until(lambda: chart(page, SIGNAL)["title"] == "m", "values")
    assert chart(page, SIGNAL)["bands"] == 0
    press("spread")
    page.until(lambda: chart(page, SIGNAL)["bands"] == 3, "a band for each curve")
    # x at the first step of both episodes, and how far it deviates.
    mean = 0.01 * EPISODE_STEPS / 2
    assert first_values(page, SIGNAL)[3:6] == pytest.approx([mean, 0.0, 2 * mean], abs=1e-6)
    press("spread")
    page.until(lambda: chart(page, SIGNAL)["bands"] == 0, "no band")
