"""The chart of rewards on a real page: its labels, what the mouse does in it, and what its buttons show."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chart_recording import DT, EPISODE_STEPS, record_charts, terms_at
from viewer_page import NO_DRAWING, ViewerPage, ViewerProcess, open_page

from replay_viewer import EntitySpec, Recorder

WRITER = Path(__file__).parents[1] / "live_writer.py"
WRITTEN_EPISODE = 150
TIMES = "\N{MULTIPLICATION SIGN}"

# The chart that comes first on the page, once the page's script has taken it.
_FIRST = """Object.values(window.__viserTestpoints?.uplots ?? {}).map((entry) => entry.chart)
  .find((chart) => chart.over === document.querySelector(".u-over") && chart.over.matches(".rv-chart"))"""
# Of the axis of values: its labels, their width, and the room for them, all in pixels of the page.
_LABELS = """
() => {
  const chart = FIRST, axis = chart?.axes[1];
  if (!axis?._values) return null;
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = axis.font[0];
  return {
    texts: axis._values,
    title: axis.label ?? "",
    width: Math.max(...axis._values.map((text) => pen.measureText(text).width)) / window.devicePixelRatio,
    room: axis._size - axis.ticks.size - axis.gap,
  };
}
""".replace("FIRST", _FIRST)
# Of the first chart: its curves, what it shows of time, and whether it is another one than when it was asked last.
_CHART = """
() => {
  const chart = FIRST;
  if (!chart) return null;
  const { min, max } = chart.scales.x, isNew = !chart.over.dataset.seen;
  chart.over.dataset.seen = "1";
  const series = chart.series.slice(1).map((s, i) => ({
    name: s.label, width: s.width, values: [...chart.data[i + 1]].slice(0, 5),
  }));
  return { isNew, begin: chart.data[0][0], min, max, series, bands: chart.bands.length, title: chart.axes[1].label };
}
""".replace("FIRST", _FIRST)


@pytest.mark.parametrize(
    ("size", "title"),
    [(2e-4, TIMES + " 10⁻⁶"), (0.05, ""), (4000.0, ""), (3e6, TIMES + " 10⁶")],
)
def test_labels_of_values_are_exact_and_whole(chromium, size: float, title: str, tmp_path: Path) -> None:
    facts = {"control_dt": 0.02, "env_ids": [0], "entities": [EntitySpec("robot")]}
    with Recorder(tmp_path / "run.rec", **facts) as recorder:
        for step in range(100):
            recorder.log_terms({"swing": size * np.sin(step / 9), "cost": -0.8 * size})
            recorder.append({"robot.base_pos": np.zeros((1, 3)), "robot.base_wxyz": np.array([[1.0, 0, 0, 0]])})
    options = [str(tmp_path / "run.rec"), "--port", "0"]
    with ViewerProcess(options) as viewer, open_page(chromium, viewer.url) as page:
        labels = page.until(lambda: page.page.evaluate(_LABELS), "a chart")
    assert labels["title"] == f"per step {title}".strip()
    assert labels["width"] <= labels["room"]
    values = [float(text.replace(",", "")) for text in labels["texts"]]
    assert len(values) > 1
    np.testing.assert_allclose(np.diff(values), values[1] - values[0], rtol=1e-9)


def test_a_zoom_is_kept_while_the_chart_grows(chromium, tmp_path: Path) -> None:
    path = str(tmp_path / "run.rec")
    with ViewerProcess([path, "--port", "0", "--no-shadows", "--tail"]) as viewer, chromium.new_context() as context:
        context.add_init_script(NO_DRAWING)
        page = ViewerPage(context.new_page())
        page.page.goto(viewer.url)
        page.page.get_by_text("Waiting for the first step of run.rec").wait_for()
        command = [sys.executable, str(WRITER), path, "--rate", "10"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                page.wait_ready()
                _zooms_and_waits(page)
            finally:
                process.kill()


def _zooms_and_waits(page: ViewerPage) -> None:
    page.until(lambda: page.step() > 30, "some steps")
    whole = chart(page)
    place(page, 0.5)
    page.page.mouse.wheel(0, -400)
    page.until(lambda: chart(page)["max"] < whole["max"], "a zoom")
    zoom = chart(page)
    assert whole["min"] < zoom["min"]
    # The episode's curves get longer than what the axis of time showed at first.
    page.until(lambda: page.step() > 110, "a longer chart", timeout=30)
    parts = ("begin", "min", "max")
    assert [chart(page)[part] for part in parts] == [zoom[part] for part in parts]
    assert page.step() < WRITTEN_EPISODE


def chart(page: ViewerPage) -> dict[str, Any]:
    """The first chart as the page has it."""
    return page.until(lambda: page.page.evaluate(_CHART), "a chart")


def place(page: ViewerPage, fraction: float, number: int = 0) -> tuple[float, float]:
    """Put the mouse into a chart, at a fraction of its width; gives the place [px]."""
    box = page.until(lambda: page.page.locator(".rv-chart").nth(number).bounding_box(), "the chart")
    x, y = box["x"] + fraction * box["width"], box["y"] + 0.6 * box["height"]
    page.page.mouse.move(x, y)
    return x, y


def drag(page: ViewerPage, begin: float, end: float) -> None:
    """Pull with the mouse from one fraction of the chart's width to another."""
    place(page, begin)
    page.page.mouse.down()
    place(page, (begin + end) / 2)
    place(page, end)
    page.page.mouse.up()


