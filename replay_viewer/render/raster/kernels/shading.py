"""Shading: the colours of what every sample sees, lit, and averaged to pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .arguments import Bytes1, Flags1, Flags2, Floats1, Floats2, Ints1, Ints2, Longs1, Longs2, Longs3, Rectangle
from .compiled import compiled, inlined, inner
from .coverage import NUMBER, SAMPLES_X, SAMPLES_Y
from .fragments import NUM_NUMBERS, NUM_PLACES, ROOM, colour, take
from .ground import background_row, shadow_row
from .tables import ENTITY, TRIANGLE, CameraTable, Paint, Placement, Sun, SurfaceTable
from .veils import VeilTable

_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_QUARTER, _FOUR = np.float32(0.25), np.float32(4)
# Columns of what a pixel sees of a triangle: the sum of its weights, how many samples, and the sum of their places.
_WEIGHT, _COUNT, _X, _Y = range(4)


class Desk(NamedTuple):
    """Memory that is overwritten row by row. Arrays in which the loops work without a name for them, see `tables`.

    Attributes:
        row: (3, W), its red, green and blue light.
        bodies: (4, W), what its bodies send, and the weight of what is seen beside them.
        steps: (3, W), the places of its light in the table of bytes.
        numbers: of the fragments that wait, see `fragments`.
        places: likewise.
    """

    row: Floats2
    bodies: Floats2
    steps: Ints2
    numbers: Floats1
    places: Longs1


def desk_for(width: int) -> Desk:
    """Room for the rows of pictures of a width [px]."""
    return Desk(
        row=np.empty((3, width), np.float32),
        bodies=np.empty((4, width), np.float32),
        steps=np.empty((3, width), np.int32),
        numbers=np.zeros(NUM_NUMBERS * ROOM, np.float32),
        places=np.zeros(NUM_PLACES * ROOM, np.int64),
    )


@compiled
def shade(
    samples: Longs3, covered: Rectangle, veils: VeilTable, points: Floats2, surfaces: SurfaceTable,
    placement: Placement, camera: CameraTable, sun: Sun, grid: Floats2, tiles: Flags2, shaded: Rectangle, paint: Paint,
    to_srgb: Ints1, to_linear: Floats1, desk: Desk, numbers: Longs1, shares: Floats2, shown: Flags1, picture: Bytes1,
) -> None:  # fmt: skip
    """Colour a picture (H * W * 3,), pixel by pixel.

    covered, shaded: left, top, right and bottom [px] of what may see triangles, and of ground that may lie in a shadow.
    to_srgb: (4096,) bytes of linear light in equal steps. to_linear: (256,) linear light of bytes.
    numbers, shares: (N,), and (N, 4) of zeros, which are overwritten: a pixel sees no more than N triangles, four and
    four for each layer of veils. shown: (F,), of the table's triangles, in which those
    are marked that are seen.
    """
    width = desk.row.shape[1]
    for y in range(len(picture) // (3 * width)):
        background_row(y, camera, paint, desk.row)
        if shaded[1] <= y < shaded[3] and paint.has_ground and camera.height > _ZERO:
            shadow_row(y, shaded[0], shaded[2], samples, covered, camera, sun, grid, tiles, desk.row)
        if covered[1] <= y < covered[3]:
            _body_row(
                y, covered[0], covered[2], samples, veils.hung, veils.first, veils.keys, veils.behind, numbers, shares,
                points, surfaces.vertices, surfaces.triangles, surfaces.texels, surfaces.mips, surfaces.num_mips,
                to_linear, placement.first_number, placement.instances, placement.alphas, placement.links,
                grid, tiles, camera, sun, paint, shown, desk.row, desk.bodies, desk.numbers, desk.places,
            )  # fmt: skip
        _encode_row(desk.row, to_srgb, desk.steps, picture[3 * width * y : 3 * width * (y + 1)])


@compiled
def label(
    samples: Longs3, left: int, top: int, right: int, bottom: int, first_number: Longs1, instances: Longs2,
    labels: Ints2,
) -> None:  # fmt: skip
    """The entity (H, W) that the sample nearest to the middle of each pixel sees, -1 for none."""
    labels[:] = -1
    for y in range(top, bottom):
        for x in range(left, right):
            if samples[y, x, 0] != 0:
                labels[y, x] = instances[_instance_of(samples[y, x, 0] & NUMBER, first_number), ENTITY]


@inner
def _body_row(
    y, left, right, samples, hung, first_veil, veil_keys, veils_behind, seen, shares, points,
    vertices, triangles, texels, mips, num_mips, to_linear,
    first_number, instances, alphas, links, grid, tiles, camera, sun, paint, shown, row, bodies, numbers, places,
):  # fmt: skip
    """Put what the samples of a row see over its background."""
    waiting = 0
    for x in range(left, right):
        bodies[0, x], bodies[1, x], bodies[2, x], bodies[3, x] = _ZERO, _ZERO, _ZERO, _FOUR
        if hung == 0:
            num_empty = _count_empty(samples, y, x)
            if num_empty == 4:
                continue
            count, bodies[3, x] = _seen_bare(y, x, samples, seen, shares), np.float32(num_empty)
        else:
            count, bodies[3, x] = _seen(
                y, x, samples, first_veil, veil_keys, veils_behind, first_number, alphas, seen, shares
            )
        for i in range(count):
            # All samples of one triangle are coloured at once, in their middle.
            px = np.float32(x) + shares[i, _X] / shares[i, _COUNT]
            py = np.float32(y) + shares[i, _Y] / shares[i, _COUNT]
            k = _instance_of(seen[i], first_number)
            t = seen[i] - first_number[k] + instances[k, TRIANGLE]
            shown[t] = True
            take(
                waiting, x, px, py, shares[i, _WEIGHT], k, t, points, vertices, triangles, instances, links, numbers,
                places,
            )  # fmt: skip
            waiting += 1
            if waiting == ROOM:
                colour(
                    waiting, numbers, places, points, vertices, triangles, instances, texels, mips, num_mips, to_linear,
                    grid, tiles, camera, sun, paint, bodies[0], bodies[1], bodies[2],
                )  # fmt: skip
                waiting = 0
    colour(
        waiting, numbers, places, points, vertices, triangles, instances, texels, mips, num_mips, to_linear, grid,
        tiles, camera, sun, paint, bodies[0], bodies[1], bodies[2],
    )  # fmt: skip
    for x in range(left, right):
        row[0, x] = _QUARTER * (bodies[0, x] + bodies[3, x] * row[0, x])
        row[1, x] = _QUARTER * (bodies[1, x] + bodies[3, x] * row[1, x])
        row[2, x] = _QUARTER * (bodies[2, x] + bodies[3, x] * row[2, x])


@inlined
def _count_empty(samples, y, x):
    """Before how many samples of a pixel nothing opaque is."""
    s = samples
    return int(s[y, x, 0] == 0) + int(s[y, x, 1] == 0) + int(s[y, x, 2] == 0) + int(s[y, x, 3] == 0)


@inlined
def _seen_bare(y, x, samples, numbers, shares):
    """Enter which triangles a pixel sees, as `_seen`, where there are no veils: how many.

    Without branches: where triangles are as small as pixels, processors guess wrongly.
    """
    count = 0
    for s in range(4):
        key, is_first = samples[y, x, s], samples[y, x, s] != 0
        weight, at_x, at_y = _ZERO, _ZERO, _ZERO
        for j in range(4):
            other = samples[y, x, j]
            is_same = (other != 0) & (other & NUMBER == key & NUMBER)
            is_first &= (j >= s) | (not is_same)
            weight += _ONE if is_same else _ZERO
            at_x += SAMPLES_X[j] if is_same else _ZERO
            at_y += SAMPLES_Y[j] if is_same else _ZERO
        numbers[count], shares[count, _WEIGHT], shares[count, _COUNT] = key & NUMBER, weight, weight
        shares[count, _X], shares[count, _Y] = at_x, at_y
        count += is_first
    return count


@inlined
def _seen(y, x, samples, first_veil, veil_keys, veils_behind, first_number, alphas, numbers, shares):
    """Enter which triangles a pixel sees into `numbers` and `shares`: how many, and the weight of the background.

    The weight of a sample is one; what its veils let through of it is that of what is behind them.
    """
    count, background = 0, _ZERO
    for s in range(4):
        through = _ONE
        veil = first_veil[y, x, s]
        while veil >= 0:
            number = veil_keys[veil] & NUMBER
            alpha = alphas[_instance_of(number, first_number)]
            count = _enter(number, through * alpha, s, count, numbers, shares)
            through *= _ONE - alpha
            veil = veils_behind[veil]
        if samples[y, x, s] == 0:
            background += through
        else:
            count = _enter(samples[y, x, s] & NUMBER, through, s, count, numbers, shares)
    return count, background


@inlined
def _enter(number, weight, s, count, numbers, shares):
    """Enter a triangle that a sample sees: how many there are then."""
    place = count
    for i in range(count):
        if numbers[i] == number:
            place = i
    numbers[place] = number
    kept = _ZERO if place == count else _ONE
    shares[place, _WEIGHT] = kept * shares[place, _WEIGHT] + weight
    shares[place, _COUNT] = kept * shares[place, _COUNT] + _ONE
    shares[place, _X] = kept * shares[place, _X] + SAMPLES_X[s]
    shares[place, _Y] = kept * shares[place, _Y] + SAMPLES_Y[s]
    return max(count, place + 1)


@inner
def _instance_of(number, first_number):
    """Which instance has the triangle of a number."""
    low, high = 0, len(first_number) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if first_number[middle] <= number:
            low = middle
        else:
            high = middle
    return low


@inner
def _encode_row(row, to_srgb, steps, pixels):
    """Linear light (3, W) to bytes (3 W,). What is no number is black: of two, `max` keeps the first then.

    steps: (3, W) int32, which it overwrites. Each loop does one thing, so that several pixels are done at once.
    """
    width = np.uint64(row.shape[1])
    for channel in range(3):
        for x in range(width):
            light = min(max(_ZERO, row[channel, x]), _ONE)
            steps[channel, x] = np.int32(light * np.float32(4095) + _HALF)
        for x in range(width):
            steps[channel, x] = to_srgb[np.uint64(steps[channel, x])]
    for x in range(row.shape[1]):
        pixels[3 * x] = np.uint8(steps[0, x])
        pixels[3 * x + 1] = np.uint8(steps[1, x])
        pixels[3 * x + 2] = np.uint8(steps[2, x])
