"""Coverage: which triangle is nearest at each sample of a picture.

A picture has four samples per pixel on a rotated grid. `samples` (H, W, 4) int64 holds what each sees: the bits of the
inverse depth as a float32, which order as the depth does, then 32 bits of the triangle's number; 0 is nothing. So the
nearest is the largest, whatever the order of triangles, and a maximum without a branch enters it: processors guess
wrongly at every other edge of small triangles (measured: two thirds of the time).

Triangles that face the camera come first, since they hide most of the others, which are not even tried then: where all
samples of the tiles that one reaches are nearer than it is (N. Greene, "Hierarchical Z-buffer visibility", 1993).
"""

from __future__ import annotations

import numpy as np

from .arguments import Doubles2, Floats2, Ints2, Longs3
from .compiled import compiled, inlined, inner

# Where the samples lie in a pixel: each has a row and a column of its own, so that no slope of an edge is worst.
SAMPLES_X = np.array([0.375, 0.875, 0.125, 0.625], dtype=np.float32)
SAMPLES_Y = np.array([0.125, 0.375, 0.625, 0.875], dtype=np.float32)

# The bits of a sample that are the triangle's number.
NUMBER = 0xFFFFFFFF

_ZERO, _QUARTER, _HALF, _ONE = np.float32(0), np.float32(0.25), np.float32(0.5), np.float32(1)
# A triangle of this area [px^2] has corners where no numbers are left; so it is taken for none.
_TOO_LARGE = np.float32(1e30)
# Corners farther out than this [px] need more than 24 bits, or edges within the picture are off by whole pixels.
_FAR_OUT = np.float32(1 << 14)
# More columns than a picture has.
_WIDEST = np.float32(1e6)
# Triangles wider than this [px] are worth finding the columns of each row.
_WIDE = np.float32(6)
# Side of a tile [px].
TILE = 2
# What rounding may add to an inverse depth: this share of the largest coordinate times the slope, and of itself. Ten
# times what the sum of all roundings is.
_ROUNDING, _ROUNDING_OF_DEPTH = np.float32(1e-5), np.float32(1 + 1e-5)


@compiled
def clear(samples: Longs3, left: int, top: int, right: int, bottom: int) -> None:
    """Empty a rectangle of the picture."""
    for y in range(top, bottom):
        for x in range(left, right):
            for s in range(4):
                samples[y, x, s] = 0


@compiled
def cover(
    points: Floats2, picture: Floats2, triangles: Ints2, first_number: int, near: np.float32, focal: np.float32,
    center_x: np.float32, center_y: np.float32, corners: Doubles2, tiles: Floats2, samples: Longs3,
) -> None:  # fmt: skip
    """Enter triangles (F, 3), numbered from `first_number` on, of points before the camera and in the picture.

    corners: (4, 3), tiles: (H / TILE, W / TILE), rounded up; both are overwritten.
    """
    for is_away in range(2):
        if is_away:
            _look_at_tiles(picture, samples, tiles)
        for t in range(len(triangles)):
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            az, bz, cz = picture[a, 2], picture[b, 2], picture[c, 2]
            seen = (az > _ZERO) + (bz > _ZERO) + (cz > _ZERO)
            if seen == 3 and not _is_far_out(picture, a, b, c):
                ax, ay, bx, by = picture[a, 0], picture[a, 1], picture[b, 0], picture[b, 1]
                cx, cy = picture[c, 0], picture[c, 1]
                area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
                if (area > _ZERO) != (is_away == 1):
                    continue
                if is_away and _is_hidden(ax, ay, az, bx, by, bz, cx, cy, cz, area, samples, tiles):
                    continue
                _fill(ax, ay, az, bx, by, bz, cx, cy, cz, first_number + t, samples)
            elif seen > 0 and not is_away:
                _fill_cut(points, picture, a, b, c, near, focal, center_x, center_y, first_number + t, corners, samples)


