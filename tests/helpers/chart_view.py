"""The charts of a page as the browser has them, and the mouse in them."""

from __future__ import annotations

from typing import Any

from viewer_page import ViewerPage

# By their places on the page.
REWARDS, SIGNAL = 0, 1

# A chart, once the page's script has taken it, as it is seen by the expression in the place of WHAT.
_OF_CHART = """
(number) => {
  const over = document.querySelectorAll(".u-over")[number];
  const charts = Object.values(window.__viserTestpoints?.uplots ?? {}).map((entry) => entry.chart);
  const chart = charts.find((each) => each.over === over && over.matches(".rv-chart"));
  return chart ? (WHAT)(chart) : null;
}
"""
# Its curves, what it shows of time, how wide it is, where along it the marker is, and whether it is another one than
# when it was asked last.
_CHART = """
(chart) => {
  const { min, max } = chart.scales.x, isNew = !chart.over.dataset.seen, width = chart.over.clientWidth;
  const marker = new DOMMatrix(chart.over.querySelector(".rv-marker").style.transform).e / width;
  chart.over.dataset.seen = "1";
  const series = chart.series.slice(1).map((s, i) => ({
    name: s.label, width: s.width, values: [...chart.data[i + 1]].slice(0, 5),
  }));
  return {
    isNew, begin: chart.data[0][0], min, max, width, marker, series, bands: chart.bands.length,
    title: chart.axes[1].label,
  };
}
"""
# Of the selected steps: where along the node they begin and end.
_BAND = """
(node) => {
  const [all, band] = [node, node.querySelector(".rv-band")].map((each) => each.getBoundingClientRect());
  return [band.left, band.right].map((x) => (x - all.left) / all.width);
}
"""


def of_chart(page: ViewerPage, function: str, number: int = REWARDS) -> Any:
    """What a function in JavaScript says of a chart; None while there is no such chart."""
    return page.page.evaluate(_OF_CHART.replace("WHAT", function), number)


def chart(page: ViewerPage, number: int = REWARDS) -> dict[str, Any]:
    """A chart as the page has it."""
    return page.until(lambda: of_chart(page, _CHART, number), "a chart")


def names(page: ViewerPage, number: int = REWARDS) -> list[str]:
    """Of the curves, the last of which is above the others."""
    return [series["name"] for series in chart(page, number)["series"]]


def first_values(page: ViewerPage, number: int = REWARDS) -> list[float]:
    """Of the curves, those at the episode's first step."""
    return [series["values"][0] for series in chart(page, number)["series"]]


def place(page: ViewerPage, fraction: float, number: int = REWARDS) -> tuple[float, float]:
    """Put the mouse into a chart, at a fraction of its width; gives the place [px]."""
    over = page.page.locator(".rv-chart").nth(number)
    over.scroll_into_view_if_needed()
    box = page.until(over.bounding_box, "the chart")
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


def pull(page: ViewerPage, parent: str, name: str, to: float) -> None:
    """Pull A or B of the selected steps to a fraction of the width of `parent`: a chart, or the timeline."""
    box = page.page.locator(parent).first.bounding_box()
    handle = page.page.locator(f"{parent} .rv-pull-{name}").first.bounding_box()
    assert box is not None and handle is not None
    y = handle["y"] + 0.6 * handle["height"]  # Below the timeline's own part is its ruler.
    page.page.mouse.move(handle["x"] + handle["width"] / 2, y)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + to * box["width"], y, steps=5)
    page.page.mouse.up()


def wait_band(page: ViewerPage, parent: str, begin: float, end: float) -> None:
    """Until the selected steps reach from one fraction of the width of `parent` to another."""
    node = page.page.locator(parent).first

    def is_there() -> bool:
        found = node.evaluate(_BAND)
        return all(abs(at - wanted) < 0.02 for at, wanted in zip(found, (begin, end), strict=True))

    page.until(is_there, f"A-B from {begin} to {end}")
