"""The rewards panel of several takes: a number of each in every row, and charts of the takes over each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...numerals import number_format, number_text
from ...replay.compared_rewards import ComparedRewards, Quantity, quantities
from ...replay.world import World
from ...rollout.episodes import Episode
from ...rollout.rewards import bar_scale, chart_range, full_range
from ...theme import Look, Rgb
from .charts import Axes, Curve, VideoChart
from .layout import Box, PanelLayout, PixelScale
from .painting import fill, mixed, write
from .rewards import Contents, Rows
from .text import fitted, number_mask, number_width, text_mask, widest_text

# At least this share of a row is the name.
_NAME_SHARE = 0.3
# What stands in the place of a number where a take waits, or has none.
_NONE = "-"

_REWARD, _RETURN = Quantity("reward"), Quantity("return")


def compared_rewards(world: World, pixels: PixelScale, look: Look, episode: Episode) -> Contents:
    """The rewards of all takes at the times of one of the lead's episodes."""
    world, steps = world.with_env(episode.env_index), range(episode.first_step, episode.last_step + 1)
    found, rewards = quantities(world), ComparedRewards()
    steps_of_time = [take.replay.rollout.control_dt for take in world.takes]
    # Amounts of different steps do not compare.
    is_rate = len(set(steps_of_time)) > 1
    factors = 1 / np.array(steps_of_time) if is_rate else np.ones(len(steps_of_time))
    values = {each: rewards.values(world, each, steps) * (factors if each.is_per_step else 1.0) for each in found}
    colors = [look.text if take.tint is None else take.tint for take in world.takes]
    charts = _charts(values, colors, world.lead.replay.rollout.control_dt, is_rate, pixels, look)

    def make_rows(layout: PanelLayout) -> Rows:
        shown = _largest({each: values[each] for each in found if each.is_per_step}, layout.most_rows)
        box, pitch = layout.rows(len(shown)), layout.pitch(len(shown))
        return ComparedRows(shown, colors, box, pitch, layout.heading_middle, pixels, look)

    return Contents(f"rewards {'per second' if is_rate else 'at this step'}", make_rows, charts)


class ComparedRows:
    """Draws rows with a number of each take, below squares in the colours of the takes; of two also the difference.

    Args:
        values: (S, T) of each row.
        colors: of the takes, T of them.
        box: where the rows are.
        pitch: height of a row [px].
        heading_middle: height of the squares [px].
        pixels: how large things are.
        look: colours.
    """

    def __init__(
        self,
        values: dict[Quantity, np.ndarray],
        colors: Sequence[Rgb],
        box: Box,
        pitch: float,
        heading_middle: int,
        pixels: PixelScale,
        look: Look,
    ) -> None:
        self._values = {each: _with_difference(rows) for each, rows in values.items()}
        self._colors, self._box, self._pitch, self._look = colors, box, pitch, look
        self._heading_middle, self._pixels = heading_middle, pixels
        self._form = number_format(bar_scale(np.hstack(list(values.values()))), least_decimals=2) if values else ".2f"
        self._heading = text_mask("difference" if len(colors) == 2 else "", pixels.font(12))
        self._letters = self._size_of_letters()
        self._rights = self._columns()

    def __len__(self) -> int:
        return len(self._values)

    def paint(self, image: np.ndarray) -> None:
        """Names, and a square above each column."""
        size = self._pixels.of(10)
        for right, color in zip(self._rights, self._colors, strict=False):
            top = self._heading_middle - size // 2
            fill(image, right - size, top, right, top + size, color)
        if len(self._colors) == 2:
            write(image, self._heading, self._box.right, self._heading_middle, self._look.muted_text, "right")
        room = self._rights[0] - self._width - self._box.left - self._pixels.of(8)
        for index, quantity in enumerate(self._values):
            middle = self._middle(index)
            if quantity == _REWARD and index:
                top = round(middle - self._pitch / 2)
                line = mixed(self._look.panel, self._look.muted_text, 0.4)
                fill(image, self._box.left, top, self._box.right, top + 1, line)
            name = text_mask(fitted(quantity.label, self._letters, room), self._letters)
            write(image, name, self._box.left, middle, self._look.text)

    def draw(self, image: np.ndarray, step: int) -> None:
        """The numbers of a step of the episode."""
        for index, values in enumerate(self._values.values()):
            for right, value in zip(self._rights, values[step].tolist(), strict=True):
                text = _NONE if math.isnan(value) else number_text(value, self._form)
                color = self._look.muted_text if math.isnan(value) else self._look.text
                write(image, number_mask(text, self._letters), right, self._middle(index), color, "right")

    def _middle(self, index: int) -> int:
        return round(self._box.top + (index + 0.5) * self._pitch)

    @property
    def _width(self) -> int:
        """Of the widest number [px]."""
        return self._width_in(self._letters)

    def _width_in(self, letters: int) -> int:
        texts = [widest_text(values, self._form) for values in self._values.values()]
        return max((number_width(text, letters) for text in texts), default=0)

    @property
    def _num_columns(self) -> int:
        return len(self._colors) + (len(self._colors) == 2)

    def _size_of_letters(self) -> int:
        """As in other rows, or smaller where many takes need the room."""
        room = (1 - _NAME_SHARE) * self._box.width / self._num_columns
        sizes = [self._pixels.font(size) for size in (14, 13, 12, 11, 10)]
        return next((size for size in sizes if self._width_in(size) + self._pixels.of(8) <= room), sizes[-1])

    def _columns(self) -> list[int]:
        """The right side of each column."""
        pitch = max(self._width, self._pixels.of(10), self._heading.shape[1]) + self._pixels.of(12)
        return [self._box.right - pitch * place for place in reversed(range(self._num_columns))]


def _with_difference(values: np.ndarray) -> np.ndarray:
    """Values (S, T), of two takes with a third column, by how much the other's are beyond the lead's."""
    return np.column_stack([values, values[:, 1] - values[:, 0]]) if values.shape[1] == 2 else values


def _largest(values: dict[Quantity, np.ndarray], most: int) -> dict[Quantity, np.ndarray]:
    """The rows that there is room for: those with the largest values, in their order, and the reward in any case."""
    sizes = {each: np.nan_to_num(np.abs(rows), nan=0.0).max(initial=0.0) for each, rows in values.items()}
    ranked = sorted(values, key=lambda each: (each != _REWARD, -sizes[each]))[:most]
    return {each: rows for each, rows in values.items() if each in ranked}


def _charts(
    values: dict[Quantity, np.ndarray],
    colors: Sequence[Rgb],
    control_dt: float,
    is_rate: bool,
    pixels: PixelScale,
    look: Look,
) -> list[VideoChart]:
    """The reward, the return, and by how much the others' returns are beyond the lead's; those that are known."""
    rate = "per second" if is_rate else "per step"
    returns = values[_RETURN]
    gaps = returns[:, 1:] - returns[:, :1]
    wanted = [
        (f"reward {rate}", values.get(_REWARD), colors, chart_range),
        ("return so far", returns, colors, full_range),
        ("difference of the returns", gaps, colors[1:], full_range),
    ]
    charts: list[VideoChart] = []
    for title, curves, shades, range_of in wanted:
        shown = None if curves is None else range_of(curves)
        if curves is not None and shown is not None:
            axes = Axes(len(curves), (len(curves) - 1) * control_dt, *shown)
            # The lead's is above the others'.
            lines = [Curve(curve, color, 1.6 * pixels.factor) for curve, color in zip(curves.T, shades, strict=True)]
            charts.append(VideoChart(title, axes, lines[::-1], pixels, look))
    return charts