@pytest.fixture(scope="module")
def charts_viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViewerProcess]:
    path = record_charts(tmp_path_factory.mktemp("charts") / "charts.rec")
    with ViewerProcess([str(path), "--port", "0", "--no-shadows"]) as viewer:
        yield viewer


@pytest.fixture(scope="module")
def opened_page(chromium, charts_viewer: ViewerProcess) -> Iterator[ViewerPage]:
    with open_page(chromium, charts_viewer.url) as page:
        yield page


@pytest.fixture
def charts_page(opened_page: ViewerPage) -> ViewerPage:
    """The first step, without a loop; one page for all tests, each of which leaves the charts as they were."""
    opened_page.choose_on_bar("Loop", "off")
    opened_page.press_button("Start of the recording")
    opened_page.wait_step(0)
    chart(opened_page)
    return opened_page


def test_a_click_seeks_to_the_step_below_it(charts_page: ViewerPage) -> None:
    page = charts_page
    page.page.mouse.click(*place(page, 0.5))
    page.until(lambda: abs(page.step() - EPISODE_STEPS / 2) <= 2, "the middle of the episode")
    assert page.chosen_on_bar("Loop") == "off"


def test_a_tap_seeks_too(chromium, charts_viewer: ViewerProcess) -> None:
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, has_touch=True)
    context.add_init_script(NO_DRAWING)
    with context:
        page = ViewerPage(context.new_page())
        page.goto(charts_viewer.url)
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
    assert bands.count() == 3  # on the timeline and on both charts
    page.press_button("Play")
    page.until(lambda: page.step() > 0.55 * EPISODE_STEPS, "B")
    page.until(lambda: page.step() < 0.45 * EPISODE_STEPS, "A again")
    page.press_button("Pause")
    page.page.keyboard.press("Escape")
    page.until(lambda: bands.count() == 0 and page.chosen_on_bar("Loop") == "off", "no loop")


def test_the_ends_of_a_selection_are_pulled_and_its_cross_clears_it(charts_page: ViewerPage) -> None:
    page = charts_page
    drag(page, 0.2, 0.4)
    bands = page.page.locator(".rv-band.rv-open")
    page.until(lambda: bands.count() == 3, "a selection")
    end = page.page.locator(".rv-chart .rv-pull-B").first.bounding_box()
    assert end is not None
    page.page.mouse.move(end["x"] + 6, end["y"] + 100)
    page.page.mouse.down()
    place(page, 0.6)
    place(page, 0.8)
    page.page.mouse.up()
    seconds = 0.6 * EPISODE_STEPS * DT
    label = page.page.locator(".rv-chart .rv-band-label span").first
    page.until(lambda: abs(float(label.inner_text().split()[1]) - seconds) < 0.1, "a longer selection")
    page.page.locator(".rv-chart [aria-label='Clear A-B']").first.click()
    page.until(lambda: bands.count() == 0, "no selection")


