"""Buttons that choose what a chart shows, as HTML: in the rows of a table, in a legend, and in a line above the chart.

They ask for the actions of `chart_actions` through page.js. Names come from a file and are escaped; actions take
numbers.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from ...theme import TOTAL_COLOR
from ..charts.chart import Chart
from ..charts.charts import AnyChart, gaps_of
from ..charts.choice import CurveChoice
from ..charts.compared_chart import ComparedChart

_PIN = "M9 3h6v2l-1 1v5l3 3v2h-4v5l-1 1-1-1v-5H7v-2l3-3V6L9 5z"
_EYE = "M12 5c5 0 8.5 4 10 7-1.5 3-5 7-10 7S3.5 15 2 12c1.5-3 5-7 10-7zm0 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8z"
_EYE_SHUT = _EYE + "M4 3l17 17-1.5 1.5L2.5 4.5z"
_ALONE = (
    "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zm0 2a7 7 0 1 0 0 14 7 7 0 0 0 0-14zm0 3.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z"
)

_OF_LIMITS = "Each curve as a share of its limits in the URDF: -100 % at the lower, 100 % at the upper one"
_SAVE = (
    '<button type="button" class="rv-control" data-save="{}"'
    ' title="Save what is seen of these curves as a table, every recorded step">CSV</button>'
)
_REMOVE = (
    '<button type="button" class="rv-control rv-remove" data-do="remove_chart" data-value="{}"'
    ' title="Remove this chart" aria-label="Remove this chart">\N{MULTIPLICATION SIGN}</button>'
)


def row_buttons(chart: str, choice: CurveChoice, curve: int) -> str:
    """Pin, hide and show alone, for one curve of the chart `chart`."""
    is_hidden = curve in choice.hidden
    hide = "Show in the chart" if is_hidden else "Hide in the chart"
    buttons = (
        _icon_button(f"{chart}_pin", curve, _PIN, curve in choice.pinned, "Pin: first and thicker"),
        _icon_button(f"{chart}_hide", curve, _EYE_SHUT if is_hidden else _EYE, is_hidden, hide),
        _icon_button(f"{chart}_alone", curve, _ALONE, curve == choice.alone, "Show alone"),
    )
    return f'<span class="rv-acts">{"".join(buttons)}</span>'


def swatch(chart: str, choice: CurveChoice, curve: int, color: str) -> str:
    """The curve's colour, hollow where it is not shown; a click hides or shows it."""
    fill = color if curve in choice.shown else "transparent"
    title = "Hide in the chart" if curve in choice.shown else "Show in the chart"
    asks = f'data-do="{chart}_hide" data-value="{curve}"'
    return f'<i class="rv-swatch" {asks} title="{title}" style="background:{fill};border-color:{color}"></i>'


def legend(chart: str, state: AnyChart) -> str:
    """Every curve by name, the pinned ones first, with room for its value at the playhead: page/chart_values.js."""
    return _takes_legend(chart, state) if isinstance(state, ComparedChart) else _curves_legend(chart, state)


def _curves_legend(chart: str, state: Chart) -> str:
    choice, shown = state.choice, state.shown
    parts = []
    for curve in choice.order:
        name, color = html.escape(state.source.names[curve]), state.source.colors[curve]
        classes = ["rv-chip"]
        if curve not in shown:
            classes.append("rv-out")
        if curve in choice.pinned:
            classes.append("rv-pinned")
        label = f'<span data-do="{chart}_hide" data-value="{curve}" title="Hide or show {name}">{name}</span>'
        buttons = row_buttons(chart, choice, curve) if choice.count > 1 else ""
        parts.append(
            f'<div class="{" ".join(classes)}" data-curve="{name}">{swatch(chart, choice, curve, color)}{label}'
            f"{buttons}{_beyond(chart, curve) if state.of_limits else ''}{_number(chart, curve)}</div>"
        )
    unit = f"{state.told_unit}; ! is beyond them in what is seen" if state.of_limits else state.told_unit
    return _legend(parts, state.source.names, unit)


