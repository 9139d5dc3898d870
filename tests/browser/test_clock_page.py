"""The clock in the bar: a step or a time is typed into it."""

from __future__ import annotations

import numpy as np
import pytest
from viewer_page import ViewerPage, ViewerProcess, open_page

FIELD = "#rv-bar .rv-field"


def open_field(page: ViewerPage, kind: str) -> None:
    """Of the "step" or of the "time"; what is typed next takes the place of what stands there."""
    page.page.locator(f"#rv-bar .rv-value.rv-{kind}").click()
    page.page.wait_for_function(f"document.activeElement === document.querySelector('{FIELD}')")


def is_open(page: ViewerPage) -> bool:
    return page.page.locator(FIELD).count() > 0


def step_at(page: ViewerPage, seconds: float) -> int:
    return round(seconds / page.page.evaluate("replayViewer.state.dt"))


@pytest.mark.parametrize(
    ("kind", "text", "seconds"),
    [("time", "6.5", 6.5), ("time", "0:07", 7), ("step", "4.5 s", 4.5), ("step", "0:03", 3), ("time", "1e9", None)],
)
def test_a_time_that_is_typed_is_gone_to(page: ViewerPage, kind: str, text: str, seconds: float | None) -> None:
    open_field(page, kind)
    page.page.keyboard.type(text)
    page.page.keyboard.press("Enter")
    if seconds is None:
        page.until(lambda: page.page.locator(f"{FIELD}[aria-invalid]").count() == 1, "a field that does not understand")
        page.page.keyboard.press("Escape")
        assert page.step() == 0
    else:
        page.wait_step(step_at(page, seconds))
    assert not is_open(page)


def test_a_step_that_is_typed_is_gone_to_and_one_beyond_the_end_is_the_last(page: ViewerPage) -> None:
    last = page.page.evaluate("replayViewer.state.numSteps") - 1
    for text, step in (("300", 300), (str(10 * last), last)):
        open_field(page, "step")
        page.page.keyboard.type(text)
        page.page.keyboard.press("Enter")
        page.wait_step(step)
        assert not is_open(page)


def test_escape_leaves_the_field_and_nothing_else(page: ViewerPage) -> None:
    page.page.locator("#rv-files button", has_text="Episodes").click()
    page.page.locator("#rv-episodes.rv-open").wait_for()
    open_field(page, "step")
    page.page.keyboard.type("300")
    page.page.keyboard.press("Escape")
    assert not is_open(page)
    assert page.page.locator("#rv-episodes.rv-open").count() == 1
    assert page.step() == 0
    page.page.keyboard.press("Escape")
    page.until(lambda: page.page.locator("#rv-episodes.rv-open").count() == 0, "a closed table")


def test_keys_that_are_typed_into_it_do_nothing_else_and_do_again_afterwards(page: ViewerPage) -> None:
    page.wait_for_camera()
    camera = page.camera()
    open_field(page, "time")
    for key in (" ", "z", "n", "ArrowLeft", "ArrowUp", "1", "w", "End"):
        page.page.keyboard.press(key)
    page.page.keyboard.press("Escape")
    assert not page.playing() and page.step() == 0
    assert page.page.locator("#rv-bar .rv-zoom").get_attribute("aria-pressed") != "true"
    page.wait_for_camera()
    assert all(np.allclose(page.camera()[name], place) for name, place in camera.items())
    page.page.keyboard.press("ArrowRight")
    page.wait_step(1)


def test_a_keyboard_opens_it_and_has_its_place_again_afterwards(page: ViewerPage) -> None:
    page.page.locator("#rv-bar .rv-value.rv-step").focus()
    page.page.keyboard.press("Enter")
    page.until(lambda: is_open(page), "a field")
    page.page.keyboard.type("20")
    page.page.keyboard.press("Enter")
    page.wait_step(20)
    assert page.page.evaluate("document.activeElement.id") == "rv-step"


def test_a_phone_has_the_field_of_times(chromium, viewer: ViewerProcess, page: ViewerPage) -> None:
    with open_page(chromium, viewer.url, size=(390, 844), has_touch=True, is_mobile=True) as phone:
        phone.page.locator("#rv-bar .rv-value.rv-time").tap()
        phone.until(lambda: is_open(phone), "a field")
        phone.page.keyboard.type("2")
        phone.page.keyboard.press("Enter")
        phone.wait_step(step_at(phone, 2))
        phone.page.keyboard.press("Home")
        phone.wait_step(0)
