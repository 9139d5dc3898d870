"""What a user has chosen stays chosen when another recording leads, comes or goes, as far as that has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from chart_view import chart
from memory_rollout import memory_rollout, still
from playwright.sync_api import Locator
from viewer_page import ViewerPage, open_page

from replay_viewer import Viewer
from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay, with_robots

BARE = "memory"


@pytest.fixture
def page(chromium, tmp_path: Path) -> Iterator[ViewerPage]:
    """The demo, itself under another name, and a box that has no rewards, joints or other envs."""
    after = tmp_path / "after.rec"
    after.write_bytes(asset("walk.rec").read_bytes())
    bare = with_robots(memory_rollout(still(90, 1)))
    takes = [open_replay(asset("walk.rec")), open_replay(after), bare]
    with Viewer(takes, port=0, shadows=False) as viewer, open_page(chromium, viewer.url) as page:
        page.page.evaluate("window.replayViewer.send('seek', 40)")
        page.wait_step(40)
        yield page


def lead(page: ViewerPage, name: str) -> None:
    """Let another one lead, by a click on its lane."""
    names = page.page.locator("#rv-takes .rv-name")
    number = names.all_inner_texts().index(name)
    page.page.locator(".rv-lane").nth(number - 1).click(position={"x": 5, "y": 8})
    page.until(lambda: names.first.inner_text() == name, f"{name} as the lead")


def take_away(page: ViewerPage, name: str) -> None:
    count = page.page.locator("#rv-takes .rv-name").count()
    page.page.get_by_label(f"Take {name} away").click()
    page.until(lambda: page.page.locator("#rv-takes .rv-name").count() == (count - 1 if count > 2 else 0), "its end")


def switch(page: ViewerPage, title: str) -> Locator:
    return page.page.get_by_role("switch", name=title)


def is_on(page: ViewerPage, title: str) -> bool:
    return switch(page, title).get_attribute("aria-checked") == "true"


def choose_everything(page: ViewerPage, term: str) -> None:
    page.page.locator(f"tr[data-term='{term}'] td").first.click()
    page.until(lambda: (chart(page)["title"] or "").startswith(term), "the term's curve")
    page.choose("Signal", "joint positions")
    page.page.locator("button.rv-chip").nth(5).click()
    page.page.evaluate("window.replayViewer.send('select_steps', [30, 60])")
    page.open_tab("View")
    switch(page, "Frames and joint axes").click()
    switch(page, "Other envs").click()
    page.page.get_by_role("button", name="Outcome", exact=True).click()
    page.until(lambda: is_on(page, "Frames and joint axes") and is_on(page, "Other envs"), "layer and crowd")
    page.open_tab("Render")
    page.until(lambda: page.chosen("Camera") == "all", "a camera that keeps all in view")
    page.choose("Overlay", "hud")
    page.choose("Camera", "this view")
    page.open_tab("Replay")


def is_chosen(page: ViewerPage, term: str) -> bool:
    """Whether the Replay tab is as it was chosen."""
    selection = page.page.evaluate("window.replayViewer.state.selection")
    return (
        (chart(page)["title"] or "").startswith(term)
        and page.page.locator("label", has_text="Signal").count() == 1
        and page.chosen("Signal") == "joint positions"
        and selection is not None
        and list(selection) == [30, 60]
    )


def test_charts_layers_crowd_steps_and_films_stay_chosen_under_another_lead(page: ViewerPage) -> None:
    term = open_replay(asset("walk.rec")).rollout.reward_terms[2]
    choose_everything(page, term)
    joint = chart(page, 2)["series"][0]["values"]
    lead(page, "after")
    page.until(lambda: is_chosen(page, term), "the same under the other one")
    assert np.allclose(chart(page, 2)["series"][0]["values"], joint), "the same joint"
    lead(page, BARE)
    page.open_tab("View")
    page.until(lambda: switch(page, "Other envs").is_disabled(), "that it has no other envs")
    page.open_tab("Replay")
    lead(page, "walk")
    page.until(lambda: is_chosen(page, term), "the same after one that has nothing of it")
    assert np.allclose(chart(page, 2)["series"][0]["values"], joint), "the same joint"
    page.open_tab("View")
    page.until(lambda: is_on(page, "Frames and joint axes"), "the layer")
    page.open_tab("Render")
    page.until(lambda: page.chosen("Overlay") == "hud", "the overlay of films")
    assert page.chosen("Camera") == "this view"
    assert not [line for line in page.console if "error" in line.lower() and "non-existent" not in line]


def test_pins_and_hidden_curves_stay_when_others_come_and_go(page: ViewerPage) -> None:
    first, second = open_replay(asset("walk.rec")).rollout.reward_terms[:2]
    take_away(page, "after")
    take_away(page, BARE)

    def press(term: str, what: str) -> None:
        page.page.locator(f'tr[data-term="{term}"] button[data-do="reward_{what}"]').click()

    def names() -> list[str]:
        return [series["name"] for series in chart(page)["series"]]

    press(second, "pin")
    press(first, "hide")
    page.until(lambda: names()[-1] == second and first not in names(), "a pinned and a hidden curve")
    page.page.get_by_role("button", name="Compare with", exact=False).first.click()
    page.page.locator(".rv-compare-with").get_by_label("Env").select_option("2")
    page.page.locator(".rv-compare-with .rv-pick button").first.click()
    page.until(lambda: page.page.locator("#rv-takes .rv-name").count() == 2, "another env beside it")
    take_away(page, "walk env 2")
    page.until(lambda: names()[-1:] == [second] and first not in names(), "both as they were")
