"""Title cards: the images between the episodes of a film, which name the one that comes next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...theme import Look
from .layout import pixel_scale
from .painting import fill, write
from .text import fitted, text_mask

# Share of the width that text may take.
_TEXT_SHARE = 0.84


def title_card(size: tuple[int, int], title: str, lines: Sequence[str], look: Look) -> np.ndarray:
    """A title with lines of text below it, in the middle of an image of the sky's colours; long ones are cut.

    Args:
        size: width and height [px].
        title: of one line.
        lines: as many as there is room for are shown, the last one says how many are missing.
        look: colours.

    Returns:
        (H, W, 3) uint8.
    """
    pixels = pixel_scale(size)
    image = _sky(size, look)
    large, small = pixels.font(40), pixels.font(20)
    pitch, rule = pixels.of(32), pixels.of(58)
    shown = _as_many_as_fit(lines, max((size[1] - 3 * rule) // pitch, 0))
    middle = size[1] / 2 - len(shown) * pitch / 2
    width = _TEXT_SHARE * size[0]
    write(image, text_mask(fitted(title, large, width), large), size[0] / 2, middle, look.text, "middle")
    if shown:
        top, half = round(middle + 0.6 * rule), pixels.of(28)
        fill(image, size[0] / 2 - half, top, size[0] / 2 + half, top + pixels.of(3), look.accent)
    for index, line in enumerate(shown):
        mask = text_mask(fitted(line, small, width), small)
        write(image, mask, size[0] / 2, middle + 1.2 * rule + index * pitch, look.muted_text, "middle")
    return image


def _as_many_as_fit(lines: Sequence[str], room: int) -> list[str]:
    if len(lines) <= room:
        return list(lines)
    kept = lines[: max(room - 1, 0)]
    return [*kept, f"and {len(lines) - len(kept)} more"] if room else []


def _sky(size: tuple[int, int], look: Look) -> np.ndarray:
    """A gradient from top to bottom."""
    share = np.linspace(0, 1, size[1])[:, None, None]
    top, bottom = np.array(look.sky_top), np.array(look.sky_bottom)
    column = np.rint(top + (bottom - top) * share).astype(np.uint8)
    return np.repeat(column, size[0], axis=1)
