"""Rows of the panel of several takes: a number of each in every row, below the colours of the takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ...numerals import number_format, number_text
from ...rollout.rewards import bar_scale
from ...theme import Look, Rgb
from .layout import PanelLayout, PixelScale
from .painting import fill, mixed, write
from .text import fitted, number_mask, number_width, text_mask, widest_text

# At least this share of a row is the name.
_NAME_SHARE = 0.3
# What stands in the place of a number where a take waits, or has none.
_NONE = "-"


class ComparedRows:
    """Draws rows with a number in each column, below what heads it: a square in the colour of a take, or a word.

    Args:
        values: (S, C) of each row, by its name.
        heads: of the columns, C of them.
        layout: of the panel.
        pixels: how large things are.
        look: colours.
        ruled: the row that has a line above it, if it is not the first.
    """

    def __init__(
        self,
        values: Mapping[str, np.ndarray],
        heads: Sequence[Rgb | str],
        layout: PanelLayout,
        pixels: PixelScale,
        look: Look,
        ruled: str = "",
    ) -> None:
        self._values, self._heads, self._look, self._ruled = values, heads, look, ruled
        self._box, self._pitch = layout.rows(len(values)), layout.pitch(len(values))
        self._heading_middle, self._pixels = layout.heading_middle, pixels
        self._form = number_format(bar_scale(np.hstack(list(values.values()))), least_decimals=2) if values else ".2f"
        words = [text_mask(head, pixels.font(12)).shape[1] for head in heads if isinstance(head, str)]
        self._widest_head = max([pixels.of(10), *words])
        self._letters = self._size_of_letters()
        self._rights = self._columns()

    def __len__(self) -> int:
        return len(self._values)

    def paint(self, image: np.ndarray) -> None:
        """Names, and what heads each column."""
        size = self._pixels.of(10)
        for right, head in zip(self._rights, self._heads, strict=True):
            if isinstance(head, str):
                mask = text_mask(head, self._pixels.font(12))
                write(image, mask, right, self._heading_middle, self._look.muted_text, "right")
            else:
                top = self._heading_middle - size // 2
                fill(image, right - size, top, right, top + size, head)
        room = self._rights[0] - self._width - self._box.left - self._pixels.of(8)
        for index, label in enumerate(self._values):
            middle = self._middle(index)
            if label == self._ruled and index:
                top = round(middle - self._pitch / 2)
                line = mixed(self._look.panel, self._look.muted_text, 0.4)
                fill(image, self._box.left, top, self._box.right, top + 1, line)
            name = text_mask(fitted(label, self._letters, room), self._letters)
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

    def _size_of_letters(self) -> int:
        """As in other rows, or smaller where many takes need the room."""
        room = (1 - _NAME_SHARE) * self._box.width / len(self._heads)
        sizes = [self._pixels.font(size) for size in (14, 13, 12, 11, 10)]
        return next((size for size in sizes if self._width_in(size) + self._pixels.of(8) <= room), sizes[-1])

    def _columns(self) -> list[int]:
        """The right side of each column."""
        pitch = max(self._width, self._widest_head) + self._pixels.of(12)
        return [self._box.right - pitch * place for place in reversed(range(len(self._heads)))]


def with_difference(values: np.ndarray) -> np.ndarray:
    """Values (S, 2) of two takes with a third column, by how much the other's are beyond the lead's."""
    return np.column_stack([values, values[:, 1] - values[:, 0]])
