"""The View tab: switches for the layers and the crowd, with what their colours mean or lack, and the page's look."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ...layers import BuiltinLayer, Meaning
from ...theme import SCALE
from ..crowd import ByOutcome, ByReturn, Coloring, CrowdState
from ..layers import ShownLayers
from ..wire.page import Page
from .panel import Shown, send_changes

_HINT = "All around this one (M); a click on a robot watches it"
_KINDS = {"robot": "Own colours", "outcome": "Outcome", "return": "Return"}
_LOOKS = (("light", "Light"), ("dark", "Dark"), ("system", "System"))


class LayersPanel:
    """One HTML list, rewritten when a switch changes."""

    def __init__(self, page: Page, layers: ShownLayers) -> None:
        self._html = page.gui.add_html(layers_html(layers))

    def sync(self, shown: Shown) -> None:
        """Show which layers are on."""
        send_changes(self._html, content=layers_html(shown.layers))


def layers_html(layers: ShownLayers) -> str:
    """The panel's content. Names of links and numbers come from files and are escaped."""
    switches = "".join(_switch(layer, name in layers.on) for name, layer in layers.builtin.items())
    return f'<div class="rv-layers"><h4>Layers</h4>{switches}</div>'


def _switch(layer: BuiltinLayer, on: bool) -> str:
    does = "" if layer.lack else f' data-do="switch_layer" data-value="{layer.name}"'
    below = f"<small>{_marked(layer.lack or layer.hint)}</small>"
    if on:  # In the place of the hint, so that a small screen has room for all.
        below = f'<small class="rv-legend">{"".join(_entry(meaning) for meaning in layer.legend)}</small>'
    return switch_html(layer.title, below, on, does)


def switch_html(title: str, below: str, on: bool, attributes: str) -> str:
    """A switch as a button, with HTML below its title; disabled where no attributes say what it does."""
    return (
        f'<button type="button" role="switch" aria-checked="{str(on).lower()}"{attributes or " disabled"}>'
        f'<span class="rv-switch"></span><span><b>{title}</b>{below}</span></button>'
    )


def _entry(meaning: Meaning) -> str:
    """Colours and what they mean; a note where there is no colour."""
    colors = [f"#{bytes(color).hex()}" for color in meaning.colors]
    if len(colors) > 1:
        swatch = f'<i class="wide" style="background:linear-gradient(90deg,{",".join(colors)})"></i>'
    else:
        swatch = "".join(f'<i style="background:{color}"></i>' for color in colors)
    return f"<span>{swatch}{_marked(meaning.text)}</span>"


def _marked(text: str) -> str:
    """Escaped, with `names` as code."""
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


class CrowdPanel:
    """One piece of HTML, rewritten when the crowd changes."""

    def __init__(self, page: Page) -> None:
        self._html = page.gui.add_html("")

    def sync(self, shown: Shown) -> None:
        """Show what is on, and what the colours mean."""
        send_changes(self._html, content=crowd_html(shown.crowd.state, shown.session.env_index))


def crowd_html(state: CrowdState, env_index: int) -> str:
    """The panel's content."""
    texts = [*([_HINT] if state.is_possible else []), *([state.note] if state.note else [])]
    below = "".join(f"<small>{html.escape(text)}</small>" for text in texts)
    switch = switch_html("Other envs", below, state.is_on, ' data-do="toggle_crowd"' if state.is_possible else "")
    colors = _colors_html(state, env_index) if state.is_on else ""
    return f'<div class="rv-layers"><h4>Crowd</h4>{switch}{colors}</div>'


def _colors_html(state: CrowdState, env_index: int) -> str:
    buttons = "".join(
        f'<button type="button" data-do="color_crowd" data-value="{kind}" '
        f'aria-pressed="{str(kind == state.color_by).lower()}">{_KINDS[kind]}</button>'
        for kind in state.color_kinds
    )
    legend = _legend_html(state.coloring, env_index)
    return f'<div class="rv-crowd"><div role="group" aria-label="Colour by">{buttons}</div>{legend}</div>'


def _legend_html(coloring: Coloring | None, env_index: int) -> str:
    if isinstance(coloring, ByOutcome):
        return f"<small>How the episode of each env ends</small>{_outcomes_html(coloring.counts)}"
    if isinstance(coloring, ByReturn):
        return _scale_html(coloring, env_index)
    return ""


def _outcomes_html(counts: Sequence[tuple[str, str, int]]) -> str:
    entries = "".join(
        f'<span><i style="background:{color}"></i>{html.escape(text)} {number}</span>' for text, color, number in counts
    )
    return f'<small class="rv-legend">{entries}</small>'


def _scale_html(coloring: ByReturn, env_index: int) -> str:
    own = f": {coloring.returns[env_index]:,.4g} here" if env_index < len(coloring.returns) else ""
    low, high = f"{coloring.low:,.4g}", f"{coloring.high:,.4g}"
    if coloring.is_clipped:
        low, high = f"\u2264 {low}", f"\u2265 {high}"
    return (
        f"<small>Return of the whole episode of each env{own}</small>"
        f'<div class="rv-scale" style="background:linear-gradient(90deg,{",".join(SCALE)})"></div>'
        f'<div class="rv-ends"><span>{low}</span><span>{high}</span></div>'
    )


def look_html() -> str:
    """Light or dark, and the way back to the first view: buttons that each browser's page answers by itself."""
    looks = "".join(
        f'<button type="button" class="rv-control" data-look="{name}" aria-pressed="false">{text}</button>'
        for name, text in _LOOKS
    )
    hint = "Camera, shadows, panel and tab as in a new browser"
    reset = f'<button type="button" class="rv-control" data-reset title="{hint}">Reset View</button>'
    return (
        f'<div class="rv-looks" role="group" aria-label="Page"><span>Page</span>{looks}</div>'
        f'<div class="rv-looks"><span>This browser</span>{reset}</div>'
    )
