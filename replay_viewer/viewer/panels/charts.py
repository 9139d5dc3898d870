"""The charts in the Replay tab: the table of rewards with its chart, and charts of any signals.

The page adds what moves in a chart and what a user does with it: page/charts.js.
"""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import viser
from viser import uplot

from ...numerals import number_format, number_text
from ..charts.charts import REWARDS, AnyChart, Charts, SignalChart, gaps_of
from ..charts.compared_chart import ComparedChart
from ..charts.picture import Line, Picture, Spread, power_of_ten
from ..session import Session
from ..wire.mailbox import bind
from ..wire.page import Page
from ..wire.server import handle_id
from .html import add_chart_button, legend, toolbar
from .panel import Shown, send_changes
from .rewards import RewardsPanel

# As in the table of rewards: small values beside large ones.
_LEAST_DECIMALS = 2
# A low one has no room for what its axis of time is of; the one above it says that.
_HEIGHT, _LOW_HEIGHT = 230, 132
# Thin ticks and small words, as in films: the curves are what is looked at.
_FONT = "11px system-ui, sans-serif"
_PLAIN = uplot.Axis(font=_FONT, labelFont=_FONT, labelGap=0, ticks={"width": 1, "size": 4}, grid={"width": 1})
_LAST = 1e9  # The order of what stands below all charts; viser counts the others.
_BAND_OPACITY = "2e"  # Of 255, in hexadecimal digits.
_CLEAR = "rgba(0,0,0,0)"
# The page has its own ways with the mouse.
_CURSOR: Any = {"y": False, "points": {"show": False}, "drag": {"setScale": False, "x": False, "y": False}}


class ChartPanels:
    """The table of rewards with its chart, which is there where rewards are recorded, and the charts of signals."""

    def __init__(self, page: Page, session: Session, charts: Charts, tab: viser.GuiTabHandle) -> None:
        """tab: where they are; charts of signals that are added later stand at its end."""
        self._page, self._tab, self._dt = page, tab, session.player.control_dt
        self._rewards = RewardsPanel(page)
        self._curves = None if charts.rewards is None else ShownCurves(page, REWARDS, charts.rewards, self._dt)
        self._signals: dict[str, SignalPanel] = {}
        self._add = page.gui.add_html("", order=_LAST)

    def sync(self, shown: Shown) -> None:
        """Show the session's step and episode."""
        charts = shown.charts
        if self._curves is not None and charts.rewards is not None:
            self._curves.show(charts, charts.rewards, shown.takes_growth)
        self._rewards.sync(shown)
        self._show_signals(charts)
        for signal in charts.signals:
            self._signals[signal.name].show(charts, signal, shown.takes_growth)

    def page_state(self) -> dict[str, Any]:
        """What the page has to know of the charts, by their ids, and the numbers of the table."""
        curves = [self._curves, *(panel.curves for panel in self._signals.values())]
        plots = {id_: state for shown in curves if shown is not None for id_, state in shown.page_state.items()}
        return {"plots": plots, "rewards": self._rewards.page_state}

    def _show_signals(self, charts: Charts) -> None:
        """As many panels as there are charts of signals."""
        for name in self._signals.keys() - {signal.name for signal in charts.signals}:
            self._signals.pop(name).remove()
        with self._tab:
            for signal in charts.signals:
                if signal.name not in self._signals:
                    self._signals[signal.name] = SignalPanel(self._page, charts, signal, self._dt)
        send_changes(self._add, content=add_chart_button(charts.has_room))


class SignalPanel:
    """A dropdown that chooses a signal, a legend with a value for each of its curves, and its chart."""

    def __init__(self, page: Page, charts: Charts, signal: SignalChart, control_dt: float) -> None:
        """control_dt: seconds per step."""
        name = signal.name
        self._signal = page.gui.add_dropdown("Signal", charts.labels, hint="Anything recorded, over the episode shown")
        bind(self._signal, page.mailbox, lambda label, _: charts.select(label, name))
        self._legend = page.gui.add_html("")
        self._toolbar = page.gui.add_html("")
        self.curves = ShownCurves(page, name, signal.chart, control_dt)

    def show(self, charts: Charts, signal: SignalChart, takes_growth: bool) -> None:
        """Show the chosen signal. takes_growth: see `Shown`."""
        chart, can_remove = signal.chart, len(charts.signals) > 1
        send_changes(self._signal, value=signal.label)
        send_changes(self._legend, content=legend(signal.name, chart))
        send_changes(self._toolbar, content=toolbar(signal.name, chart, can_remove))
        self.curves.show(charts, chart, takes_growth)

    def remove(self) -> None:
        """Take it off the page."""
        for handle in (self._signal, self._legend, self._toolbar):
            handle.remove()
        self.curves.remove()


class ShownCurves:
    """A chart, and of several takes a lower one below it of how far they differ."""

    def __init__(self, page: Page, name: str, state: AnyChart, control_dt: float) -> None:
        """name: of the chart; control_dt: seconds per step."""
        self._chart = DrawnChart(page, name, state.picture(), control_dt)
        is_compared = isinstance(state, ComparedChart)
        self._gaps = DrawnChart(page, gaps_of(name), state.gaps(), control_dt, is_low=True) if is_compared else None

    def show(self, charts: Charts, state: AnyChart, takes_growth: bool) -> None:
        """Show a chart, as high as the charts say. takes_growth: see `Shown`."""
        self._chart.show(charts, state.picture(takes_growth), state.note)
        if self._gaps is not None and isinstance(state, ComparedChart):
            self._gaps.show(charts, state.gaps(takes_growth))

    @property
    def page_state(self) -> dict[str, Any]:
        """What the page has to know of them, by their ids."""
        return {**self._chart.page_state, **({} if self._gaps is None else self._gaps.page_state)}

    def remove(self) -> None:
        """Take them off the page."""
        self._chart.remove()
        if self._gaps is not None:
            self._gaps.remove()


