"""Rows of the rewards panel: names, bars and numbers of what every reward term gives at a step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...numerals import largest_of, number_format, number_text
from ...rollout.rewards import ROUNDING, EpisodeRewards, bar_scale
from ...theme import GAIN_COLOR, GAIN_END_COLOR, LOSS_COLOR, LOSS_END_COLOR, Look, Rgb, rgb_bytes, term_color
from .layout import Box, PixelScale
from .painting import fill, mixed, write
from .text import fitted, number_mask, number_width, text_mask, text_width, widest_text

# At most this share of a row is the name.
_NAME_SHARE = 0.5
# Of bars, and of their ends where a value is beyond the full bar.
_GAIN = (rgb_bytes(GAIN_COLOR), rgb_bytes(GAIN_END_COLOR))
_LOSS = (rgb_bytes(LOSS_COLOR), rgb_bytes(LOSS_END_COLOR))


@dataclass(frozen=True)
class RewardRow:
    """One number of every step of an episode.

    Attributes:
        name: what it is.
        values: (S,).
        form: of their text.
        scale: value of a full bar, None without a bar.
        term: index of the reward term, None of a sum.
        is_total: set off from the terms above it.
        is_note: less important than the others.
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


class RewardRows:
    """Draws rows into a box of a picture, one below the other: `paint` once for an episode, `draw` for each step."""

    def __init__(
        self,
        rows: Sequence[RewardRow],
        box: Box,
        pitch: float,
        pixels: PixelScale,
        look: Look,
        curves: Sequence[int],
    ) -> None:
        """Get ready to draw.

        Args:
            rows: from top to bottom.
            box: where they are.
            pitch: height of a row [px].
            pixels: how large things are.
            look: colours.
            curves: the terms whose colours are a key to a chart.
        """
        self._rows, self._box, self._pitch, self._pixels, self._look = rows, box, pitch, pixels, look
        self._curves = frozenset(curves)
        self._letters = pixels.font(14)
        self._indent = pixels.of(16)
        self._bars = self._bar_columns()

    def __len__(self) -> int:
        return len(self._rows)

    def paint(self, image: np.ndarray) -> None:
        """Names, the swatches of curves, and the tracks of the bars."""
        for index, row in enumerate(self._rows):
            middle = self._middle(index)
            if row.is_total and index:
                top = round(middle - self._pitch / 2)
                fill(image, self._box.left, top, self._box.right, top + 1, self._line_color())
            self._paint_swatch(image, row, middle)
            left = self._box.left + self._indent
            right = self._bars[0] - self._pixels.of(8) if row.scale is not None else self._bars[1]
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
            color = self._look.muted_text if row.is_note or math.isnan(value) else self._look.text
            number = number_mask(number_text(value, row.form), self._letters)
            write(image, number, self._box.right, middle, color, "right")

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
        return left + self._pixels.of(12), max(right - self._pixels.of(12), left)

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
        size, color = self._pixels.of(9), self._look.text if row.term is None else rgb_bytes(term_color(row.term))
        left, top = self._box.left, middle - size // 2
        fill(image, left, top, left + size, top + size, color)
        if row.term is not None and row.term not in self._curves:
            edge = self._pixels.of(1.5)
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
            edge = self._pixels.of(3)
            start, tip = (start, start + edge) if value < 0 else (tip - edge, tip)
            fill(image, start, top, tip, bottom, end_color)
        self._draw_zero(image, middle)


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
