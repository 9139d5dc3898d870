"""The colours of a look as the rasteriser takes them: linear light and tables."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..theme import Look, Rgb
from .raster.kernels.tables import Paint

# What a white surface gets from the sun (facing it), from the sky above and from the ground below. Together with the
# light from the camera a surface that faces up in the sun is nearly white, and nothing is black.
_SUN = (0.64, 0.62, 0.58)
_SKY_LIGHT = (0.40, 0.42, 0.46)
_GROUND_LIGHT = (0.27, 0.27, 0.28)
_STEPS = 4096


def linear(srgb: Rgb) -> np.ndarray:
    """Linear light (3,) float32 of sRGB bytes (IEC 61966-2-1)."""
    return _table_to_linear()[np.asarray(srgb)]


@lru_cache
def paint_of(look: Look, has_ground: bool, reach: float) -> Paint:
    """The paint of a look. reach [m]: how far the ground is seen."""
    return Paint(
        sky_top=linear(look.sky_top),
        sky_bottom=linear(look.sky_bottom),
        ground=linear(look.ground),
        ground_dark=linear(look.ground_dark),
        sun=np.array(_SUN, np.float32),
        sky_light=np.array(_SKY_LIGHT, np.float32),
        ground_light=np.array(_GROUND_LIGHT, np.float32),
        has_ground=has_ground,
        reach=np.float32(reach),
        to_srgb=_table_to_srgb(),
        to_linear=_table_to_linear(),
    )


@lru_cache
def _table_to_linear() -> np.ndarray:
    """Linear light (256,) of sRGB bytes."""
    srgb = np.arange(256) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


@lru_cache
def _table_to_srgb() -> np.ndarray:
    """Bytes of sRGB, of linear light 0..1 in equal steps."""
    light = np.arange(_STEPS) / (_STEPS - 1)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * srgb).astype(np.uint8)
