"""The legend: who is who in a picture of several recordings, in its upper left corner."""

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
# Names are cut at this share of the picture's width.
_NAME_SHARE = 0.4


class Entry(NamedTuple):
    """A name and the colour of what it names; None where that has colours of its own."""

    name: str
    color: Rgb | None


class Legend:
    """Names, one below the other, each behind a square of its colour."""

    def __init__(self, entries: Sequence[Entry], width: int, pixels: PixelScale, look: Look) -> None:
        """width: of the picture [px]."""
        self._pixels, self._look, self._font = pixels, look, pixels.font(14)
        self._colors = [entry.color for entry in entries]
        self._names = [fitted(entry.name, self._font, _NAME_SHARE * width) for entry in entries]
        self._square, self._margin, self._pitch = pixels.of(12), pixels.of(12), pixels.of(24)
        self._width = max((text_width(name, self._font) for name in self._names), default=0)

    def draw(self, image: np.ndarray) -> None:
        """Draw it into an image (H, W, 3) uint8."""
        margin, square = self._margin, self._square
        right = 4 * margin + square + self._width
        bottom = 2 * margin + len(self._names) * self._pitch
        tint(image[margin:bottom, margin:right], self._look.panel, _OPACITY)
        for row, (name, color) in enumerate(zip(self._names, self._colors, strict=True)):
            middle = 1.5 * margin + (row + 0.5) * self._pitch
            self._draw_square(image, 2 * margin, round(middle - square / 2), color)
            write(image, text_mask(name, self._font), 3 * margin + square, middle, self._look.text)

    def _draw_square(self, image: np.ndarray, left: int, top: int, color: Rgb | None) -> None:
        """A full one, or where there is no colour its outline."""
        size, line = self._square, self._pixels.of(2)
        blend(image, rounded_mask(size, size, self._pixels.of(3)), left, top, color or self._look.text)
        if color is None and size > 2 * line:
            inner = rounded_mask(size - 2 * line, size - 2 * line, 1)
            blend(image, inner, left + line, top + line, self._look.panel)
