"""Labels: the texts of layers, where a camera sees their places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...camera.presets import CameraPose
from ...theme import Look
from ..motion_check import projected
from .layout import PixelScale
from .painting import tint, write
from .text import fitted, text_mask, text_width

_OPACITY = 0.7
# Texts are cut at this share of the picture's width.
_SHARE = 0.4


def draw_labels(
    image: np.ndarray, labels: Sequence[tuple[np.ndarray, str]], camera: CameraPose, pixels: PixelScale, look: Look
) -> None:
    """Write texts into a picture (H, W, 3), the nearest last: each about a place (3,) in the world [m]."""
    height, width = image.shape[:2]
    font, padding = pixels.font(13), pixels.of(4)
    nearness = [-float(np.linalg.norm(place - camera.position)) for place, _ in labels]
    for index in np.argsort(nearness, kind="stable"):
        place, text = labels[index]
        x, y = projected(place, camera, (width, height)).tolist()
        text = fitted(text, font, _SHARE * width)
        if np.isfinite(x) and text:
            half = text_width(text, font) / 2 + padding
            box = image[max(round(y) - font, 0) : round(y) + font, max(round(x - half), 0) : round(x + half)]
            tint(box, look.panel, _OPACITY)
            write(image, text_mask(text, font), x, y, look.text, "middle")
