"""The switch of the other envs, and what their colours tell."""

from __future__ import annotations

import html
from collections.abc import Sequence

import viser

from ...palette import SCALE
from ..crowd import ByOutcome, ByReturn, Coloring, CrowdState
from .view import SWITCH_STYLE, switch_html

_CROWD_STYLE = """<style>
.rv-crowd{margin:2px 4px 4px 44px;font-size:12px}
.rv-crowd [role=group]{display:flex;margin:2px 0 6px}
.rv-layers .rv-crowd button{display:block;width:auto;flex:1;padding:4px 6px;text-align:center;border-radius:0;
border:1px solid var(--rv-line);margin-left:-1px}
.rv-layers .rv-crowd button:first-child{border-radius:6px 0 0 6px}
.rv-layers .rv-crowd button:last-child{border-radius:0 6px 6px 0}
.rv-layers .rv-crowd button[aria-pressed=true],.rv-layers .rv-crowd button[aria-pressed=true]:hover{
background:var(--rv-accent);border-color:var(--rv-accent);color:var(--rv-on-accent)}
.rv-crowd .rv-scale{height:10px;border-radius:2px;margin:2px 0}
.rv-crowd .rv-ends{display:flex;justify-content:space-between;font-variant-numeric:tabular-nums}
</style>"""

_HINT = "All around this one (M); a click on a robot watches it"
_KINDS = {"robot": "Own colours", "outcome": "Outcome", "return": "Return"}


class CrowdPanel:
    """One piece of HTML, rewritten when the crowd changes."""

    def __init__(self, gui: viser.GuiApi) -> None:
        self._html = gui.add_html("")

    def sync(self, state: CrowdState, env_index: int) -> None:
        """Show what is on, and what the colours mean. env_index: of the env that is watched."""
        content = crowd_html(state, env_index)
        if content != self._html.content:
            self._html.content = content


def crowd_html(state: CrowdState, env_index: int) -> str:
    """The panel's content."""
    texts = [*([_HINT] if state.is_possible else []), *([state.note] if state.note else [])]
    below = "".join(f"<small>{html.escape(text)}</small>" for text in texts)
    switch = switch_html("Other envs", below, state.is_on, ' data-do="toggle_crowd"' if state.is_possible else "")
    colors = _colors_html(state, env_index) if state.is_on else ""
    return f'{SWITCH_STYLE}{_CROWD_STYLE}<div class="rv-layers"><h4>Crowd</h4>{switch}{colors}</div>'


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
