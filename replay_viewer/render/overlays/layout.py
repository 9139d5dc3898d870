"""The layout of a video: how large things are in it, and where they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Lines of the landscape video for which lengths are stated.
_REFERENCE_LINES = 720
# In smaller videos nothing becomes smaller than this share; letters would be illegible.
_LEAST_SCALE = 0.65
_LEAST_LETTERS = 9

# Of the rewards panel, for a video of 720 lines.
_PADDING, _HEADING, _LEAST_PITCH, _MOST_PITCH, _LEAST_CHARTS = 16, 30, 18, 24, 280
# Where charts are beside the rows: the rows' share of the width.
_ROWS_SHARE = 0.46


class Box(NamedTuple):
    """A rectangle in a picture [px], without its last column and line."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    def of(self, image: np.ndarray) -> np.ndarray:
        """The part (h, w, ...) of an image, as a view."""
        return image[self.top : self.bottom, self.left : self.right]


class PixelScale(NamedTuple):
    """What lengths that are stated for a video of 720 lines are in another one.

    Attributes:
        factor: from there to here.
    """

    factor: float

    def of(self, length: float) -> int:
        """Pixels of a length, at least one."""
        return max(round(length * self.factor), 1)

    def font(self, size: float) -> int:
        """A size of letters [px] that can be read."""
        return max(round(size * self.factor), _LEAST_LETTERS)


def pixel_scale(size: tuple[int, int]) -> PixelScale:
    """The scale for a video of this size; an upright one has that of a landscape one."""
    return PixelScale(max(min(size) / _REFERENCE_LINES, _LEAST_SCALE))


def picture_beside(size: tuple[int, int], pixels: PixelScale) -> tuple[int, int]:
    """What the panel leaves of a video for the picture: beside it in a landscape video, else above it; even numbers."""
    width, height = size
    if width >= 1.2 * height:
        panel = min(max(round(0.31 * width), pixels.of(330)), pixels.of(440), width // 2)
        return (width - panel) // 2 * 2, height
    panel = min(max(round(0.36 * height), pixels.of(330)), pixels.of(480), height // 2)
    return width, (height - panel) // 2 * 2


class PanelLayout:
    """Where things are in the rewards panel.

    It has rows with a heading, and the charts below them, or beside them if the panel is wider than high.
    """

    def __init__(self, size: tuple[int, int], pixels: PixelScale, has_charts: bool) -> None:
        """size: of the panel [px]."""
        self._pixels = pixels
        (width, height), padding = size, pixels.of(_PADDING)
        self._inside = Box(padding, padding // 2, width - padding, height - padding // 2)
        self._is_upright, self._has_charts = height >= width, has_charts

    @property
    def heading_middle(self) -> int:
        """Height of the line above the rows [px]."""
        return self._inside.top + self._pixels.of(_HEADING) // 2

    @property
    def most_rows(self) -> int:
        """Rows that there is room for."""
        return max(self._rows_room // self._pixels.of(_LEAST_PITCH), 1)

    def pitch(self, num_rows: int) -> float:
        """Height of each of so many rows [px]."""
        return min(self._rows_room / max(num_rows, 1), self._pixels.of(_MOST_PITCH))

    def rows(self, num_rows: int) -> Box:
        """Where the rows are."""
        top = self._inside.top + self._pixels.of(_HEADING)
        bottom = round(top + num_rows * self.pitch(num_rows))
        return Box(self._inside.left, top, self._left_column_right, bottom)

    def charts(self, num_rows: int) -> Box:
        """Where the charts are."""
        if self._is_upright:
            return self._inside._replace(top=self.rows(num_rows).bottom + self._pixels.of(12))
        return self._inside._replace(left=self._left_column_right + self._pixels.of(2 * _PADDING))

    @property
    def _left_column_right(self) -> int:
        share = 1.0 if self._is_upright or not self._has_charts else _ROWS_SHARE
        return self._inside.left + round(share * self._inside.width)

    @property
    def _rows_room(self) -> int:
        below = self._pixels.of(_LEAST_CHARTS) if self._is_upright and self._has_charts else 0
        return self._inside.height - self._pixels.of(_HEADING) - below
