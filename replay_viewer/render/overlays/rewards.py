"""The panel beside or below a picture: what every reward term gives at this step, and gave in the whole episode."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...rollout.rewards import ROUNDING, EpisodeRewards, bar_scale
from ...rollout.episodes import Episode
from ...rollout.rollout import Rollout
from ...theme import GAIN_COLOR, GAIN_END_COLOR, LOSS_COLOR, LOSS_END_COLOR, Look, Rgb, term_color
from ..film import Moment
from ..threads import once_each
from .charts import Chart, place_charts, reward_charts
from .hud import row_of
from .layout import Box, Measures, PanelLayout
from .painting import fill, mixed, rgb, write
from .text import (
    fitted,
    largest_of,
    number_format,
    number_mask,
    number_text,
    number_width,
    text_mask,
    text_width,
    widest_text,
)

# Among more curves nobody finds one again.
_MAX_CURVES = 12
# How faint curves are to the right of the playhead.
_FUTURE_OPACITY = 0.3


class _Page(NamedTuple):
    """The panel of an episode. future, past: (h, w, 3), with its curves faint, and in full."""

    future: np.ndarray
    past: np.ndarray
    rows: RewardRows
    charts: Sequence[Chart]


class RewardsPanel:
    """Draws the panel.

    series_of: gives an episode's rewards. size: of the panel.
    """

    def __init__(
        self,
        rollout: Rollout,
        series_of: Callable[[Episode], EpisodeRewards],
        size: tuple[int, int],
        measures: Measures,
        look: Look,
    ) -> None:
        self._rollout, self._series_of, self._size = rollout, series_of, size
        self._measures, self._look = measures, look
        self._page_of = once_each(self._make_page, maxsize=4)

    def draw(self, image: np.ndarray, moment: Moment) -> None:
        """Draw all of the panel into an image of its size."""
        page, episode = self._page_of(moment.episode), moment.episode
        position = min(max(moment.position - episode.first_step, 0.0), episode.num_steps - 1.0)
        image[:] = page.future
        for chart in page.charts:
            past = chart.plot._replace(right=round(float(chart.x_of(position))))
            past.of(image)[:] = past.of(page.past)
            chart.draw_now(image, position)
        page.rows.draw(image, row_of(moment))

    # -- once per episode -----------------------------------------------------

    def _make_page(self, episode: Episode) -> _Page:
        series = self._series_of(episode)
        curves = largest_terms(series, _MAX_CURVES)
        charts = reward_charts(series, curves, self._rollout.control_dt, self._measures, self._look)
        layout = PanelLayout(self._size, self._measures, bool(charts))
        rows = reward_rows(series, self._means(episode), layout.most_rows)
        box, pitch = layout.rows(len(rows)), layout.pitch(len(rows))
        painter = RewardRows(rows, box, pitch, self._measures, self._look, curves if charts else ())
        blank = np.full((self._size[1], self._size[0], 3), self._look.panel, dtype=np.uint8)
        self._paint_heading(blank, layout)
        painter.paint(blank)
        if charts:
            place_charts(charts, layout.charts(len(rows)), self._measures)
        return _Page(*self._with_curves(blank, charts), painter, charts)

    def _with_curves(self, blank: np.ndarray, charts: Sequence[Chart]) -> tuple[np.ndarray, np.ndarray]:
        """The panel with faint curves, and with full ones."""
        for chart in charts:
            chart.paint_axes(blank, with_time=chart is charts[-1])
        past = blank.copy()
        for chart in charts:
            chart.paint_curves(past)
        faint = blank + (past.astype(np.float32) - blank) * _FUTURE_OPACITY + 0.5
        return faint.astype(np.uint8), past

    def _paint_heading(self, image: np.ndarray, layout: PanelLayout) -> None:
        agents = self._rollout.agents_shape
        text = "rewards at this step" + (f", sum of {agents[0]} agents" if agents else "")
        left, letters = self._measures.px(16), self._measures.font(12)
        mask = text_mask(fitted(text, letters, self._size[0] - 2 * left), letters)
        write(image, mask, left, layout.heading_middle, self._look.muted_text)

    def _means(self, episode: Episode) -> Mapping[str, np.ndarray]:
        """Means over the simulator's envs during the episode."""
        steps = slice(episode.first_step, episode.last_step + 1)
        return {name: means[steps] for name, means in self._rollout.batch_means.items()}