class DrawnChart:
    """A chart on the page: its data are sent when its picture is another one, what belongs to the axes by itself."""

    def __init__(self, page: Page, name: str, picture: Picture, control_dt: float, *, is_low: bool = False) -> None:
        """name: of the chart; picture: shown first; control_dt: seconds per step."""
        self._name, self._control_dt, self._is_low = name, control_dt, is_low
        self._usual_height = _LOW_HEIGHT if is_low else _HEIGHT
        self._picture, self._state = picture, _page_state(picture, control_dt)
        self._chart = page.gui.add_uplot(
            chart_data(picture, control_dt),
            _series(picture),
            bands=_bands(picture),
            scales={"x": uplot.Scale(time=False)},
            axes=_axes(picture, is_low),
            legend=uplot.Legend(show=False),
            cursor=_CURSOR,
            padding=(8, 16, 0, 0),  # The topmost label is cut in half without.
            height=self._usual_height,
            visible=self._is_seen(picture),
        )
        self._note = page.gui.add_html("")

    def show(self, charts: Charts, picture: Picture, note: str = "") -> None:
        """Show a picture, and a note below it. With other series or axes the page makes the chart anew."""
        send_changes(self._chart, height=charts.height(self._name) or self._usual_height)
        send_changes(self._note, content=f'<div class="rv-note-line">{html.escape(note)}</div>' if note else "")
        if picture is self._picture:
            return
        chart = self._chart
        send_changes(chart, series=_series(picture), bands=_bands(picture), axes=_axes(picture, self._is_low))
        self._picture, self._state = picture, _page_state(picture, self._control_dt)
        chart.data = chart_data(picture, self._control_dt)
        send_changes(chart, visible=self._is_seen(picture))

    def _is_seen(self, picture: Picture) -> bool:
        """A low one without curves has nothing to say; another one says that they are hidden."""
        return bool(picture.lines) or not self._is_low

    @property
    def page_state(self) -> dict[str, Any]:
        """What the page has to know of the chart, by the chart's id."""
        return {handle_id(self._chart): {"name": self._name, **self._state}}

    def remove(self) -> None:
        """Take it off the page."""
        self._chart.remove()
        self._note.remove()


def _page_state(picture: Picture, control_dt: float) -> dict[str, Any]:
    """Ranges of time [s] and values, what the labels are divided by, what each line is, and how values are written."""
    form = number_format(picture.largest, _LEAST_DECIMALS)
    return {
        "x": [step * control_dt for step in picture.span],
        "y": None if picture.y_range is None else list(picture.y_range),
        "exponent": power_of_ten(picture.y_range),
        "lines": [_line_state(line) for line in picture.lines],
        "form": form,
        "room": max(len(number_text(-picture.largest, form)), len("NaN")),
        "isSigned": picture.is_difference,
        "spreads": [spread.line for spread in picture.spreads],
        "nothing": picture.nothing,
        "limits": [[line, float(value)] for line, value in picture.limits],
    }


def _line_state(line: Line) -> dict[str, Any]:
    return {"name": line.name, "color": line.color, "factor": float(line.factor), "curve": line.curve}


def chart_data(picture: Picture, control_dt: float) -> tuple[np.ndarray, ...]:
    """Time [s], one array per line, then of each spread the mean, and the band's lower and upper edge."""
    lines = picture.curves.T.copy() if picture.lines else np.full((1, len(picture.steps)), np.nan)
    spreads = [
        (spread.mean, spread.mean - spread.deviation, spread.mean + spread.deviation) for spread in picture.spreads
    ]
    return (picture.steps * control_dt, *lines, *(values for spread in spreads for values in spread))


def _series(picture: Picture) -> tuple[uplot.Series, ...]:
    lines = [uplot.Series(label=line.name, stroke=line.color, width=line.width) for line in picture.lines]
    spreads = [series for spread in picture.spreads for series in _spread_series(picture, spread)]
    # A chart without a curve is not drawn at all.
    return (uplot.Series(label="time [s]"), *(lines or [uplot.Series(label="nothing", stroke=_CLEAR)]), *spreads)


def _spread_series(picture: Picture, spread: Spread) -> tuple[uplot.Series, ...]:
    line = picture.lines[spread.line]
    mean = uplot.Series(label=f"{line.name}, mean", stroke=line.color, width=1.25, dash=(5, 4))
    edges = (uplot.Series(label=f"{line.name}, {edge}", stroke=_CLEAR, width=0) for edge in ("low", "high"))
    return (mean, *edges)


def _bands(picture: Picture) -> tuple[uplot.Band, ...]:
    """Between the edges of each spread, by the numbers of their series."""
    first = 1 + max(1, len(picture.lines))
    return tuple(
        uplot.Band(series=(first + 3 * i + 2, first + 3 * i + 1), fill=picture.lines[spread.line].color + _BAND_OPACITY)
        for i, spread in enumerate(picture.spreads)
    )


def _axes(picture: Picture, is_low: bool) -> tuple[uplot.Axis, uplot.Axis]:
    """The axes of time and of values, whose labels may have six characters."""
    values: uplot.Axis = {**_PLAIN, "size": 52}
    if picture.title:
        values["label"], values["labelSize"] = picture.title, 16
    time: uplot.Axis = {**_PLAIN, "size": 28}
    if is_low:
        values["space"] = 20
    else:
        time["label"], time["labelSize"] = "time [s]", 16
    return time, values