@inner
def _look_at_tiles(picture, samples, tiles):
    """Find the least inverse depth in each tile that points of the picture reach."""
    left, top, right, bottom = _WIDEST, _WIDEST, -_ONE, -_ONE
    for i in range(len(picture)):
        left, right = min(left, picture[i, 0]), max(right, picture[i, 0])
        top, bottom = min(top, picture[i, 1]), max(bottom, picture[i, 1])
    height, width = samples.shape[0], samples.shape[1]
    for v in range(_within(top, height) // TILE, _within(bottom, height) // TILE + 1):
        for u in range(_within(left, width) // TILE, _within(right, width) // TILE + 1):
            least = samples[v * TILE, u * TILE, 0]
            for y in range(v * TILE, min((v + 1) * TILE, height)):
                for x in range(u * TILE, min((u + 1) * TILE, width)):
                    for s in range(4):
                        least = min(least, samples[y, x, s])
            tiles[v, u] = np.int32(least >> 32).view(np.float32)


@inner
def _within(place, count):
    """The row or column of a place [px], the nearest one there is."""
    return int(min(max(_ZERO, place), np.float32(count - 1)))


@inner
def _is_hidden(ax, ay, az, bx, by, bz, cx, cy, cz, area, samples, tiles):
    """Whether all samples that a triangle may reach are nearer than it can be, with what rounding may add to it."""
    left, right, top, bottom = min(ax, bx, cx), max(ax, bx, cx), min(ay, by, cy), max(ay, by, cy)
    nearest, farthest = max(az, bz, cz), min(az, bz, cz)
    reach = max(max(-left, right), max(-top, bottom)) + _ONE
    added = _ROUNDING * reach * (right - left + bottom - top) * (nearest - farthest)
    height, width = samples.shape[0], samples.shape[1]
    for v in range(_within(top, height) // TILE, _within(bottom, height) // TILE + 1):
        for u in range(_within(left, width) // TILE, _within(right, width) // TILE + 1):
            if not ((tiles[v, u] - nearest * _ROUNDING_OF_DEPTH) * abs(area) > added):
                return False
    return True


@inner
def _is_far_out(picture, a, b, c):
    """Whether a corner is so far out of the picture that float32 does not do."""
    x = max(abs(picture[a, 0]), abs(picture[b, 0]), abs(picture[c, 0]))
    return max(x, abs(picture[a, 1]), abs(picture[b, 1]), abs(picture[c, 1])) > _FAR_OUT


@inner
def _fill_cut(points, picture, a, b, c, near, focal, center_x, center_y, number, corners, samples):
    """Enter a triangle of which some corners are too near: the part beyond the near plane, of three or four corners."""
    n = 0
    for k in range(3):
        i = a if k == 0 else (b if k == 1 else c)
        j = b if k == 0 else (c if k == 1 else a)
        if picture[i, 2] > _ZERO:
            corners[n, 0], corners[n, 1], corners[n, 2] = picture[i, 0], picture[i, 1], picture[i, 2]
            n += 1
        if (picture[i, 2] > _ZERO) != (picture[j, 2] > _ZERO):
            corners[n, 0], corners[n, 1], corners[n, 2] = _cut(points, i, j, near, focal, center_x, center_y)
            n += 1
    for k in range(1, n - 1):
        _fill_far(
            corners[0, 0], corners[0, 1], corners[0, 2],
            corners[k, 0], corners[k, 1], corners[k, 2],
            corners[k + 1, 0], corners[k + 1, 1], corners[k + 1, 2],
            number, samples,
        )  # fmt: skip


@inner
def _cut(points, i, j, near, focal, center_x, center_y):
    """Where the edge between two points before the camera goes through the near plane: x, y [px], inverse depth."""
    ax, ay, az = np.float64(points[i, 0]), np.float64(points[i, 1]), np.float64(points[i, 2])
    t = (near - az) / (points[j, 2] - az)
    x, y = ax + t * (points[j, 0] - ax), ay + t * (points[j, 1] - ay)
    inverse = 1 / np.float64(near)
    return x * inverse * focal + center_x, y * inverse * focal + center_y, inverse


@inner
def _fill(ax, ay, az, bx, by, bz, cx, cy, cz, number, samples):
    """Enter one triangle of the picture: corners [px] with inverse depth, which is linear over the picture."""
    first, last, left, right, planes = _planes(ax, ay, az, bx, by, bz, cx, cy, cz, samples.shape[0], samples.shape[1])
    if right - left > _WIDE:
        _fill_rows(planes, first, last, left, right, number, samples)
    else:
        _fill_pixels(planes, first, last, left, right, number, samples.shape[2], samples)


@inner
def _fill_far(ax, ay, az, bx, by, bz, cx, cy, cz, number, samples):
    """Enter one triangle whose corners may be far out of the picture, in float64."""
    first, last, left, right, planes = _planes(ax, ay, az, bx, by, bz, cx, cy, cz, samples.shape[0], samples.shape[1])
    _fill_rows(planes, first, last, left, right, number, samples)


@inlined
def _planes(ax, ay, az, bx, by, bz, cx, cy, cz, height, width):
    """Rows of samples and columns that a triangle may cover, and its planes; of nothing, the last row is -1.

    Rows of samples lie at (k + 1/2) / 4; of each pixel, a row has one. The planes are the barycentric weights of a and
    b, and the inverse depth, from the third corner on.
    """
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    is_drawn = _ZERO < abs(area) < _TOO_LARGE
    rows = np.float32(4 * height)
    first = int(np.ceil(min(max(np.float32(4) * min(ay, by, cy) - _HALF, _ZERO), rows)))
    last = int(np.floor(min(max(np.float32(4) * max(ay, by, cy) - _HALF, -_ONE), rows - _ONE)))
    left, right = max(min(ax, bx, cx), _ZERO), min(max(ax, bx, cx), np.float32(width))
    if not is_drawn or right < left:
        first, last, left, right = 0, -1, left - left, right - right
    scale = _ONE / area
    a_x, a_y = (by - cy) * scale, (cx - bx) * scale
    b_x, b_y = (cy - ay) * scale, (ax - cx) * scale
    z_x = (az - cz) * a_x + (bz - cz) * b_x
    z_y = (az - cz) * a_y + (bz - cz) * b_y
    return first, last, left, right, (a_x, a_y, b_x, b_y, z_x, z_y, cx, cy, cz)


@inlined
def _fill_rows(planes, first, last, left, right, number, samples):
    """Enter a wide triangle, one row of samples after the other."""
    a_x, a_y, b_x, b_y, z_x, z_y, cx, cy, cz = planes
    for k in range(first, last + 1):
        y, s = k >> 2, k & 3
        offset = SAMPLES_X[s]
        low, high = int(np.ceil(max(left - offset, _ZERO))), int(np.floor(right - offset))
        high = min(high, samples.shape[1] - 1)
        dx, dy = offset - cx, (np.float32(k) + _HALF) * _QUARTER - cy
        a_0, b_0 = a_x * dx + a_y * dy, b_x * dx + b_y * dy
        z_0 = cz + z_x * dx + z_y * dy
        low, high = _narrowed(low, high, a_x, a_0)
        low, high = _narrowed(low, high, b_x, b_0)
        low, high = _narrowed(low, high, -a_x - b_x, _ONE - a_0 - b_0)
        for x in range(low, high + 1):
            column = np.float32(x)
            a, b = a_0 + a_x * column, b_0 + b_x * column
            z = z_0 + z_x * column
            inside = (a >= _ZERO) & (b >= _ZERO) & (a + b <= _ONE) & (z > _ZERO)
            sample = np.int64(np.float32(z).view(np.int32)) << 32 | number
            samples[y, x, s] = max(samples[y, x, s], sample if inside else 0)


@inlined
def _fill_pixels(planes, first, last, left, right, number, four, samples):
    """Enter a narrow triangle, all samples of a pixel at once.

    `four` is how many those are, handed over so that the compiler makes one step of them: it would take a loop of a
    known count apart.
    """
    a_x, a_y, b_x, b_y, z_x, z_y, cx, cy, cz = planes
    for y in range(first >> 2, (last >> 2) + 1):
        for x in range(int(left), min(int(right) + 1, samples.shape[1])):
            column = np.float32(x)
            for s in range(four):
                k = 4 * y + s
                offset = SAMPLES_X[s]
                dx, dy = offset - cx, (np.float32(k) + _HALF) * _QUARTER - cy
                a_0, b_0 = a_x * dx + a_y * dy, b_x * dx + b_y * dy
                z_0 = cz + z_x * dx + z_y * dy
                a, b = a_0 + a_x * column, b_0 + b_x * column
                z = z_0 + z_x * column
                inside = (a >= _ZERO) & (b >= _ZERO) & (a + b <= _ONE) & (z > _ZERO)
                inside &= (k >= first) & (k <= last) & (column >= left - offset) & (column <= right - offset)
                sample = np.int64(np.float32(z).view(np.int32)) << 32 | number
                samples[y, x, s] = max(samples[y, x, s], sample if inside else 0)


@inner
def _narrowed(low, high, slope, value):
    """The part of columns low..high where value + slope * column may be positive; a column more at either end."""
    if slope > _ZERO:
        low = max(low, int(min(max(-_ONE, -value / slope), _WIDEST)) - 1)
    elif slope < _ZERO:
        high = min(high, int(min(max(-_ONE, -value / slope), _WIDEST)) + 1)
    return low, high
