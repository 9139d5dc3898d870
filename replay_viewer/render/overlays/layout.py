"""How large things are in a video of some size, and where they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Lines of the landscape video for which lengths are stated.
_REFERENCE = 720
# In smaller videos nothing becomes smaller than this share; letters would be illegible.
_LEAST_SCALE = 0.65
_LEAST_LETTERS = 9


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


class Measures(NamedTuple):
    """Lengths stated for a video of 720 lines, in pixels of another one."""

    scale: float

    def px(self, length: float) -> int:
        """A length, at least one pixel."""
        return max(round(length * self.scale), 1)

    def font(self, size: float) -> int:
        """A size of letters that can be read."""
        return max(round(size * self.scale), _LEAST_LETTERS)


def measures_of(size: tuple[int, int]) -> Measures:
    """The measures for a video of this size; those of an upright one are as large as those of a landscape one."""
    return Measures(max(min(size) / _REFERENCE, _LEAST_SCALE))
