"""Painting into pictures in memory, (H, W, 3) uint8, in place. What lies outside a picture is left out."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from ...theme import Rgb

Align = Literal["left", "middle", "right"]

# Where text lies about a point, as a share of its width to the left of it.
_SHARES: dict[Align, float] = {"left": 0.0, "middle": 0.5, "right": 1.0}
# Shapes are drawn this much larger and then scaled down, for smooth edges.
_OVERSAMPLING = 4


def mixed(under: Rgb, over: Rgb, opacity: float) -> Rgb:
    """The colour that `over` makes of `under`."""
    red, green, blue = (round(u + (o - u) * opacity) for u, o in zip(under, over, strict=True))
    return red, green, blue


def tint(image: np.ndarray, color: Rgb, opacity: float) -> None:
    """Lay a colour over all of an image."""
    kept = round(256 * (1 - opacity))
    flat = _flat(image)
    values = flat * np.uint16(kept)
    values += _repeated(color, image.shape[1]) * np.uint16(256 - kept) + np.uint16(128)
    flat[:] = values >> 8


def fill(image: np.ndarray, left: float, top: int, right: float, bottom: int, color: Rgb) -> None:
    """A rectangle whose sides may lie inside a pixel, which is then covered in part."""
    first, last = max(math.floor(left), 0), min(math.ceil(right), image.shape[1])
    if first >= last:
        return
    whole_first, whole_last = max(math.ceil(left), 0), min(math.floor(right), image.shape[1])
    image[max(top, 0) : bottom, whole_first:whole_last] = color
    for column in {first, last - 1} - set(range(whole_first, whole_last)):
        coverage = min(right, column + 1) - max(left, column)
        part = image[max(top, 0) : bottom, column]
        part[:] = part + (np.array(color) - part) * coverage + 0.5


def blend(image: np.ndarray, mask: np.ndarray, left: int, top: int, color: Rgb) -> None:
    """A colour where a mask (h, w) of coverage 0..255 says; its upper left corner at (left, top)."""
    mask = mask[max(-top, 0) : max(image.shape[0] - top, 0), max(-left, 0) : max(image.shape[1] - left, 0)]
    if not mask.size:
        return
    left, top = max(left, 0), max(top, 0)
    part = image[top : top + mask.shape[0], left : left + mask.shape[1]]
    coverage = np.repeat(mask, 3, axis=1).astype(np.uint16)
    flat = _flat(part)
    values = flat * (255 - coverage)
    values += _repeated(color, mask.shape[1]) * coverage
    values += 128
    values += values >> 8  # With the shift below: divided by 255, rounded.
    flat[:] = values >> 8


def write(image: np.ndarray, mask: np.ndarray, x: float, middle: float, color: Rgb, align: Align = "left") -> None:
    """Text whose left side, middle or right side is at `x`, its capitals about the height `middle`."""
    blend(image, mask, round(x - _SHARES[align] * mask.shape[1]), round(middle - mask.shape[0] / 2), color)


@lru_cache(maxsize=64)
def rounded_mask(width: int, height: int, radius: int) -> np.ndarray:
    """Coverage of a rectangle with round corners."""
    big = Image.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING))
    corner = (big.width - 1, big.height - 1)
    ImageDraw.Draw(big).rounded_rectangle(((0, 0), corner), radius * _OVERSAMPLING, fill=255)
    return np.array(big.reduce(_OVERSAMPLING))


def dot(image: np.ndarray, x: float, y: float, radius: float, color: Rgb) -> None:
    """A disc about a point."""
    reach = math.ceil(radius) + 1
    left, top = math.floor(x) - reach, math.floor(y) - reach
    offsets = np.arange(2 * reach + 1) + 0.5
    distance = np.hypot(offsets[:, None] + top - y, offsets + left - x)
    coverage = np.clip(radius + 0.5 - distance, 0, 1)
    blend(image, (255 * coverage).astype(np.uint8), left, top, color)


def line_mask(size: tuple[int, int], points: np.ndarray, width: float) -> np.ndarray:
    """Coverage, of this size (w, h), of a line through points (P, 2); points that are not finite are gaps."""
    big = Image.new("L", (size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING))
    draw = ImageDraw.Draw(big)
    thick = max(round(width * _OVERSAMPLING), 1)
    for piece in _finite_pieces(points * _OVERSAMPLING):
        if len(piece) == 1:
            x, y = piece[0]
            draw.ellipse((x - thick, y - thick, x + thick, y + thick), fill=255)
        else:
            draw.line(piece.ravel().tolist(), fill=255, width=thick, joint="curve")
    return np.array(big.reduce(_OVERSAMPLING))


def _finite_pieces(points: np.ndarray) -> list[np.ndarray]:
    """The runs of finite points."""
    finite = np.isfinite(points).all(axis=1)
    cuts = np.flatnonzero(np.diff(finite)) + 1
    return [piece for piece in np.split(points, cuts) if len(piece) and np.isfinite(piece).all()]


def _flat(image: np.ndarray) -> np.ndarray:
    """The same pixels with all numbers of a line side by side, (H, 3 W), for which numpy is several times faster."""
    return image.reshape(len(image), image.shape[1] * image.shape[2])


@lru_cache(maxsize=512)
def _repeated(color: Rgb, count: int) -> np.ndarray:
    return np.tile(np.array(color, dtype=np.uint16), count)
