"""Every reward term at the shown step: name, bar and number, then the reward, what the terms leave, and the return."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import viser

from ...palette import GAIN_COLOR, GAIN_END_COLOR, LOSS_COLOR, LOSS_END_COLOR, TOTAL_COLOR, term_color
from ...reward_scales import ROUNDING, bar_scale
from ...rewards import EpisodeRewards, StepRewards
from ..plots.curve_choice import CurveChoice
from ..plots.curve_plot import CurvePlot
from ..session import Session
from .curve_buttons import row_buttons, swatch, toolbar

_STYLE = """<style>
.rv-rewards{font-size:12px;font-variant-numeric:tabular-nums;margin:0 0.75em 0.5em;line-height:1.25}
.rv-rewards table{width:100%;border-collapse:collapse;table-layout:fixed}
.rv-rewards td{padding:2px 0;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.rv-rewards td:nth-child(1){padding-right:6px;white-space:normal;overflow-wrap:anywhere}
.rv-rewards td.value{text-align:right;padding-left:6px}
.rv-rewards td.acts{text-align:right;line-height:0}
.rv-rewards col.name{width:43%}.rv-rewards col.value{width:62px}.rv-rewards col.acts{width:52px}
@media (pointer:coarse){.rv-rewards col.acts{width:82px}.rv-rewards col.name{width:36%}}
.rv-rewards i{display:inline-block;width:8px;height:8px;border-radius:2px;margin-right:6px}
.rv-rewards .bar{position:relative;height:10px;background:rgba(128,140,155,.16);border-radius:2px;overflow:hidden}
.rv-rewards .bar b{position:absolute;top:0;bottom:0;border-radius:1px}
.rv-rewards .bar .over{box-sizing:border-box;border:0 solid;border-left-width:4px}
.rv-rewards .bar .over.up{border-width:0 4px 0 0}
.rv-rewards .bar u{position:absolute;left:50%;top:0;bottom:0;width:1px;background:rgba(110,120,135,.6)}
.rv-rewards .sum td{border-top:1px solid rgba(128,140,155,.35);font-weight:600;padding-top:4px}
.rv-rewards .note{opacity:.7}
.rv-rewards .empty{opacity:.8;white-space:normal;line-height:1.4}
</style>"""

# What the actions of this chart begin with.
CHART = "reward"

_COLUMNS = '<colgroup><col class="name"><col><col class="value"><col class="acts"></colgroup>'

NOTHING_RECORDED = (
    "No rewards in this recording. They appear here when the file has <code>rew</code>, and each term when it has "
    "<code>reward_terms/&lt;name&gt;</code> or the simulator's <code>info</code>."
)


class RewardsPanel:
    """One HTML table, rewritten when the shown step changes, and the chart's buttons."""

    def __init__(self, gui: viser.GuiApi) -> None:
        self._html = gui.add_html("")
        self._toolbar = gui.add_html("")

    def sync(self, session: Session, plot: CurvePlot | None) -> None:
        """Show the rewards of the session's step; `plot` is the chart's state, None where there is none."""
        choice, factor = (CurveChoice(0), 1.0) if plot is None else (plot.choice, plot.factor)
        set_content(self._html, rewards_html(session.rewards, session.episode_rewards, choice, factor))
        set_content(self._toolbar, "" if plot is None else toolbar(CHART, plot))


def set_content(handle: viser.GuiHtmlHandle, content: str) -> None:
    """Send HTML, if it is not there already."""
    if handle.content != content:
        handle.content = content


def rewards_html(step: StepRewards, episode: EpisodeRewards, choice: CurveChoice, factor: float = 1.0) -> str:
    """The panel's content. Names come from a file and are escaped.

    choice: of the chart's curves, the terms and then the reward. factor: what a recorded value is multiplied by.
    """
    if step.total is None and not step.names and not step.batch_means:
        return f'{_STYLE}<div class="rv-rewards"><div class="empty">{NOTHING_RECORDED}</div></div>'
    scale = bar_scale(episode.terms)
    terms = [curve for curve in choice.order if curve < len(step.names)]
    rows = [_row(step.names[i], float(step.values[i]), scale, choice, i, factor) for i in terms]
    rows += _sums(step, choice, factor)
    rows += [_number_row(f"{name} (mean of all envs)", mean, "note") for name, mean in step.batch_means.items()]
    return f'{_STYLE}<div class="rv-rewards"><table>{_COLUMNS}{"".join(rows)}</table></div>'


def _sums(step: StepRewards, choice: CurveChoice, factor: float) -> Sequence[str]:
    rows = []
    if step.total is not None:
        curve = len(step.names)
        parts = swatch(CHART, choice, curve, TOTAL_COLOR), row_buttons(CHART, choice, curve)
        rows.append(_number_row("reward", step.total * factor, "sum", *parts))
    if step.residual is not None and abs(step.residual) > ROUNDING:
        rows.append(_number_row("not in the terms (clipping?)", step.residual * factor, "note"))
    of = " (sum of the terms)" if step.cumulative_of == "terms" else ""
    if step.cumulative_of != "nothing":
        rows.append(_number_row(f"return so far{of}", step.cumulative, "" if rows else "sum"))
    return rows


def _row(name: str, value: float, scale: float, choice: CurveChoice, curve: int, factor: float) -> str:
    label, mark = html.escape(name), swatch(CHART, choice, curve, term_color(curve))
    return (
        f'<tr data-term="{label}"><td title="{label}">{mark}{_breakable(label)}</td>'
        f'<td>{_bar(value, scale)}</td><td class="value">{format_value(value * factor)}</td>'
        f'<td class="acts">{row_buttons(CHART, choice, curve)}</td></tr>'
    )


def _bar(value: float, scale: float) -> str:
    """From the middle to the right for what is above zero; a dark end where the value is beyond the full bar."""
    share = 0.0 if np.isnan(value) else min(abs(value) / scale, 1.0) * 50
    # A term that is not zero leaves a trace, however small.
    width = "0" if value == 0 or np.isnan(value) else f"max({share:.2f}%,1px)"
    side, shade, end = ("right", LOSS_COLOR, LOSS_END_COLOR) if value < 0 else ("left", GAIN_COLOR, GAIN_END_COLOR)
    beyond = ("over" if value < 0 else "over up") if abs(value) > scale else ""
    style = f"{side}:50%;width:{width};background-color:{shade};border-color:{end}"
    bar = f'<b class="{beyond}" style="{style}"></b>'
    return f'<div class="bar"><u></u>{bar}</div>'


def _number_row(name: str, value: float, style: str, mark: str = "", buttons: str = "") -> str:
    label = html.escape(name)
    return (
        f'<tr class="{style}" data-term="{label}"><td colspan="2" title="{label}">{mark}{label}</td>'
        f'<td class="value">{format_value(value)}</td><td class="acts">{buttons}</td></tr>'
    )


def _breakable(label: str) -> str:
    """A long name breaks where its words end."""
    return label.replace("_", "_<wbr>").replace("/", "/<wbr>")


def format_value(value: float) -> str:
    """Four significant digits, in a form as short as they allow."""
    return "NaN" if np.isnan(value) else "0" if value == 0 else f"{value:.4g}"
