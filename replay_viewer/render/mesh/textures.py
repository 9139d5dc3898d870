"""Textures as one array of texels: every image with its mip levels, each half as large as the one before."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from ...robot.materials import linear_of_bytes, to_linear

# Edge of the largest level [texels], and how many texels all textures together may have before their mip levels:
# ANYmal C's 17 images of 2048 x 2048 would take 290 MB with them. At half the edges it is 71 MB, and a texel on its
# trunk is 0.7 mm, about a pixel of a picture that it fills.
LARGEST = 4096
_BUDGET = 24 << 20
# Larger images are not decoded: a few kilobytes can claim gigabytes.
_MOST_PIXELS = 8192 * 8192
# Columns that are worked on at once, so that an image's linear light is never held as a whole.
_COLUMNS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class TextureAtlas:
    """Levels of textures behind each other.

    Attributes:
        texels: (T, 3) uint8, sRGB.
        table: (n, levels, 3) int32, offset of the first texel, width and height of a level; rows from the top of the
            image down.
        num_levels: (n,) int32, how many levels a texture has; the last is 1 x 1.
    """

    texels: np.ndarray
    table: np.ndarray
    num_levels: np.ndarray


def make_atlas(images: Mapping[str, Any]) -> tuple[TextureAtlas, dict[str, int], dict[str, str]]:
    """The atlas of Pillow's images by name; its index by name, and why an image by name had to be left out.

    Equal files become one texture. Alpha is ignored, as glTF does in opaque materials: what lies below it is the
    colour that was meant at the edges.
    """
    limit = _limit({_identity(image): image.size for image in images.values()}.values())
    found: dict[object, int] = {}
    index: dict[str, int] = {}
    problems: dict[str, str] = {}
    textures: list[list[np.ndarray]] = []
    for name, image in images.items():
        key = _identity(image)
        if key not in found:
            try:
                textures.append(mip_levels(_decoded(image, limit)))
            except Exception as error:  # Readers of broken files fail in any way there is.
                problems[name] = " ".join(str(error).split()) or type(error).__name__
                continue
            found[key] = len(textures) - 1
        index[name] = found[key]
    return _packed(textures), index, problems


def mip_levels(pixels: np.ndarray) -> list[np.ndarray]:
    """An image (H, W, 3) uint8 and its levels down to 1 x 1, averaged in linear light."""
    levels = [pixels]
    while max(levels[-1].shape[:2]) > 1:
        levels.append(_halved(levels[-1]))
    return levels


def _limit(sizes: Iterable[tuple[int, int]]) -> int:
    """The edge [texels] that images of these sizes are limited to."""
    limit = LARGEST
    sizes = np.array(list(sizes)).reshape(-1, 2)
    while limit > 1 and np.minimum(sizes, limit).prod(axis=1).sum() > _BUDGET:
        limit //= 2
    return limit


def _identity(image: Any) -> object:
    """Equal for images of equal files."""
    file = getattr(image, "fp", None)
    return file.getvalue() if isinstance(file, io.BytesIO) else id(image)


def _decoded(image: Any, limit: int) -> np.ndarray:
    """The pixels (H, W, 3) uint8 of an image, halved until its edges are within the limit."""
    width, height = image.size
    if width * height > _MOST_PIXELS:
        raise ValueError(f"it has {width} x {height} pixels")
    if isinstance(getattr(image, "fp", None), io.BytesIO):
        # A copy: the viewer writes the image's own file into its meshes, and decoding lets go of it.
        image = Image.open(io.BytesIO(image.fp.getvalue()), formats=[image.format])
        image.draft("RGB", (min(width, limit), min(height, limit)))  # JPEG decodes to half the size in half the time.
    pixels = np.asarray(_eight_bits(image).convert("RGB"))
    while max(pixels.shape[:2]) > limit:
        pixels = _halved(pixels)
    return pixels


def _eight_bits(image: Any) -> Any:
    """The image, scaled if it has 16 bits of grey, which Pillow would clip."""
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)) if image.mode.startswith("I;16") else image


def _halved(pixels: np.ndarray) -> np.ndarray:
    """An image (H, W, 3) uint8 of half the edges, rounded down."""
    count = -(-pixels.shape[1] // _COLUMNS_AT_ONCE)
    strips = [_half(linear_of_bytes()[strip], 0) for strip in np.array_split(pixels, count, axis=1)]
    light = _half(np.concatenate(strips, axis=1), 1)
    return _bytes_of_light()[(light * 65535 + 0.5).astype(np.uint16)]


def _half(light: np.ndarray, axis: int) -> np.ndarray:
    """Means along an axis, of parts of equal length.

    With an odd number of rows each part covers two and a bit more, which neighbours share (S. Guthe and P. Heckbert,
    Non-power-of-two mipmapping, NVIDIA, 2005).
    """
    rows = np.moveaxis(light, axis, 0)
    half = len(rows) // 2
    if half == 0:
        return light
    if len(rows) % 2 == 0:
        means = (rows[0::2] + rows[1::2]) * np.float32(0.5)
    else:
        place = np.arange(half, dtype=np.float32)[:, None, None]
        shares = (half - place) * rows[:-1:2] + half * rows[1::2] + (place + 1) * rows[2::2]
        means = shares / np.float32(len(rows))
    return np.moveaxis(means, 0, axis)


def _packed(textures: list[list[np.ndarray]]) -> TextureAtlas:
    num_levels = np.array([len(levels) for levels in textures], np.int32)
    table = np.zeros((len(textures), num_levels.max(initial=1), 3), np.int32)
    offset = 0
    for row, levels in zip(table, textures, strict=True):
        for entry, level in zip(row, levels, strict=False):
            entry[:] = offset, level.shape[1], level.shape[0]
            offset += level.shape[0] * level.shape[1]
    texels = [level.reshape(-1, 3) for levels in textures for level in levels]
    return TextureAtlas(np.concatenate([np.zeros((0, 3), np.uint8), *texels]), table, num_levels)


@lru_cache
def _bytes_of_light() -> np.ndarray:
    """The nearest sRGB byte of linear light 0..1 in 65536 equal steps."""
    limits = to_linear((np.arange(255) + 0.5) / 255)
    return np.searchsorted(limits, np.arange(65536) / 65535).astype(np.uint8)
