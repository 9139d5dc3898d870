"""Colours of textures: which level of one to read, and the mean of the texels about a place."""

from __future__ import annotations

import numpy as np

from .compiled import inner
from .tables import U, V

_ZERO, _QUARTER, _HALF = np.float32(0), np.float32(0.25), np.float32(0.5)
_ONE, _TWO = np.float32(1), np.float32(2)


@inner
def pixels_per_texture(points, vertices, pa, pb, pc, a, b, c, pixels_per_meter, facing):
    """Area of the picture [px^2] that a whole texture would cover, as it lies on a triangle."""
    ux, uy, uz = points[pb, 0] - points[pa, 0], points[pb, 1] - points[pa, 1], points[pb, 2] - points[pa, 2]
    vx, vy, vz = points[pc, 0] - points[pa, 0], points[pc, 1] - points[pa, 1], points[pc, 2] - points[pa, 2]
    cx, cy, cz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    in_space = np.sqrt(cx * cx + cy * cy + cz * cz)
    su, sv = vertices[b, U] - vertices[a, U], vertices[b, V] - vertices[a, V]
    tu, tv = vertices[c, U] - vertices[a, U], vertices[c, V] - vertices[a, V]
    in_texture = max(abs(su * tv - sv * tu), np.float32(1e-12))
    return in_space * pixels_per_meter * pixels_per_meter * max(facing, np.float32(0.1)) / in_texture


@inner
def texture_color(texels, mips, num_mips, to_linear, texture, u, v, pixels):
    """Linear colour of a texture at (u, v), from the level in which a pixel covers about one texel.

    pixels: area of the picture [px^2] that the whole texture would cover.
    """
    level = 0
    density = np.float32(mips[texture, 0, 1]) * np.float32(mips[texture, 0, 2]) / max(pixels, np.float32(1e-9))
    while density > _TWO and level < num_mips[texture] - 1:
        density *= _QUARTER
        level += 1
    first, width, height = mips[texture, level, 0], mips[texture, level, 1], mips[texture, level, 2]
    x = (u - np.floor(u)) * np.float32(width) - _HALF
    y = (v - np.floor(v)) * np.float32(height) - _HALF
    column, row = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - np.float32(column), y - np.float32(row)
    red, green, blue = _ZERO, _ZERO, _ZERO
    for j in range(2):
        for i in range(2):
            weight = (fx if i else _ONE - fx) * (fy if j else _ONE - fy)
            r, g, b = _texel(texels, to_linear, first, width, height, column + i, row + j)
            red, green, blue = red + weight * r, green + weight * g, blue + weight * b
    return red, green, blue


@inner
def _texel(texels, to_linear, first, width, height, column, row):
    """Linear colour of a texel; the texture repeats."""
    i = first + (row % height) * width + column % width
    return to_linear[texels[i, 0]], to_linear[texels[i, 1]], to_linear[texels[i, 2]]
