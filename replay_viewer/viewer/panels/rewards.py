"""Every reward term at the shown step: name, bar and number, then the reward, what the terms leave, and the return."""

from __future__ import annotations

import html

from ...numerals import number_text
from ...rollout.rewards import ROUNDING, EpisodeRewards, StepRewards, bar_scale
from ...theme import term_color
from ..charts.charts import REWARDS
from ..charts.choice import CurveChoice
from ..charts.compared_chart import ComparedChart
from ..session import Session
from ..wire.page import Page
from .compared_rewards import ComparedTable
from .html import row_buttons, swatch, toolbar
from .panel import Shown, send_changes
from .reward_cells import NOTHING_RECORDED, RowValue, bar_share, breakable, form_of

# As dark as text on light ground, and as light on dark ground.
_TOTAL = "var(--rv-text)"

_COLUMNS = '<colgroup><col class="name"><col class="acts"><col><col class="value"></colgroup>'


class RewardsPanel:
    """One HTML table and the chart's buttons. The table's numbers go to the page by themselves: page/rewards.js."""

    def __init__(self, page: Page) -> None:
        self._html = page.gui.add_html("")
        self._toolbar = page.gui.add_html("")
        self._cells: list[list[RowValue]] = []
        self._compared: ComparedTable | None = None

    def sync(self, shown: Shown) -> None:
        """Show the rewards of the session's step."""
        session, chart = shown.session, shown.charts.rewards
        if isinstance(chart, ComparedChart):
            if self._compared is None or self._compared.world is not session.world:
                self._compared = ComparedTable(session.world)
            content = self._compared.html(chart.choice)
            self._cells = self._compared.cells(session.rewards_of_takes, chart.factors, _scale(session, chart))
        else:
            choice, factor = (CurveChoice(0), 1.0) if chart is None else (chart.choice, chart.factor)
            content = rewards_html(session.rewards, choice)
            self._cells = [[cell] for cell in row_values(session.rewards, session.episode_rewards, factor)]
        send_changes(self._html, content=content)
        send_changes(self._toolbar, content="" if chart is None else toolbar(REWARDS, chart))

    @property
    def page_state(self) -> list[list[RowValue]]:
        """The cells of the table's rows."""
        return self._cells


def _scale(session: Session, chart: ComparedChart) -> float:
    """Of a full bar of a difference: as the lead's own bars would be."""
    return full_bar(session.episode_rewards) * float(chart.factors[0])


def rewards_html(step: StepRewards, choice: CurveChoice) -> str:
    """The table without its numbers. Names come from a file and are escaped.

    choice: of the chart's curves, the terms and then the reward.
    """
    names = row_names(step)
    if not names:
        return f'<div class="rv-rewards"><div class="empty">{NOTHING_RECORDED}</div></div>'
    terms = [_term_row(curve, names[curve], choice) for curve in choice.order if curve < len(step.names)]
    others = [_number_row(row, names[row], step, choice) for row in range(len(step.names), len(names))]
    return f'<div class="rv-rewards"><table>{_COLUMNS}{"".join((*terms, *others))}</table></div>'


def row_names(step: StepRewards) -> list[str]:
    """What the rows are of: the terms, the reward, what the terms leave of it, the return, means over all envs."""
    names = list(step.names)
    if step.total is not None:
        names.append("reward")
    if step.residual is not None:
        names.append("not in the terms (clipping?)")
    if step.cumulative_of != "nothing":
        names.append("return so far" + (" (sum of the terms)" if step.cumulative_of == "terms" else ""))
    return [*names, *(f"{name} (mean of all envs)" for name in step.batch_means)]


def row_values(step: StepRewards, episode: EpisodeRewards, factor: float = 1.0) -> list[RowValue]:
    """Of each row the number as text, empty where the row says nothing, and how full its bar is, from -1 to 1.

    factor: what a recorded reward is multiplied by. A bar beyond 1 is a value beyond the full bar.
    """
    scale = full_bar(episode)
    form = form_of(scale * factor)
    values = [(number_text(value * factor, form), bar_share(value, scale)) for value in step.values.tolist()]
    if step.total is not None:
        values.append((number_text(step.total * factor, form), 0.0))
    if step.residual is not None:
        values.append((number_text(step.residual * factor, form) if abs(step.residual) > ROUNDING else "", 0.0))
    if step.cumulative_of != "nothing":
        values.append((number_text(step.cumulative, form), 0.0))
    return [*values, *((number_text(mean, form), 0.0) for mean in step.batch_means.values())]


def full_bar(series: EpisodeRewards) -> float:
    """Value of a full bar, in all that is shown of an episode."""
    shown = series.terms if series.names or series.total is None else series.total[:, None]
    return bar_scale(shown)


def _term_row(curve: int, name: str, choice: CurveChoice) -> str:
    label, mark = html.escape(name), swatch(REWARDS, choice, curve, term_color(curve))
    return (
        f'<tr class="{"" if curve in choice.shown else "out"}" data-term="{label}" data-row="{curve}">'
        f'<td title="{label}">{mark}{breakable(label)}</td><td class="acts">{row_buttons(REWARDS, choice, curve)}</td>'
        f'<td><div class="bar"><u></u><b></b></div></td><td class="value"></td></tr>'
    )


def _number_row(row: int, name: str, step: StepRewards, choice: CurveChoice) -> str:
    """A row without a bar; the first of them is set apart, and the reward has a curve."""
    label, first = html.escape(name), len(step.names)
    is_reward = step.total is not None and row == first
    mark = swatch(REWARDS, choice, row, _TOTAL) if is_reward else ""
    buttons = f'<td class="acts">{row_buttons(REWARDS, choice, row)}</td><td></td>' if is_reward else ""
    style = "sum" if row == first else "" if name.startswith("return so far") else "note"
    return (
        f'<tr class="{style}" data-term="{label}" data-row="{row}">'
        f'<td colspan="{1 if is_reward else 3}" title="{label}">{mark}{label}</td>{buttons}<td class="value"></td></tr>'
    )