# At most this share of a line is the name.
_NAME_SHARE = 0.5
_LOSS, _GAIN = (rgb(LOSS_COLOR), rgb(LOSS_END_COLOR)), (rgb(GAIN_COLOR), rgb(GAIN_END_COLOR))


@dataclass(frozen=True)
class RewardRow:
    """One number of every step of an episode.

    values: (S,). form: of their text. scale: value of a full bar, None without a bar. term: index of the reward term,
    None of a sum. is_total: set off from the terms above it. is_note: less important than the others.
    """

    name: str
    values: np.ndarray
    form: str
    scale: float | None = None
    term: int | None = None
    is_total: bool = False
    is_note: bool = False


def largest_terms(series: EpisodeRewards, most: int) -> list[int]:
    """The terms with the largest values, in the order of the recording."""
    if not series.names:
        return []
    sizes = np.nan_to_num(np.fmax.reduce(np.abs(series.terms), axis=0), nan=-1.0)
    return sorted(np.argsort(-sizes, kind="stable")[:most].tolist())


def reward_rows(series: EpisodeRewards, means: Mapping[str, np.ndarray], most: int) -> list[RewardRow]:
    """An episode's rewards as at most `most` rows: terms, what they sum to, and `means` over the simulator's envs."""
    sums = _sums(series)
    rows = _terms(series, max(most - len(sums), 1)) + sums
    notes = [
        RewardRow(f"{name} (mean of all envs)", values, number_format(largest_of(values)), is_note=True)
        for name, values in means.items()
    ]
    return (rows + notes)[:most]


def _terms(series: EpisodeRewards, room: int) -> list[RewardRow]:
    scale, form, count = bar_scale(series.terms), _form(series), len(series.names)
    shown = largest_terms(series, room if count <= room else room - 1)
    rows = [RewardRow(series.names[k], series.terms[:, k], form, scale, k) for k in shown]
    if len(shown) < count:
        rest = np.nansum(np.delete(series.terms, shown, axis=1), axis=1)
        rows.append(RewardRow(f"{count - len(shown)} smaller terms", rest, form, scale, is_note=True))
    return rows


def _sums(series: EpisodeRewards) -> list[RewardRow]:
    rows, form = [], _form(series)
    if series.total is not None:
        scale = None if series.names else bar_scale(series.total[:, None])
        rows.append(RewardRow("reward", series.total, form, scale, is_total=True))
    if series.residual is not None and np.any(np.abs(series.residual) > ROUNDING):
        rows.append(RewardRow("not in the terms (clipping?)", series.residual, form, is_note=True))
    return rows


def _form(series: EpisodeRewards) -> str:
    """One format for the terms and their sum: their decimal points stand below each other."""
    shown = series.terms if series.names or series.total is None else series.total[:, None]
    return number_format(bar_scale(shown), least_decimals=2)


