"""Pictures as films have them: brightness for each pixel, and colour for each 2x2 of them (YUV 4:2:0).

The matrix is that of ITU-R BT.709 with its limited range, 16 to 235 and 16 to 240. A colour is that of the mean of its
four pixels.
"""

from __future__ import annotations

import numpy as np

from .arguments import Bytes1
from .compiled import compiled, inlined, inner

_RED, _BLUE = 0.2126, 0.0722
_GREEN = 1 - _RED - _BLUE


def _shares(scale: float, red: float, green: float, blue: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(part * scale / 255) for part in (red, green, blue))


_Y_R, _Y_G, _Y_B = _shares(219, _RED, _GREEN, _BLUE)
# Of the sums of four pixels.
_U_R, _U_G, _U_B = _shares(224 / 8 / (1 - _BLUE), -_RED, -_GREEN, 1 - _BLUE)
_V_R, _V_G, _V_B = _shares(224 / 8 / (1 - _RED), 1 - _RED, -_GREEN, -_BLUE)
# Their zeros, and a half for rounding.
_Y_ZERO, _UV_ZERO = np.float32(16.5), np.float32(128.5)
_TWO = np.float32(2)


@compiled
def to_planes(picture: Bytes1, width: int, planes: Bytes1) -> None:
    """Turn a picture of sRGB of a width [px], pixel by pixel, into its planes behind each other, each row by row.

    The planes are of even size: of an odd picture, the last column or row counts twice.
    """
    height = len(picture) // (3 * width)
    half = (width + 1) // 2
    wide, high = 2 * half, 2 * ((height + 1) // 2)
    for y in range(high):
        first = 3 * width * min(y, height - 1)
        _brightness(picture[first : first + 3 * width], planes[y * wide : (y + 1) * wide])
    for v in range(high // 2):
        upper, lower = 3 * width * 2 * v, 3 * width * min(2 * v + 1, height - 1)
        first = high * wide + v * half
        second = first + (high // 2) * half
        _colours(
            picture[upper : upper + 3 * width], picture[lower : lower + 3 * width], planes[first : first + half],
            planes[second : second + half],
        )  # fmt: skip


@inner
def _brightness(row, out):
    """Brightness (W rounded up,) of a row of pixels (3 W,)."""
    width = len(row) // 3
    for x in range(width):
        r, g, b = np.float32(row[3 * x]), np.float32(row[3 * x + 1]), np.float32(row[3 * x + 2])
        out[x] = np.uint8(np.int32(_Y_R * r + _Y_G * g + _Y_B * b + _Y_ZERO))
    out[len(out) - 1] = out[width - 1]


@inner
def _colours(upper, lower, u, v):
    """Colours (W / 2 rounded up,) of two rows of pixels (3 W,)."""
    width = len(upper) // 3
    for x in range(width // 2):
        r = np.float32(upper[6 * x]) + np.float32(upper[6 * x + 3])
        g = np.float32(upper[6 * x + 1]) + np.float32(upper[6 * x + 4])
        b = np.float32(upper[6 * x + 2]) + np.float32(upper[6 * x + 5])
        r += np.float32(lower[6 * x]) + np.float32(lower[6 * x + 3])
        g += np.float32(lower[6 * x + 1]) + np.float32(lower[6 * x + 4])
        b += np.float32(lower[6 * x + 2]) + np.float32(lower[6 * x + 5])
        u[x], v[x] = _colour(r, g, b)
    if width % 2:
        last = len(upper) - 3
        r = _TWO * (np.float32(upper[last]) + np.float32(lower[last]))
        g = _TWO * (np.float32(upper[last + 1]) + np.float32(lower[last + 1]))
        b = _TWO * (np.float32(upper[last + 2]) + np.float32(lower[last + 2]))
        u[width // 2], v[width // 2] = _colour(r, g, b)


@inlined
def _colour(r, g, b):
    """The two numbers of a colour, of sums over four pixels."""
    return (
        np.uint8(np.int32(_U_R * r + _U_G * g + _U_B * b + _UV_ZERO)),
        np.uint8(np.int32(_V_R * r + _V_G * g + _V_B * b + _UV_ZERO)),
    )