def test_keys_put_a_and_b_on_the_step_shown(charts_page: ViewerPage) -> None:
    page = charts_page
    for fraction, key in ((0.25, "v"), (0.75, "b")):
        page.page.mouse.click(*place(page, fraction))
        page.until(lambda at=fraction: abs(page.step() - at * EPISODE_STEPS) <= 2, "a step")
        page.page.keyboard.press(key)
        page.until(lambda: page.chosen_on_bar("Loop") == "selection", "a selection")
    seconds = 0.5 * EPISODE_STEPS * DT
    label = page.page.locator(".rv-chart .rv-band-label span").first
    page.until(lambda: abs(float(label.inner_text().split()[1]) - seconds) < 0.1, "A to B")
    page.page.keyboard.press("Escape")
    page.until(lambda: page.chosen_on_bar("Loop") == "off", "no loop")


def test_the_wheel_zooms_around_the_pointer_and_a_double_click_shows_the_whole(charts_page: ViewerPage) -> None:
    page = charts_page
    whole = chart(page)
    place(page, 0.75)
    page.page.mouse.wheel(0, -500)
    page.until(lambda: chart(page)["max"] - chart(page)["min"] < 0.8 * (whole["max"] - whole["min"]), "a zoom")
    zoom = chart(page)
    under = [shown["min"] + 0.75 * (shown["max"] - shown["min"]) for shown in (whole, zoom)]
    assert under[0] == pytest.approx(under[1], abs=0.05)
    page.page.mouse.dblclick(*place(page, 0.5))
    page.until(lambda: [chart(page)[end] for end in ("min", "max")] == [whole["min"], whole["max"]], "the whole")


def test_another_episode_is_drawn_in_the_same_chart(charts_page: ViewerPage) -> None:
    page = charts_page
    assert chart(page)["begin"] == 0
    page.press_button("Next episode (")
    begin = EPISODE_STEPS * DT
    page.until(lambda: chart(page)["begin"] == pytest.approx(begin), "the second episode")
    shown = chart(page)
    assert shown["min"] == pytest.approx(begin) and not shown["isNew"]


def test_the_buttons_of_a_row_pin_hide_and_show_alone(charts_page: ViewerPage) -> None:
    page = charts_page

    def names() -> list[str]:
        return [series["name"] for series in chart(page)["series"]]

    def press(term: str, what: str) -> None:
        page.page.locator(f'tr[data-term="{term}"] button[data-do="reward_{what}"]').click()

    every = ["tracking", "torques", "alive", "reward"]
    assert names() == every
    press("alive", "pin")
    page.until(lambda: names() == ["tracking", "torques", "reward", "alive"], "a pinned term above the others")
    assert chart(page)["series"][3]["width"] > chart(page)["series"][2]["width"]
    assert page.page.locator("tr[data-term]").first.get_attribute("data-term") == "alive"
    press("alive", "pin")
    press("torques", "hide")
    page.until(lambda: names() == ["tracking", "alive", "reward"], "a hidden term")
    assert float(page.reward("torques")) == pytest.approx(-0.1)
    press("reward", "alone")
    page.until(lambda: names() == ["reward"], "the reward alone")
    page.click_button("show all 4")
    page.until(lambda: names() == every, "all of them")


def test_rewards_are_shown_per_second_and_normalised(charts_page: ViewerPage) -> None:
    page = charts_page

    def first(name: str) -> float:
        return next(series["values"][0] for series in chart(page)["series"] if series["name"] == name)

    page.click_button("per second")
    page.until(lambda: chart(page)["title"] == "per second", "the unit")
    assert first("alive") == pytest.approx(0.5 / DT)
    page.until(lambda: page.reward("alive") == "25", "the number per second too")
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
