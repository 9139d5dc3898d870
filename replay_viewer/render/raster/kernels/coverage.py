"""Coverage: which triangle is nearest at each sample of a picture.

A picture has four samples per pixel on a rotated grid. `samples` (H, W, 4) int64 holds what each sees: the bits of the
inverse depth as a float32, which order as the depth does, then 32 bits of the triangle's number; 0 is nothing. So the
nearest is the largest, whatever the order of triangles, and a maximum without a branch enters it: processors guess
wrongly at every other edge of small triangles (measured: two thirds of the time).

Triangles that the last picture showed come first, since they hide most of the others, which are not even tried then:
where all samples of the tiles that one reaches are nearer than it is (N. Greene, "Hierarchical Z-buffer visibility",
1993). What is expected of them wrongly costs time alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .arguments import Doubles2, Flags1, Floats1, Floats2, Ints1, Ints2, Longs2, Longs3
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
_WIDE = 6
# Pixels of a row whose samples are tried in one loop, and of each sample its column, its row and its offset there. They
# are pairs, so that always eight samples are tried at once: those left over would be tried one by one, at branches that
# processors guess wrongly (measured: more than half of the time). So samples have one column more than a picture.
_STRETCH = 8
COLUMNS = (np.arange(4 * _STRETCH) // 4).astype(np.float32)
ROWS = (np.arange(4 * _STRETCH) % 4).astype(np.float32)
OFFSETS = np.resize(SAMPLES_X, 4 * _STRETCH)
_FIRST_OFFSET, _LAST_OFFSET = SAMPLES_X.min(), SAMPLES_X.max()
# Triangles of a batch, and where their numbers lie in it: corners, planes, what they may cover and how near they are.
_BATCH = 64
_AX, _AY, _AZ, _BX, _BY, _BZ, _CX, _CY, _CZ = range(0, 9 * _BATCH, _BATCH)
_A_X, _A_Y, _B_X, _B_Y, _Z_X, _Z_Y = range(9 * _BATCH, 15 * _BATCH, _BATCH)
_FIRST, _LAST, _LEFT, _RIGHT, _LOW, _HIGH, _NEAREST = range(15 * _BATCH, 22 * _BATCH, _BATCH)
# Side of a tile [px].
TILE = 2


class Room(NamedTuple):
    """Memory that is overwritten. Arrays in which the loops work without a name for them, see `tables`.

    Attributes:
        corners: (4, 3), of what is left of a triangle that is cut.
        batch: what triangles are, number by number, so that eight of them are worked out at once.
        numbers: of the triangles of a batch.
        tiles: (H / TILE, W / TILE), rounded up, the least inverse depth in each.
    """

    corners: Doubles2
    batch: Floats1
    numbers: Ints1
    tiles: Floats2


def room_for(height: int, width: int) -> Room:
    """Room for pictures of a size [px]."""
    tiles = np.zeros((-(-height // TILE), -(-width // TILE)), np.float32)
    return Room(np.zeros((4, 3)), np.zeros(22 * _BATCH, np.float32), np.zeros(_BATCH, np.int32), tiles)


@compiled
def clear(samples: Longs3, left: int, top: int, right: int, bottom: int) -> None:
    """Empty a rectangle of the picture."""
    for y in range(top, bottom):
        for x in range(left, right):
            for s in range(4):
                samples[y, x, s] = 0


@compiled
def cover(
    points: Floats2, picture: Floats2, triangles: Ints2, shown: Flags1, is_rest: bool, first_number: int,
    near: np.float32, focal: np.float32, center_x: np.float32, center_y: np.float32, room: Room, samples: Longs2,
) -> None:  # fmt: skip
    """Enter triangles (F, 3), numbered from `first_number` on, of points before the camera and in the picture.

    At first, of those that face the camera, the ones that the last picture has `shown` (F,). Then the rest, for which
    the tiles have to be looked at. samples: (H, 4 W + 4).
    """
    count = 0
    for t in range(len(triangles)):
        if not (is_rest or shown[t]):
            continue
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        az, bz, cz = picture[a, 2], picture[b, 2], picture[c, 2]
        seen = (az > _ZERO) + (bz > _ZERO) + (cz > _ZERO)
        if seen == 3 and not _is_far_out(picture, a, b, c):
            # Whether it stays in the batch is no branch, at which processors would guess wrongly.
            count += _put(picture, a, b, c, t, count, room.batch, room.numbers) & shown[t] != is_rest
            if count == _BATCH:
                _enter(room.batch, room.numbers, count, is_rest, first_number, room.tiles, samples)
                count = 0
        elif seen > 0 and is_rest:
            _fill_cut(
                points, picture, a, b, c, near, focal, center_x, center_y, first_number + t, room.corners, samples
            )
    _enter(room.batch, room.numbers, count, is_rest, first_number, room.tiles, samples)


@compiled
def look_at_tiles(samples: Longs2, left: int, top: int, right: int, bottom: int, tiles: Floats2) -> None:
    """Find the least inverse depth in each of the tiles (H / TILE, W / TILE), rounded up, in a rectangle [px]."""
    height, width = samples.shape[0], samples.shape[1] - 4
    for v in range(top // TILE, (bottom + TILE - 1) // TILE):
        for u in range(left // TILE, (right + TILE - 1) // TILE):
            least = samples[v * TILE, u * TILE * 4]
            for y in range(v * TILE, min((v + 1) * TILE, height)):
                for x in range(u * TILE * 4, min((u + 1) * TILE * 4, width)):
                    least = min(least, samples[y, x])
            tiles[v, u] = np.int32(least >> 32).view(np.float32)


@inlined
def _put(picture, a, b, c, t, i, batch, numbers):
    """Put a triangle into a place of a batch; whether it faces the camera."""
    ax, ay, bx, by = picture[a, 0], picture[a, 1], picture[b, 0], picture[b, 1]
    cx, cy = picture[c, 0], picture[c, 1]
    batch[_AX + i], batch[_AY + i], batch[_AZ + i] = ax, ay, picture[a, 2]
    batch[_BX + i], batch[_BY + i], batch[_BZ + i] = bx, by, picture[b, 2]
    batch[_CX + i], batch[_CY + i], batch[_CZ + i] = cx, cy, picture[c, 2]
    numbers[i] = t
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) <= _ZERO


@inner
def _enter(batch, numbers, count, is_rest, first_number, tiles, samples):
    """Enter a batch of triangles."""
    _work_out(batch, np.float32(samples.shape[0]), np.float32(samples.shape[1] // 4 - 1))
    for i in range(count):
        first, last = int(batch[_FIRST + i]), int(batch[_LAST + i])
        left, right = int(batch[_LEFT + i]), int(batch[_RIGHT + i])
        if last < first or right < left:
            continue
        if is_rest and _is_hidden(first >> 2, last >> 2, left, right, batch[_NEAREST + i], tiles):
            continue
        planes = (
            batch[_A_X + i], batch[_A_Y + i], batch[_B_X + i], batch[_B_Y + i], batch[_Z_X + i], batch[_Z_Y + i],
            batch[_CX + i], batch[_CY + i], batch[_CZ + i],
        )  # fmt: skip
        low, high = batch[_LOW + i], batch[_HIGH + i]
        number = first_number + numbers[i]
        _fill(planes, batch[_NEAREST + i], first, last, left, right, low, high, number, samples)


@inner
def _is_hidden(top, bottom, left, right, nearest, tiles):
    """Whether all tiles of some pixels are nearer than this."""
    for v in range(top // TILE, bottom // TILE + 1):
        for u in range(left // TILE, right // TILE + 1):
            if not tiles[v, u] > nearest:
                return False
    return True


@inner
def _work_out(batch, height, width):
    """Work out what the triangles of a batch cover, eight at once; in its free places, something of no use."""
    for i in range(_BATCH):
        ax, ay, az = batch[_AX + i], batch[_AY + i], batch[_AZ + i]
        bx, by, bz = batch[_BX + i], batch[_BY + i], batch[_BZ + i]
        cx, cy, cz = batch[_CX + i], batch[_CY + i], batch[_CZ + i]
        first, last, left, right, low, high, planes = _covered(ax, ay, az, bx, by, bz, cx, cy, cz, height, width)
        batch[_FIRST + i], batch[_LAST + i], batch[_LEFT + i], batch[_RIGHT + i] = first, last, left, right
        batch[_LOW + i], batch[_HIGH + i] = low, high
        batch[_A_X + i], batch[_A_Y + i], batch[_B_X + i], batch[_B_Y + i] = planes[0], planes[1], planes[2], planes[3]
        batch[_Z_X + i], batch[_Z_Y + i] = planes[4], planes[5]
        batch[_NEAREST + i] = max(az, bz, cz)


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
def _fill_far(ax, ay, az, bx, by, bz, cx, cy, cz, number, samples):
    """Enter one triangle whose corners may be far out of the picture, in float64."""
    width = np.float32(samples.shape[1] // 4 - 1)
    first, last, left, right, low, high, planes = _covered(
        ax, ay, az, bx, by, bz, cx, cy, cz, np.float32(samples.shape[0]), width
    )
    _fill(planes, max(az, bz, cz), int(first), int(last), int(left), int(right), low, high, number, samples)


@inlined
def _covered(ax, ay, az, bx, by, bz, cx, cy, cz, height, width):
    """What a triangle may cover, and its planes.

    First and last row of samples, which lie at (k + 1/2) / 4, so that a pixel has one in each of four; for nothing, the
    last is -1. Then columns of pixels, and the places between which their samples have to lie. The planes are the
    barycentric weights of a and b, and the inverse depth, from the third corner on.
    """
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    rows = np.float32(4) * height
    first = np.ceil(min(max(np.float32(4) * min(ay, by, cy) - _HALF, _ZERO), rows))
    last = np.floor(min(max(np.float32(4) * max(ay, by, cy) - _HALF, -_ONE), rows - _ONE))
    low, high = max(min(ax, bx, cx), _ZERO), min(max(ax, bx, cx), width)
    is_drawn = (abs(area) > _ZERO) & (abs(area) < _TOO_LARGE) & (low <= high)
    first, last = first if is_drawn else _ZERO, last if is_drawn else -_ONE
    left, right = np.ceil(low - _LAST_OFFSET), min(np.floor(high - _FIRST_OFFSET), width - _ONE)
    scale = _ONE / area
    a_x, a_y = (by - cy) * scale, (cx - bx) * scale
    b_x, b_y = (cy - ay) * scale, (ax - cx) * scale
    z_x = (az - cz) * a_x + (bz - cz) * b_x
    z_y = (az - cz) * a_y + (bz - cz) * b_y
    return first, last, left, right, low, high, (a_x, a_y, b_x, b_y, z_x, z_y, cx, cy, cz)


@inlined
def _fill(planes, nearest, first, last, left, right, low, high, number, samples):
    """Enter a triangle, all samples of a pixel at once: rows of samples, columns of pixels, places low to high.

    nearest: the most that its inverse depth is, beyond which roundings of a narrow one would go.
    """
    a_x, a_y, b_x, b_y, z_x, z_y, cx, cy, cz = planes
    lowest, highest = np.float32(first), np.float32(last)
    for y in range(first >> 2, (last >> 2) + 1):
        begin, end = left, right
        if right - left > _WIDE:
            dx, dy = _HALF - cx, np.float32(y) + _HALF - cy
            a_0, b_0 = a_x * dx + a_y * dy, b_x * dx + b_y * dy
            a_more, b_more = _HALF * (abs(a_x) + abs(a_y)), _HALF * (abs(b_x) + abs(b_y))
            begin, end = _narrowed(begin, end, a_x, a_0 + a_more)
            begin, end = _narrowed(begin, end, b_x, b_0 + b_more)
            begin, end = _narrowed(begin, end, -a_x - b_x, _ONE - a_0 - b_0 + a_more + b_more)
        for x in range(begin, end + 1, _STRETCH):
            start, row = np.uint64(4 * x), np.float32(4 * y)
            for j in range(np.uint64(8 * min(_STRETCH // 2, (end - x) // 2 + 1))):
                column, k, offset = np.float32(x) + COLUMNS[j], row + ROWS[j], OFFSETS[j]
                dx, dy = offset - cx, (k + _HALF) * _QUARTER - cy
                a_0, b_0 = a_x * dx + a_y * dy, b_x * dx + b_y * dy
                z_0 = cz + z_x * dx + z_y * dy
                a, b = a_0 + a_x * column, b_0 + b_x * column
                z = min(z_0 + z_x * column, nearest)
                inside = (a >= _ZERO) & (b >= _ZERO) & (a + b <= _ONE) & (z > _ZERO)
                inside &= (k >= lowest) & (k <= highest) & (column >= low - offset) & (column <= high - offset)
                sample = np.int64(np.float32(z).view(np.int32)) << 32 | number
                samples[y, start + j] = max(samples[y, start + j], sample if inside else 0)


@inner
def _narrowed(low, high, slope, value):
    """The part of columns low..high where value + slope * column may be positive; a column more at either end."""
    if slope > _ZERO:
        low = max(low, int(min(max(-_ONE, -value / slope), _WIDEST)) - 1)
    elif slope < _ZERO:
        high = min(high, int(min(max(-_ONE, -value / slope), _WIDEST)) + 1)
    return low, high
