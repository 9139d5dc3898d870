"""The chart of rewards on a real page: its labels, what the mouse does in it, and what its buttons show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chart_recording import DT, EPISODE_STEPS, NUM_STEPS, terms_at
from chart_view import REWARDS, SIGNAL, chart, drag, names, of_chart, place, pull, wait_band
from viewer_page import ViewerPage, ViewerProcess, open_page, open_tab

from replay_viewer import EntitySpec, Recorder

WRITER = Path(__file__).parents[1] / "helpers" / "live_writer.py"
WRITTEN_EPISODE = 150
TIMES = "\N{MULTIPLICATION SIGN}"

# Of the axis of values: its labels, their width, and the room for them, all in pixels of the page.
_LABELS = """
(chart) => {
  const axis = chart.axes[1];
  if (!axis._values) return null;
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = axis.font[0];
  return {
    texts: axis._values,
    title: axis.label ?? "",
    lowest: Math.min(...chart.data.slice(1).flatMap((values) => [...values])),
    width: Math.max(...axis._values.map((text) => pen.measureText(text).width)) / window.devicePixelRatio,
    room: axis._size - axis.ticks.size - axis.gap,
  };
}
"""
# How many pixels are not empty.
_INK = """
({ ctx }) => {
  const { width, height } = ctx.canvas;
  return width ? ctx.getImageData(0, 0, width, height).data.filter((value, i) => i % 4 === 3 && value).length : 0;
}
"""


@pytest.mark.slow
def test_labels_of_values_are_exact_and_whole(chromium, tmp_path: Path) -> None:
    titles = {2e-4: TIMES + " 10⁻⁶", 0.05: "", 4000.0: "", 3e6: TIMES + " 10⁶"}  # By the size of an env's rewards.
    sizes, count = np.array(list(titles), np.float32), len(titles)
    poses = {"robot.base_pos": np.zeros((count, 3)), "robot.base_wxyz": np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))}
    facts = {"control_dt": 0.02, "env_ids": range(count), "entities": [EntitySpec("robot")]}
    with Recorder(tmp_path / "run.rec", **facts) as recorder:
        for step in range(100):
            recorder.log_terms({"swing": sizes * np.sin(step / 9), "cost": -0.8 * sizes})
            recorder.append(poses)
    options = [str(tmp_path / "run.rec"), "--port", "0"]
    with ViewerProcess(options) as viewer, open_page(chromium, viewer.url) as page:
        for env, (size, title) in enumerate(titles.items()):
            page.choose("Env", str(env))
            _assert_exact_and_whole(page.until(lambda size=size: _labels(page, size), f"rewards of {size}"), title)


def _labels(page: ViewerPage, size: float) -> dict[str, Any] | None:
    """Of a chart whose curves swing by this much; None while it shows others."""
    labels = of_chart(page, _LABELS)
    return labels if labels and labels["lowest"] == pytest.approx(-size, rel=0.01) else None


def _assert_exact_and_whole(labels: dict[str, Any], title: str) -> None:
    assert labels["title"] == f"per step {title}".strip()
    assert labels["width"] <= labels["room"]
    values = [float(text.replace(",", "")) for text in labels["texts"]]
    assert len(values) > 1
    np.testing.assert_allclose(np.diff(values), values[1] - values[0], rtol=1e-9)


@pytest.mark.slow
def test_a_zoom_is_kept_while_the_chart_grows(chromium, tmp_path: Path) -> None:
    path = str(tmp_path / "run.rec")
    with ViewerProcess([path, "--port", "0", "--no-shadows", "--tail"]) as viewer, open_tab(chromium) as page:
        page.page.goto(viewer.url)
        page.page.get_by_text("Waiting for the first step of run.rec").wait_for()
        command = [sys.executable, str(WRITER), path, "--rate", "5"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                page.wait_ready()
                _zooms_and_waits(page)
            finally:
                process.kill()


def _zooms_and_waits(page: ViewerPage) -> None:
    page.until(lambda: page.step() > 12, "some steps")
    whole = chart(page)
    place(page, 0.5)
    page.page.mouse.wheel(0, -400)
    page.until(lambda: chart(page)["max"] < whole["max"], "a zoom")
    zoom = chart(page)
    assert whole["min"] < zoom["min"]
    # The episode's curves get longer than what the axis of time showed at first.
    page.until(lambda: page.step() > 45, "a longer chart", timeout=30)
    parts = ("begin", "min", "max")
    assert [chart(page)[part] for part in parts] == [zoom[part] for part in parts]
    assert page.step() < WRITTEN_EPISODE


def test_a_click_seeks_to_the_step_below_it(charts_page: ViewerPage) -> None:
    page = charts_page
    page.page.mouse.click(*place(page, 0.5))
    page.until(lambda: abs(page.step() - EPISODE_STEPS / 2) <= 2, "the middle of the episode")
    assert page.chosen_on_bar("Loop") == "off"


@pytest.mark.slow
def test_a_tap_seeks_too(chromium, charts_viewer: ViewerProcess) -> None:
    with open_page(chromium, charts_viewer.url, has_touch=True) as page:
        chart(page)
        x, y = place(page, 0.25)
        page.page.touchscreen.tap(x, y)
        page.until(lambda: abs(page.step() - EPISODE_STEPS / 4) <= 2, "a quarter of the episode")


def test_the_values_under_the_pointer_are_those_recorded(charts_page: ViewerPage) -> None:
    page = charts_page
    place(page, 0.5)
    reading = page.page.locator("#rv-reading")
    page.until(reading.is_visible, "values")
    step = int(reading.locator("b").inner_text().rpartition(" ")[2])
    assert abs(step - EPISODE_STEPS / 2) <= 2
    assert reading.locator("b").inner_text().startswith(f"{step * DT:.2f} s")
    rows = [row.inner_text().split() for row in reading.locator("div").all()]
    tracking, torques, alive = terms_at(step)[0]
    expected = {"reward": tracking + torques + alive, "tracking": tracking, "alive": alive, "torques": torques}
    assert {name: float(value) for name, value in rows} == pytest.approx(expected, rel=1e-3)
    assert [name for name, _ in rows] == sorted(expected, key=lambda name: -abs(expected[name]))
    page.page.mouse.move(300, 300)
    page.until(lambda: not reading.is_visible(), "no values")


def test_a_drag_selects_what_is_repeated_until_escape(charts_page: ViewerPage) -> None:
    page = charts_page
    drag(page, 0.6, 0.4)
    page.until(lambda: page.chosen_on_bar("Loop") == "selection", "the loop A-B")
    page.until(lambda: abs(page.step() - 0.4 * EPISODE_STEPS) <= 2, "A")
    bands = page.page.locator(".rv-band.rv-open")
    page.page.locator(".rv-chart").nth(SIGNAL).scroll_into_view_if_needed()  # Out of sight it is not kept.
    page.until(lambda: bands.count() == 3, "A-B on the timeline and on both charts")
    page.press_button("Play")
    page.until(lambda: page.step() > 0.55 * EPISODE_STEPS, "B")
    page.until(lambda: page.step() < 0.45 * EPISODE_STEPS, "A again")
    page.press_button("Pause")
    page.page.keyboard.press("Escape")
    page.until(lambda: bands.count() == 0 and page.chosen_on_bar("Loop") == "off", "no loop")


def _select(page: ViewerPage, begin: float, end: float) -> None:
    """By a drag; until Python has answered, for its answer would undo what is pulled meanwhile."""
    drag(page, begin, end)
    page.until(lambda: page.chosen_on_bar("Loop") == "selection", "the loop A-B")


def test_the_ends_of_a_selection_are_pulled_and_its_cross_clears_it(charts_page: ViewerPage) -> None:
    page = charts_page
    _select(page, 0.2, 0.4)
    wait_band(page, ".rv-chart", 0.2, 0.4)
    pull(page, ".rv-chart", "B", 0.8)
    wait_band(page, ".rv-chart", 0.2, 0.8)
    seconds = 0.6 * EPISODE_STEPS * DT
    label = page.page.locator(".rv-chart .rv-band-label span").first
    page.until(lambda: abs(float(label.inner_text().split()[1]) - seconds) < 0.1, "how long it is")
    pull(page, ".rv-chart", "A", 0.3)
    wait_band(page, ".rv-chart", 0.3, 0.8)
    page.until(lambda: abs(page.step() - 0.3 * EPISODE_STEPS) <= 2, "the new A")
    pull(page, ".rv-chart", "A", 0.9)
    wait_band(page, ".rv-chart", 0.8, 0.9)
    page.until(lambda: abs(page.step() - 0.8 * EPISODE_STEPS) <= 2, "A where B was")
    page.page.locator(".rv-chart [aria-label='Clear A-B']").first.click()
    page.until(lambda: page.page.locator(".rv-band.rv-open").count() == 0, "no selection")
    page.until(lambda: page.chosen_on_bar("Loop") == "off", "no loop")


def test_a_selection_is_pulled_and_cleared_on_the_timeline_too(charts_page: ViewerPage) -> None:
    page = charts_page
    _select(page, 0.3, 0.6)
    begin, end = (fraction * EPISODE_STEPS / NUM_STEPS for fraction in (0.3, 0.6))
    wait_band(page, ".rv-track", begin, end)
    pull(page, ".rv-track", "B", 0.9)
    wait_band(page, ".rv-track", begin, 0.9)
    pull(page, ".rv-track", "A", 0.4)
    wait_band(page, ".rv-track", 0.4, 0.9)
    page.until(lambda: abs(page.step() - 0.4 * NUM_STEPS) <= 2, "the new A")
    label = page.page.locator(".rv-track .rv-band-label span")
    seconds = 0.5 * NUM_STEPS * DT
    page.until(lambda: abs(float(label.inner_text().split()[1]) - seconds) < 0.1, "how long it is")
    begin = page.step()
    page.page.locator(".rv-track [aria-label='Clear A-B']").click()
    page.until(lambda: page.page.locator(".rv-band.rv-open").count() == 0, "no selection")
    page.until(lambda: page.chosen_on_bar("Loop") == "off", "no loop")
    assert page.step() == begin


def test_the_bar_repeats_the_steps_around_the_one_shown(charts_page: ViewerPage) -> None:
    page = charts_page
    page.page.mouse.click(*place(page, 0.5))
    page.until(lambda: abs(page.step() - 0.5 * EPISODE_STEPS) <= 2, "a step")
    page.choose_on_bar("Loop", "selection")
    half = 0.5 / (EPISODE_STEPS * DT)
    wait_band(page, ".rv-chart", 0.5 - half, 0.5 + half)
    page.press_button("Play")
    page.until(lambda: page.step() > (0.5 + half / 2) * EPISODE_STEPS, "B")
    page.until(lambda: page.step() < (0.5 - half / 2) * EPISODE_STEPS, "A")
    page.press_button("Pause")
    page.page.keyboard.press("Escape")
    page.until(lambda: page.chosen_on_bar("Loop") == "off", "no loop")


def test_keys_put_a_and_b_on_the_step_shown_and_go_through_the_loops(charts_page: ViewerPage) -> None:
    page = charts_page
    for fraction, key in ((0.25, "["), (0.75, "]")):
        page.page.mouse.click(*place(page, fraction))
        page.until(lambda at=fraction: abs(page.step() - at * EPISODE_STEPS) <= 2, "a step")
        page.page.keyboard.press(key)
        page.until(lambda: page.chosen_on_bar("Loop") == "selection", "a selection")
    seconds = 0.5 * EPISODE_STEPS * DT
    label = page.page.locator(".rv-chart .rv-band-label span").first
    page.until(lambda: abs(float(label.inner_text().split()[1]) - seconds) < 0.1, "A to B")
    for loop in ("off", "episode", "rollout", "selection"):
        page.page.keyboard.press("o")
        page.until(lambda loop=loop: page.chosen_on_bar("Loop") == loop, f"loop {loop}")
    page.page.keyboard.press("Escape")
    page.until(lambda: page.chosen_on_bar("Loop") == "off", "no loop")


def test_the_wheel_zooms_around_the_pointer_and_a_double_click_shows_the_whole(charts_page: ViewerPage) -> None:
    page = charts_page
    whole = chart(page)
    place(page, 0.75)
    page.page.mouse.wheel(0, -500)
    page.until(lambda: _span(page) < 0.8 * (whole["max"] - whole["min"]), "a zoom")
    zoom = chart(page)
    under = [shown["min"] + 0.75 * (shown["max"] - shown["min"]) for shown in (whole, zoom)]
    assert under[0] == pytest.approx(under[1], abs=0.05)
    page.page.mouse.wheel(0, 20)
    page.until(lambda: _span(page) > 1.02 * (zoom["max"] - zoom["min"]), "less of a zoom")
    assert _span(page) < whole["max"] - whole["min"]
    page.page.mouse.dblclick(*place(page, 0.5))
    page.until(lambda: [chart(page)[end] for end in ("min", "max")] == [whole["min"], whole["max"]], "the whole")


@pytest.mark.parametrize("sideways", [True, False], ids=["sideways", "Shift"])
def test_the_wheel_moves_along_what_is_zoomed_into(charts_page: ViewerPage, sideways: bool) -> None:
    page = charts_page

    def turn(amount: float) -> None:
        if sideways:
            page.page.mouse.wheel(amount, 0)
            return
        page.page.keyboard.down("Shift")
        page.page.mouse.wheel(0, amount)
        page.page.keyboard.up("Shift")

    whole = _span(page)
    place(page, 0.5)
    page.page.mouse.wheel(0, -500)
    page.until(lambda: _span(page) < 0.8 * whole, "a zoom")
    zoom = chart(page)
    per_pixel = (zoom["max"] - zoom["min"]) / zoom["width"]
    for amount, moved in ((20, 20), (-30, -10)):
        turn(amount)
        expected = zoom["min"] + moved * per_pixel
        page.until(lambda at=expected: abs(chart(page)["min"] - at) < 2 * per_pixel, f"{moved} pixels further")
        assert _span(page) == pytest.approx(zoom["max"] - zoom["min"])
    page.page.mouse.dblclick(*place(page, 0.5))
    page.until(lambda: _span(page) == whole, "the whole")


def _span(page: ViewerPage) -> float:
    """Seconds that the chart shows."""
    shown = chart(page)
    return shown["max"] - shown["min"]


def test_the_timeline_tells_what_is_under_the_pointer(charts_page: ViewerPage) -> None:
    page = charts_page
    box = page.page.locator(".rv-track").bounding_box()
    assert box is not None
    tip = page.page.locator(".rv-track .rv-tip")
    for fraction, episode in ((0.5, "episode 0 (time-out)"), (0.9, "episode 1 (unfinished)")):
        page.page.mouse.move(box["x"] + fraction * box["width"], box["y"] + box["height"] / 2)
        page.until(lambda episode=episode: tip.is_visible() and episode in tip.inner_text(), episode)
        seconds, step = tip.inner_text().split(",")[:2]
        assert abs(int(step.split()[1]) - fraction * NUM_STEPS) <= 1
        assert float(seconds.split()[0]) == pytest.approx(int(step.split()[1]) * DT)
    place(page, 0.5)
    page.until(lambda: not tip.is_visible(), "no text")
    assert page.step() == 0


def test_charts_that_were_hidden_while_the_look_changed_are_drawn_again(charts_page: ViewerPage) -> None:
    page = charts_page

    def is_drawn() -> bool:
        return all((of_chart(page, _INK, number) or 0) > 1000 for number in (REWARDS, SIGNAL))

    for look in ("Dark", "Light"):
        page.until(is_drawn, "curves")
        page.open_tab("View")
        page.until(lambda: not is_drawn(), "charts without a width")
        page.press_button(f"{look} page")
        scheme = f"document.documentElement.dataset.mantineColorScheme === '{look.lower()}'"
        page.page.wait_for_function(scheme)
        page.open_tab("Replay")
    page.until(is_drawn, "curves again")


def test_another_episode_is_drawn_in_the_same_chart(charts_page: ViewerPage) -> None:
    page = charts_page
    assert chart(page)["begin"] == 0
    page.press_button("Next episode (")
    begin = EPISODE_STEPS * DT
    page.until(
        lambda: [chart(page)[part] for part in ("begin", "min")] == pytest.approx([begin, begin]), "the second episode"
    )
    assert not chart(page)["isNew"]


def test_the_buttons_of_a_row_pin_hide_and_show_alone(charts_page: ViewerPage) -> None:
    page = charts_page

    def press(term: str, what: str) -> None:
        page.page.locator(f'tr[data-term="{term}"] button[data-do="reward_{what}"]').click()

    def press_swatch(term: str) -> None:
        page.page.locator(f'tr[data-term="{term}"] .rv-swatch').click()

    every = ["tracking", "torques", "alive", "reward"]
    assert names(page) == every
    press("alive", "pin")
    page.until(lambda: names(page) == ["tracking", "torques", "reward", "alive"], "a pinned term above the others")
    assert chart(page)["series"][3]["width"] > chart(page)["series"][2]["width"]
    assert page.page.locator("tr[data-term]").first.get_attribute("data-term") == "alive"
    press("alive", "pin")
    press("torques", "hide")
    page.until(lambda: names(page) == ["tracking", "alive", "reward"], "a hidden term")
    assert float(page.reward("torques")) == pytest.approx(-0.1)
    press("reward", "alone")
    page.until(lambda: names(page) == ["reward"], "the reward alone")
    page.click_button("show all 4")
    page.until(lambda: names(page) == every, "all of them")
    press_swatch("alive")
    page.until(lambda: names(page) == ["tracking", "torques", "reward"], "a term hidden by its colour")
    press_swatch("alive")
    page.until(lambda: names(page) == every, "all of them")


def test_rewards_are_shown_per_second_and_normalised(charts_page: ViewerPage) -> None:
    page = charts_page

    def first(name: str) -> float:
        return next(series["values"][0] for series in chart(page)["series"] if series["name"] == name)

    page.click_button("per second")
    page.until(lambda: chart(page)["title"] == "per second", "the unit")
    assert first("alive") == pytest.approx(0.5 / DT)
    page.until(lambda: page.reward("alive") == "25.00", "the number per second too")
    page.click_button("per second")
    page.click_button("normalised")
    page.until(lambda: first("torques") == pytest.approx(-1.0), "shares")
    assert float(page.reward("torques")) == pytest.approx(-0.1)
    page.click_button("normalised")
    page.until(lambda: first("torques") == pytest.approx(-0.1), "values")


def test_one_env_is_shown_against_all(charts_page: ViewerPage) -> None:
    page = charts_page
    page.click_button("all envs \u00b1\u03c3")
    page.until(lambda: chart(page)["bands"] == 1, "a band")
    mean, low, _ = (series["values"][0] for series in chart(page)["series"][-3:])
    rewards = terms_at(0).sum(axis=1)
    # At the first step of an episode, over both episodes of the three envs.
    both = np.concatenate([rewards, terms_at(EPISODE_STEPS).sum(axis=1)])
    assert mean == pytest.approx(both.mean(), rel=1e-4) and low == pytest.approx(both.mean() - both.std(), rel=1e-3)
    page.page.get_by_text("mean over the episodes of all envs").wait_for()
    page.click_button("all envs \u00b1\u03c3")
    page.until(lambda: chart(page)["bands"] == 0, "no band")