def _takes_legend(chart: str, state: ComparedChart) -> str:
    """What can be chosen to be shown of several takes, then each take with its value and by how much it is beyond."""
    choices = []
    for curve, label in enumerate(map(html.escape, state.source.names)):
        is_shown = curve == state.choice.one
        asks = f'data-do="{chart}_alone" data-value="{curve}" aria-pressed="{str(is_shown).lower()}"'
        choices.append(f'<button type="button" class="rv-chip" {asks} title="Show {label}">{label}</button>')
    lines, beyond = state.picture(False).lines, {line.curve for line in state.gaps(False).lines}
    takes = [
        f'<div class="rv-chip"><i class="rv-swatch" style="color:{_ink(line.color)}"></i>'
        f'<span title="{html.escape(line.name)}">{html.escape(line.name)}</span>{_number(chart, line.curve)}'
        f"{_number(gaps_of(chart), line.curve) if line.curve in beyond else ''}</div>"
        for line in lines
    ]
    of_one = f'<div class="rv-chips">{"".join(choices)}</div>' if len(choices) > 1 else ""
    return of_one + _legend(takes, [line.name for line in lines], state.told_unit, numbers=2 if beyond else 1)


def _ink(color: str) -> str:
    """The colour of what is as dark as text on light ground, and as light on dark ground; others as they are."""
    return "var(--rv-text)" if color == TOTAL_COLOR else color


def _legend(parts: Sequence[str], names: Sequence[str], unit: str, numbers: int = 1) -> str:
    """numbers: how many stand beside a name."""
    told = f'<span class="rv-unit">in {html.escape(unit)}</span>' if unit else ""
    longest = max(map(len, names), default=0)
    return f'<div class="rv-curves" style="--rv-letters:{longest};--rv-numbers:{numbers}">{"".join(parts)}{told}</div>'


def _beyond(chart: str, curve: int) -> str:
    """Seen where a value is beyond its limits within what is seen of the chart."""
    title = "Beyond its limits in what is seen of the chart"
    what = f'data-of="{chart}" data-curve="{curve}" title="{title}" role="img" aria-label="{title}"'
    return f'<em class="rv-beyond" {what} hidden>!</em>'


def _number(chart: str, curve: int) -> str:
    return f'<b class="rv-now" data-of="{chart}" data-curve="{curve}"></b>'


def toolbar(chart: str, state: AnyChart, can_remove: bool = False) -> str:
    """How the curves are shown, the way back to all of them, and whether the chart can be taken away."""
    ends = [_SAVE.format(chart), *([_REMOVE.format(chart)] if can_remove else [])]
    rate = [_text_button(chart, "rate", "per second", state.per_second, "Divided by the time of a step")]
    if isinstance(state, ComparedChart):
        return _toolbar([*(rate if state.has_rate else []), *ends])
    buttons = [
        *(rate if state.source.has_rate else ()),
        _text_button(chart, "normalise", "normalised", state.normalised, "Each curve by its own largest value"),
        *([_text_button(chart, "limits", "of limits", state.of_limits, _OF_LIMITS)] if state.has_limits else []),
        _text_button(
            chart,
            "spread",
            "all envs \u00b1\u03c3",
            state.with_spread,
            "Mean and deviation over the episodes of all envs",
        ),
        *_ways_back(chart, state.choice),
        *ends,
    ]
    return _toolbar(buttons)


def add_chart_button(is_enabled: bool) -> str:
    """Adds the chart of another signal."""
    disabled = "" if is_enabled else " disabled"
    title = "A chart of another signal" if is_enabled else "There are as many charts as there can be"
    asks = f'data-do="add_chart" title="{title}"{disabled}'
    return f'<div class="rv-toolbar"><button type="button" class="rv-control" {asks}>Add chart</button></div>'


def _toolbar(buttons: Sequence[str]) -> str:
    return f'<div class="rv-toolbar">{"".join(buttons)}</div>' if buttons else ""


def _ways_back(chart: str, choice: CurveChoice) -> list[str]:
    """To all curves, and where they are many to the first of them."""
    left_out = choice.count - len(choice.shown)
    every = [_text_button(chart, "all", f"show all {choice.count}", None, "Show every curve")] if left_out else []
    first = choice.max_shown
    is_many = first < choice.count and len(choice.shown) != first
    some = [_text_button(chart, "first", f"first {first}", None, "Show the first ones only")] if is_many else []
    return [*every, *some]


def _text_button(chart: str, what: str, text: str, is_on: bool | None, title: str) -> str:
    pressed = "" if is_on is None else f' aria-pressed="{str(is_on).lower()}"'
    return f'<button type="button" class="rv-control" data-do="{chart}_{what}" title="{title}"{pressed}>{text}</button>'


def _icon_button(action: str, curve: int, icon: str, is_on: bool, title: str) -> str:
    state = f'aria-pressed="{str(is_on).lower()}" title="{title}" aria-label="{title}"'
    picture = f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{icon}"/></svg>'
    return f'<button type="button" data-do="{action}" data-value="{curve}" {state}>{picture}</button>'
