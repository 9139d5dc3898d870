"""Every reward term at the shown step: name, bar and number, then the reward, what the terms leave, and the return."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import viser

from ...palette import GAIN_COLOR, GAIN_END_COLOR, LOSS_COLOR, LOSS_END_COLOR, TOTAL_COLOR, term_color
from ...reward_scales import ROUNDING, bar_scale
from ...rewards import EpisodeRewards, StepRewards
from ..session import Session

_STYLE = """<style>
.rv-rewards{font-size:12px;font-variant-numeric:tabular-nums;margin:0 0.75em 0.5em;line-height:1.25}
.rv-rewards table{width:100%;border-collapse:collapse;table-layout:fixed}
.rv-rewards td{padding:2px 0;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.rv-rewards td:nth-child(1){width:46%;padding-right:6px;white-space:normal;overflow-wrap:anywhere}
.rv-rewards td.value{width:25%;text-align:right;padding-left:6px}
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

NOTHING_RECORDED = (
    "No rewards in this recording. They appear here when the file has <code>rew</code>, and each term when it has "
    "<code>reward_terms/&lt;name&gt;</code> or the simulator's <code>info</code>."
)


class RewardsPanel:
    """One HTML table, rewritten when the shown step changes."""

    def __init__(self, gui: viser.GuiApi) -> None:
        self._html = gui.add_html("")

    def sync(self, session: Session) -> None:
        """Show the rewards of the session's step."""
        content = rewards_html(session.rewards, session.episode_rewards)
        if self._html.content != content:
            self._html.content = content


def rewards_html(step: StepRewards, episode: EpisodeRewards) -> str:
    """The panel's content. Names come from a file and are escaped."""
    if step.total is None and not step.names and not step.batch_means:
        return f'{_STYLE}<div class="rv-rewards"><div class="empty">{NOTHING_RECORDED}</div></div>'
    scale = bar_scale(episode.terms)
    terms = zip(step.names, step.values, strict=True)
    rows = [_row(name, value, scale, term_color(index)) for index, (name, value) in enumerate(terms)]
    rows += _sums(step)
    rows += [_number_row(f"{name} (mean of all envs)", mean, "note") for name, mean in step.batch_means.items()]
    return f'{_STYLE}<div class="rv-rewards"><table>{"".join(rows)}</table></div>'


def _sums(step: StepRewards) -> Sequence[str]:
    rows = []
    if step.total is not None:
        rows.append(_number_row("reward", step.total, "sum", TOTAL_COLOR))
    if step.residual is not None and abs(step.residual) > ROUNDING:
        rows.append(_number_row("not in the terms (clipping?)", step.residual, "note"))
    of = " (sum of the terms)" if step.cumulative_of == "terms" else ""
    if step.cumulative_of != "nothing":
        rows.append(_number_row(f"return so far{of}", step.cumulative, "" if rows else "sum"))
    return rows


def _row(name: str, value: float, scale: float, color: str) -> str:
    label = html.escape(name)
    return (
        f'<tr data-term="{label}"><td title="{label}">{_swatch(color)}{_breakable(label)}</td>'
        f'<td>{_bar(value, scale)}</td><td class="value">{format_value(value)}</td></tr>'
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


def _number_row(name: str, value: float, style: str, color: str | None = None) -> str:
    label = html.escape(name)
    swatch = _swatch(color) if color else ""
    return (
        f'<tr class="{style}" data-term="{label}"><td colspan="2" title="{label}">{swatch}{label}</td>'
        f'<td class="value">{format_value(value)}</td></tr>'
    )


def _swatch(color: str) -> str:
    return f'<i style="background:{color}"></i>'


def _breakable(label: str) -> str:
    """A long name breaks where its words end."""
    return label.replace("_", "_<wbr>").replace("/", "/<wbr>")


def format_value(value: float) -> str:
    """Four significant digits, in a form as short as they allow."""
    return "NaN" if np.isnan(value) else "0" if value == 0 else f"{value:.4g}"