class RewardRows:
    """Draws rows into a box of a picture, one below the other.

    paint: what stays the same in an episode. draw: bars and numbers of one step over it.
    """

    def __init__(
        self,
        rows: Sequence[RewardRow],
        box: Box,
        pitch: float,
        measures: Measures,
        look: Look,
        curves: Sequence[int],
    ) -> None:
        """pitch: height of a row [px]. curves: the terms whose colours are a key to a chart."""
        self._rows, self._box, self._pitch, self._measures, self._look = rows, box, pitch, measures, look
        self._curves = frozenset(curves)
        self._letters = measures.font(14)
        self._indent = measures.px(16)
        self._bars = self._bar_columns()

    def paint(self, image: np.ndarray) -> None:
        """Names, the swatches of curves, and the tracks of the bars."""
        for index, row in enumerate(self._rows):
            middle = self._middle(index)
            if row.is_total and index:
                top = round(middle - self._pitch / 2)
                fill(image, self._box.left, top, self._box.right, top + 1, self._line_color())
            self._paint_swatch(image, row, middle)
            left = self._box.left + self._indent
            right = self._bars[0] - self._measures.px(8) if row.scale is not None else self._bars[1]
            color = self._look.muted_text if row.is_note else self._look.text
            name = text_mask(fitted(row.name, self._letters, right - left), self._letters)
            write(image, name, left, middle, color)
            if row.scale is not None:
                self._paint_track(image, middle)

    def draw(self, image: np.ndarray, step: int) -> None:
        """Bars and numbers of a step of the episode."""
        for index, row in enumerate(self._rows):
            value, middle = float(row.values[step]), self._middle(index)
            if row.scale is not None:
                self._draw_bar(image, value, row.scale, middle)
            is_dim = row.is_note or math.isnan(value)
            color = self._look.muted_text if is_dim else self._look.text
            write(
                image, number_mask(number_text(value, row.form), self._letters), self._box.right, middle, color, "right"
            )

    # -- where things are -----------------------------------------------------

    def _middle(self, index: int) -> int:
        return round(self._box.top + (index + 0.5) * self._pitch)

    def _bar_columns(self) -> tuple[int, int]:
        """Left and right side of the bars: between the longest name and the longest number."""
        named = [row for row in self._rows if row.scale is not None]
        names = max((text_width(fitted(row.name, self._letters, 1e4), self._letters) for row in named), default=0)
        texts = [widest_text(row.values, row.form) for row in self._rows]
        numbers = max((number_width(text, self._letters) for text in texts), default=0)
        left = self._box.left + min(self._indent + names, round(_NAME_SHARE * self._box.width))
        right = self._box.right - numbers
        return left + self._measures.px(12), max(right - self._measures.px(12), left)

    def _bar_lines(self, middle: int) -> tuple[int, int]:
        half = max(round(0.27 * self._pitch), 2)
        return middle - half, middle + half

    # -- drawing --------------------------------------------------------------

    def _line_color(self) -> Rgb:
        return mixed(self._look.panel, self._look.muted_text, 0.4)

    def _paint_swatch(self, image: np.ndarray, row: RewardRow, middle: int) -> None:
        """A square in the curve's colour; only its outline where the chart has no room for the curve."""
        if row.term is None and not row.is_total:
            return
        size, color = self._measures.px(9), self._look.text if row.term is None else rgb(term_color(row.term))
        left, top = self._box.left, middle - size // 2
        fill(image, left, top, left + size, top + size, color)
        if row.term is not None and row.term not in self._curves:
            edge = self._measures.px(1.5)
            fill(image, left + edge, top + edge, left + size - edge, top + size - edge, self._look.panel)

    def _paint_track(self, image: np.ndarray, middle: int) -> None:
        (left, right), (top, bottom) = self._bars, self._bar_lines(middle)
        fill(image, left, top, right, bottom, mixed(self._look.panel, self._look.muted_text, 0.16))
        self._draw_zero(image, middle)

    def _draw_zero(self, image: np.ndarray, middle: int) -> None:
        (left, right), (top, bottom) = self._bars, self._bar_lines(middle)
        zero = (left + right) // 2
        fill(image, zero, top - 1, zero + 1, bottom + 1, mixed(self._look.panel, self._look.muted_text, 0.8))

    def _draw_bar(self, image: np.ndarray, value: float, scale: float, middle: int) -> None:
        """From zero to the right for gains, with a dark end where the value is beyond the full bar."""
        if math.isnan(value) or value == 0:
            return
        (left, right), (top, bottom) = self._bars, self._bar_lines(middle)
        zero, full = (left + right) // 2 + 0.5, (right - left) / 2 - 1
        # A term that is not zero leaves a trace, however small.
        length = max(min(abs(value) / scale, 1.0) * full, 0.75)
        color, end_color = _LOSS if value < 0 else _GAIN
        start, tip = sorted((zero, zero + math.copysign(length, value)))
        fill(image, start, top, tip, bottom, color)
        if abs(value) > scale:
            edge = self._measures.px(3)
            start, tip = (start, start + edge) if value < 0 else (tip - edge, tip)
            fill(image, start, top, tip, bottom, end_color)
        self._draw_zero(image, middle)
