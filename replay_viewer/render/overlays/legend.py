"""The legend: what colours mean in a picture, in its upper left corner: who is who, and what layers show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...theme import Look, Rgb
from .layout import PixelScale
from .painting import blend, rounded_mask, tint, write
from .text import fitted, text_mask, text_width

# As of the strip at the lower edge.
_OPACITY = 0.86
# The legend is cut at this share of the picture's width, and a name in it at this one.
_SHARE, _NAME_SHARE = 0.6, 0.4
# A scale is so many squares long, and is drawn in so many colours.
_SCALE_SQUARES, _SCALE_STEPS = 4, 32


class Entry(NamedTuple):
    """A name behind the colour of what it names.

    Attributes:
        name: what is said.
        colors: one; several, of a scale; or none, where what is named has colours of its own.
        has_mark: whether there is a mark before it; a note has none.
    """

    name: str
    colors: tuple[Rgb, ...] = ()
    has_mark: bool = True


class Row(NamedTuple):
    """Entries side by side.

    Attributes:
        entries: of the row.
        title: what they are about, before them.
    """

    entries: tuple[Entry, ...]
    title: str = ""


class Legend:
    """Rows, one below the other."""

    def __init__(self, rows: Sequence[Row], width: int, pixels: PixelScale, look: Look) -> None:
        """width: of the picture [px]."""
        self._pixels, self._look, self._rows, self._font = pixels, look, rows, pixels.font(14)
        self._square, self._margin, self._pitch = pixels.of(12), pixels.of(12), pixels.of(24)
        self._name_room, self._room = _NAME_SHARE * width, _SHARE * width
        titles = [text_width(self._fitted(row.title), self._font) for row in rows if row.title]
        # Below each other, so that what they are about is found at a glance.
        self._title_width = max(titles) + self._margin if titles else 0
        self._size = self._measured()

    def draw(self, image: np.ndarray) -> None:
        """Draw it into an image (H, W, 3) uint8."""
        margin, (width, height) = self._margin, self._size
        part = image[margin : margin + height, margin : margin + width]
        tint(part, self._look.panel, _OPACITY)
        self._write(part)

    def _measured(self) -> tuple[int, int]:
        """Width and height [px]."""
        height = self._margin + len(self._rows) * self._pitch
        return self._write(np.zeros((height, 1, 3), np.uint8)) + self._margin, height

    def _write(self, image: np.ndarray) -> int:
        """Write all rows into an image of the legend alone; returns where the longest ends [px]."""
        right = 0
        for index, row in enumerate(self._rows):
            middle = 0.5 * self._margin + (index + 0.5) * self._pitch
            right = max(right, self._write_row(image, row, middle))
        return right

    def _write_row(self, image: np.ndarray, row: Row, middle: float) -> int:
        left = end = self._margin
        if row.title:
            write(image, text_mask(self._fitted(row.title), self._font), left, middle, self._look.text)
            left = end = left + self._title_width
        for entry in row.entries:
            start = left + self._mark(image, entry, left, middle)
            name = fitted(entry.name, self._font, min(self._name_room, self._room - start - self._margin))
            color = self._look.muted_text if row.title else self._look.text
            if not name:
                break
            write(image, text_mask(name, self._font), start, middle, color)
            end = start + text_width(name, self._font)
            left = end + self._margin
        return end

    def _mark(self, image: np.ndarray, entry: Entry, left: int, middle: float) -> int:
        """Draw what is before a name; returns how much room it takes [px]."""
        size = self._square
        if not entry.has_mark:
            return 0
        top, count = round(middle - size / 2), _SCALE_SQUARES if len(entry.colors) > 1 else 1
        shape = rounded_mask(count * size, size, self._pixels.of(3))
        if count > 1:
            bounds = np.rint(np.linspace(0, count * size, _SCALE_STEPS + 1)).astype(int).tolist()
            for first, last, color in zip(bounds[:-1], bounds[1:], _steps(entry.colors), strict=True):
                blend(image, shape[:, first:last], left + first, top, color)
        else:
            blend(image, shape, left, top, entry.colors[0] if entry.colors else self._look.text)
        if not entry.colors:
            self._hollow(image, left, top)
        return count * size + self._margin

    def _hollow(self, image: np.ndarray, left: int, top: int) -> None:
        """Leave a square's outline."""
        line, inner = self._pixels.of(2), self._square - 2 * self._pixels.of(2)
        if inner > 0:
            blend(image, rounded_mask(inner, inner, 1), left + line, top + line, self._look.panel)

    def _fitted(self, text: str) -> str:
        return fitted(text, self._font, self._name_room)


def _steps(colors: Sequence[Rgb]) -> list[Rgb]:
    """A scale in steps."""
    places, stops = np.linspace(0, len(colors) - 1, _SCALE_STEPS), np.arange(len(colors))
    mixed = np.stack([np.interp(places, stops, channel) for channel in np.array(colors).T], axis=-1)
    return [(red, green, blue) for red, green, blue in np.rint(mixed).astype(int).tolist()]
