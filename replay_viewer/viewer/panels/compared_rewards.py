"""The rewards of several takes at the shown step: a column for each, and by how much it is beyond the lead's."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...errors import printable
from ...numerals import number_text
from ...replay.compared_rewards import quantities
from ...replay.take import Take
from ...replay.world import World
from ...rollout.rewards import ROUNDING, StepRewards
from ...theme import css_color
from ..charts.charts import REWARDS
from ..charts.choice import OneCurve
from .reward_cells import NOTHING_RECORDED, RowValue, bar_share, breakable, form_of

# What is told of a take that waits, or that does not have it.
_NONE = "\N{EN DASH}"


class Row(NamedTuple):
    """What a row of the table is of.

    Attributes:
        kind: "term", "reward", "return", "residual" or "mean".
        name: what it is called.
    """

    kind: str
    name: str

    @property
    def has_bar(self) -> bool:
        """Whether its differences compare with those of terms."""
        return self.kind in ("term", "reward")


class ComparedTable:
    """The table of a world, which stays the same from step to step but for its numbers.

    Attributes:
        world: whose takes have columns.
        rows: of the table.
    """

    def __init__(self, world: World) -> None:
        self.world, self.rows = world, rows_of(world)
        self._html: tuple[int, str] | None = None

    def html(self, choice: OneCurve) -> str:
        """The table without its numbers. Names come from files and are escaped."""
        if self._html is None or self._html[0] != choice.one:
            self._html = choice.one, self._make_html(choice)
        return self._html[1]

    def cells(self, steps: Sequence[StepRewards | None], factors: np.ndarray, scale: float) -> list[list[RowValue]]:
        """Of each row the cells: the lead's number, then of each other take its number and the difference with its bar.

        Args:
            steps: the takes' rewards, None of one that waits.
            factors: what amounts per step of each are multiplied by, (T,).
            scale: value of a full bar.
        """
        told = [_numbers(step, float(factor)) for step, factor in zip(steps, factors, strict=True)]
        form = form_of(scale)
        return [_cells([take.get(row) for take in told], form, scale if row.has_bar else None) for row in self.rows]

    def _make_html(self, choice: OneCurve) -> str:
        if not self.rows:
            return f'<div class="rv-rewards"><div class="empty">{NOTHING_RECORDED}</div></div>'
        body = "".join(_row_html(self.world, index, row, choice) for index, row in enumerate(self.rows))
        return f'<div class="rv-rewards rv-compared"><table><thead>{_headings(self.world)}</thead>{body}</table></div>'


def rows_of(world: World) -> list[Row]:
    """All that can be drawn, then what the terms leave of a reward, and means over all envs."""
    rollouts = [take.replay.rollout for take in world.takes]
    drawn = [Row(quantity.kind, quantity.label) for quantity in quantities(world)]
    has_residual = any("rew" in rollout.fields and rollout.reward_terms for rollout in rollouts)
    means = dict.fromkeys(name for rollout in rollouts for name in rollout.batch_means)
    rest = [Row("residual", "not in the terms (clipping?)")] if has_residual else []
    return [*drawn, *rest, *(Row("mean", f"{name} (mean of all envs)") for name in means)]


def _numbers(step: StepRewards | None, factor: float) -> dict[Row, float]:
    """What a take tells, by row."""
    if step is None:
        return {}
    told = {Row("term", name): value * factor for name, value in zip(step.names, step.values.tolist(), strict=True)}
    if step.total is not None:
        told[Row("reward", "reward")] = step.total * factor
    if step.cumulative_of != "nothing":
        told[Row("return", "return so far")] = step.cumulative
    if step.residual is not None and abs(step.residual) > ROUNDING:
        told[Row("residual", "not in the terms (clipping?)")] = step.residual * factor
    return {**told, **{Row("mean", f"{name} (mean of all envs)"): mean for name, mean in step.batch_means.items()}}


def _cells(values: Sequence[float | None], form: str, scale: float | None) -> list[RowValue]:
    """The cells of a row; none of them says anything where no take does. scale: None for no bars."""
    if all(value is None for value in values):
        return [("", 0.0)] * (2 * len(values) - 1)
    lead, *others = values
    cells: list[RowValue] = [(_text(lead, form), 0.0)]
    for value in others:
        gap = None if lead is None or value is None else value - lead
        share = 0.0 if gap is None or scale is None else bar_share(gap, scale)
        cells += [(_text(value, form), 0.0), (_NONE if gap is None else _signed(gap, form), share)]
    return cells


def _text(value: float | None, form: str) -> str:
    return _NONE if value is None else number_text(value, form)


def _signed(value: float, form: str) -> str:
    text = number_text(value, form)
    return f"+{text}" if value > 0 and float(text) != 0 else text


def _headings(world: World) -> str:
    lead, *others = zip(world.takes, world.names, strict=True)
    cells = [_heading(*lead)]
    for take, name in others:
        title = html.escape(f"{printable(name)} minus {printable(lead[1])}")
        cells += [
            _heading(take, name),
            f'<th class="gap" title="{title}">{_sign(take)}\N{GREEK CAPITAL LETTER DELTA}</th>',
        ]
    return f"<tr><th></th>{''.join(cells)}</tr>"


def _heading(take: Take, name: str) -> str:
    label = html.escape(printable(name))
    return f'<th title="{label}"><span>{_sign(take)}{breakable(label)}</span></th>'


def _sign(take: Take) -> str:
    """As in the legend over the picture."""
    if take.tint is None:
        return '<i class="rv-lead"></i>'
    return f'<i style="background:{css_color(take.tint)}"></i>'


def _row_html(world: World, index: int, row: Row, choice: OneCurve) -> str:
    label, is_drawn = html.escape(row.name), index < choice.count
    asks = f' data-do="{REWARDS}_alone" data-value="{index}"' if is_drawn else ""
    classes = {"shown": is_drawn and index == choice.one, "sum": row.kind == "reward", "note": not is_drawn}
    style = " ".join(name for name, holds in classes.items() if holds)
    cells = "".join(_pair(1 + 2 * number, row.has_bar) for number in range(len(world.others)))
    return (
        f'<tr class="{style}" data-term="{label}" data-row="{index}">'
        f'<td title="{label}"{asks}>{breakable(label)}</td><td class="value" data-cell="0"></td>{cells}</tr>'
    )


def _pair(cell: int, has_bar: bool) -> str:
    """The number of one of the others, and by how much it is beyond the lead's."""
    bar = f'<div class="bar" data-cell="{cell + 1}"><u></u><b></b></div>' if has_bar else ""
    gap = f'<td class="gap"><span class="value" data-cell="{cell + 1}"></span>{bar}</td>'
    return f'<td class="value" data-cell="{cell}"></td>{gap}'
