"""The chart of rewards on a real page: labels that can be read, and a zoom that is kept while an episode grows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from viewer_page import NO_DRAWING, ViewerPage, ViewerProcess, open_page

from replay_viewer import EntitySpec, Recorder

WRITER = Path(__file__).parents[1] / "live_writer.py"
EPISODE_STEPS = 150
TIMES = "\N{MULTIPLICATION SIGN}"

# Of the axis of values: its labels, their width, and the room for them, all in pixels of the page.
_LABELS = """
() => {
  const chart = Object.values(window.__viserTestpoints.uplots)[0].chart, axis = chart.axes[1];
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = axis.font[0];
  return {
    texts: axis._values,
    title: axis.label ?? "",
    width: Math.max(...axis._values.map((text) => pen.measureText(text).width)) / window.devicePixelRatio,
    room: axis._size - axis.ticks.size - axis.gap,
  };
}
"""
_TIME = """
() => {
  const chart = Object.values(window.__viserTestpoints.uplots)[0]?.chart;
  if (!chart) return null;
  const { min, max } = chart.scales.x, isNew = !chart.over.dataset.seen;
  chart.over.dataset.seen = "1";
  return { isNew, begin: chart.data[0][0], min, max };
}
"""


@pytest.mark.parametrize(
    ("size", "title"),
    [(2e-4, TIMES + " 10⁻⁶"), (0.008, ""), (0.05, ""), (0.35, ""), (8.0, ""), (4000.0, ""), (3e6, TIMES + " 10⁶")],
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
    assert labels["title"] == title
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
    def seen() -> dict[str, float]:
        return page.until(lambda: page.page.evaluate(_TIME), "a chart")

    page.until(lambda: page.step() > 30, "some steps")
    whole = seen()
    _drag_over_the_chart(page)
    page.until(lambda: seen()["max"] < whole["max"], "a zoom")
    zoom = seen()
    assert whole["min"] < zoom["min"]
    # The axis of time gets longer when the episode has run for 100 steps.
    page.until(lambda: seen()["isNew"], "a longer chart", timeout=30)
    parts = ("begin", "min", "max")
    page.until(lambda: [seen()[part] for part in parts] == [zoom[part] for part in parts], "the same part of it")
    assert page.step() < EPISODE_STEPS


def _drag_over_the_chart(page: ViewerPage) -> None:
    box = page.until(lambda: page.page.locator(".uplot-container .u-over").bounding_box(), "the chart")
    y = box["y"] + box["height"] / 2
    page.page.mouse.move(box["x"] + 0.2 * box["width"], y)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 0.6 * box["width"], y, steps=4)
    page.page.mouse.up()
