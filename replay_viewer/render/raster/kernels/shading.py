"""Shading: the colours of what every sample sees, lit, and averaged to pixels."""

from __future__ import annotations

import numpy as np

from .arguments import Bytes1, Bytes3, Flags1, Flags2, Floats1, Floats2, Ints2, Longs1, Longs2, Longs3, Rectangle
from .compiled import compiled, inlined, inner
from .coverage import NUMBER, SAMPLES_X, SAMPLES_Y
from .ground import SQUARE, background_row, band, shadow_row
from .shadows import light_near
from .tables import (
    COLOR,
    ENTITY,
    FIRST_LINK,
    IS_TERRAIN,
    LINK,
    NORMAL,
    POINT,
    TEXTURE,
    TINT,
    TINT_SHARE,
    TRIANGLE,
    VERTEX,
    CameraTable,
    Paint,
    Placement,
    Sun,
    SurfaceTable,
    U,
    V,
)  # fmt: skip
from .texturing import pixels_per_texture, texture_color
from .veils import VeilTable

_ZERO, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
_QUARTER, _FOUR = np.float32(0.25), np.float32(4)
# Columns of what a pixel sees of a triangle: the sum of its weights, how many samples, and the sum of their places.
_WEIGHT, _COUNT, _X, _Y = range(4)

# How a surface shines: exponent and strength of its highlight, and how much it mirrors the sky at its rim.
_GLOSS, _RIM = np.float32(0.11), np.float32(0.16)
# Shadows are looked up this far above a surface [m], or so many cells of their grid, so that it does not shade itself.
_LIFT, _LIFT_IN_CELLS = np.float32(0.004), np.float32(1)
# Down to this height [m] above the ground, what faces down is in the dark of the ground.
_NEAR_GROUND = np.float32(0.12)
_GROUND_DARKENS = np.float32(0.85)
# Light that comes from the camera, as LIGHTS.head of the theme. What is compiled knows of changes in this folder alone.
HEADLIGHT = np.float32(0.18)
# What the dark squares of a terrain's checker take of its colour: enough to see how fast a robot goes over it.
_DARK_SQUARE = np.float32(0.16)
_PER_SQUARE = np.float32(1.0 / SQUARE)
# Black plastic still shows its form.
_BLACKEST = np.float32(0.012)


@compiled
def shade(
    samples: Longs3, covered: Rectangle, veils: VeilTable, points: Floats2, surfaces: SurfaceTable,
    placement: Placement, camera: CameraTable, sun: Sun, grid: Floats2, tiles: Flags2, shaded: Rectangle, paint: Paint,
    to_srgb: Bytes1, to_linear: Floats1, row: Floats2, steps: Ints2, numbers: Longs1, shares: Floats2, shown: Flags1,
    picture: Bytes3,
) -> None:  # fmt: skip
    """Colour a picture (H, W, 3).

    covered, shaded: left, top, right and bottom [px] of what may see triangles, and of ground that may lie in a shadow.
    to_srgb: (4096,) bytes of linear light in equal steps. to_linear: (256,) linear light of bytes.
    row, steps: (3, W), which are overwritten. numbers, shares: (N,), and (N, 4) of zeros, likewise: a pixel sees no
    more than N triangles, four and four for each layer of veils. shown: (F,), of the table's triangles, in which those
    are marked that are seen.
    """
    for y in range(picture.shape[0]):
        background_row(y, camera, paint, row)
        if shaded[1] <= y < shaded[3] and paint.has_ground and camera.height > _ZERO:
            shadow_row(y, shaded[0], shaded[2], samples, covered, camera, sun, grid, tiles, row)
        if covered[1] <= y < covered[3]:
            _body_row(
                y, covered[0], covered[2], samples, veils.hung, veils.first, veils.keys, veils.behind, numbers, shares,
                points, surfaces.vertices, surfaces.triangles, surfaces.texels, surfaces.mips, surfaces.num_mips,
                to_linear, placement.first_number, placement.instances, placement.alphas, placement.links,
                grid, tiles, camera, sun, paint, shown, row,
            )  # fmt: skip
        _encode_row(row, to_srgb, steps, picture[y])


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
    y, left, right, samples, hung, first_veil, veil_keys, veils_behind, numbers, shares, points,
    vertices, triangles, texels, mips, num_mips, to_linear,
    first_number, instances, alphas, links, grid, tiles, camera, sun, paint, shown, row,
):  # fmt: skip
    """Put what the samples of a row see over its background."""
    r = camera.rotation
    for x in range(left, right):
        count, background = _seen(
            y, x, samples, hung, first_veil, veil_keys, veils_behind, first_number, alphas, numbers, shares
        )
        red, green, blue = _ZERO, _ZERO, _ZERO
        for i in range(count):
            # All samples of one triangle are coloured at once, in their middle.
            px = np.float32(x) + shares[i, _X] / shares[i, _COUNT]
            py = np.float32(y) + shares[i, _Y] / shares[i, _COUNT]
            k = _instance_of(numbers[i], first_number)
            t = numbers[i] - first_number[k] + instances[k, TRIANGLE]
            pa, va, link = instances[k, POINT], instances[k, VERTEX], instances[k, FIRST_LINK] + triangles[t, LINK]
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            dx, dy = (px - camera.center_x) / camera.focal, (py - camera.center_y) / camera.focal
            wa, wb, wc, depth = _hit(points, pa + a, pa + b, pa + c, dx, dy)
            # The ray in the world's axes, and the normal towards the camera.
            wx = r[0][0] * dx + r[1][0] * dy + r[2][0]
            wy = r[0][1] * dx + r[1][1] * dy + r[2][1]
            wz = r[0][2] * dx + r[1][2] * dy + r[2][2]
            scale = -_ONE / np.sqrt(wx * wx + wy * wy + wz * wz)
            ex, ey, ez = wx * scale, wy * scale, wz * scale
            nx, ny, nz = _mean(vertices, NORMAL, va + a, va + b, va + c, wa, wb, wc)
            nx, ny, nz = _turned(links, link, nx, ny, nz)
            facing = nx * ex + ny * ey + nz * ez
            if facing < _ZERO:
                nx, ny, nz, facing = -nx, -ny, -nz, -facing
            # Its own colour.
            cr, cg, cb = _mean(vertices, COLOR, va + a, va + b, va + c, wa, wb, wc)
            if triangles[t, TEXTURE] >= 0:
                u, v = _uv(vertices, va + a, va + b, va + c, wa, wb, wc)
                size = camera.focal / max(depth, np.float32(1e-6))
                pixels = pixels_per_texture(
                    points, vertices, pa + a, pa + b, pa + c, va + a, va + b, va + c, size, facing
                )
                tr, tg, tb = texture_color(texels, mips, num_mips, to_linear, triangles[t, TEXTURE], u, v, pixels)
                cr, cg, cb = cr * tr, cg * tg, cb * tb
            cr, cg, cb = _tinted(links, link, max(cr, _BLACKEST), max(cg, _BLACKEST), max(cb, _BLACKEST))
            wx, wy, wz = depth * wx, depth * wy, depth * wz
            if instances[k, IS_TERRAIN]:
                share = _checker(wx, wy, depth, facing, camera)
                cr, cg, cb = share * cr, share * cg, share * cb
            # What falls on it.
            lit, towards = _ZERO, nx * sun.direction[0] + ny * sun.direction[1] + nz * sun.direction[2]
            if towards > _ZERO:
                # Further off the surface where the sun grazes it.
                lift = max(_LIFT, _LIFT_IN_CELLS * sun.cell) * (_ONE + _TWO * (_ONE - towards))
                su, sv, sw = _towards_sun(sun.axes, wx + nx * lift, wy + ny * lift, wz + nz * lift)
                lit = light_near(grid, tiles, su, sv, sw)
            lr, lg, lb, shine = _lights(wz, nx, ny, nz, ex, ey, ez, facing, towards, lit, camera, sun, paint)
            red += shares[i, _WEIGHT] * min(cr * lr + shine, _ONE)
            green += shares[i, _WEIGHT] * min(cg * lg + shine, _ONE)
            blue += shares[i, _WEIGHT] * min(cb * lb + shine, _ONE)
            shown[t] = True
        if count > 0:
            row[0, x] = _QUARTER * (red + background * row[0, x])
            row[1, x] = _QUARTER * (green + background * row[1, x])
            row[2, x] = _QUARTER * (blue + background * row[2, x])


@inlined
def _seen(y, x, samples, hung, first_veil, veil_keys, veils_behind, first_number, alphas, numbers, shares):
    """Enter which triangles a pixel sees into `numbers` and `shares`: how many, and the weight of the background.

    The weight of a sample is one; what its veils let through of it is that of what is behind them.
    """
    count, background = 0, _ZERO
    for s in range(4):
        through = _ONE
        veil = first_veil[y * hung, x * hung, s]
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
def _tinted(links, k, red, green, blue):
    """A colour, as much of it as the tint of a link leaves."""
    share = links[k, TINT_SHARE]
    left = _ONE - share
    return (
        left * red + share * links[k, TINT],
        left * green + share * links[k, TINT + 1],
        left * blue + share * links[k, TINT + 2],
    )


@inner
def _lights(z, nx, ny, nz, ex, ey, ez, facing, towards, lit, camera, sun, paint):
    """What light falls on a place: red, green, blue on a dull surface, and what a surface mirrors.

    z is how far the place is above the camera [m]; (nx, ny, nz) the normal; (ex, ey, ez) towards the camera; facing and
    towards are the products of the normal with that and with the direction of the sun; lit is the share of sunlight.
    """
    hx, hy, hz = sun.direction[0] + ex, sun.direction[1] + ey, sun.direction[2] + ez
    shine = _GLOSS * lit * _highlight(nx * hx + ny * hy + nz * hz, hx * hx + hy * hy + hz * hz)
    direct = lit * towards if towards > _ZERO else _ZERO
    above = _HALF + _HALF * nz
    ambient = _ONE
    if paint.has_ground:
        # What faces down near the ground gets little light from there.
        height = max(z + camera.height, _ZERO)
        ambient -= _GROUND_DARKENS * (_ONE - above) * _NEAR_GROUND / (_NEAR_GROUND + height)
    grazing = _ONE - facing
    rim = grazing * grazing
    shine += rim * rim * grazing * _RIM * above * ambient
    head = HEADLIGHT * facing
    up, low = above * ambient, (_ONE - above) * ambient
    return (
        up * paint.sky_light[0] + low * paint.ground_light[0] + direct * paint.sun[0] + head,
        up * paint.sky_light[1] + low * paint.ground_light[1] + direct * paint.sun[1] + head,
        up * paint.sky_light[2] + low * paint.ground_light[2] + direct * paint.sun[2] + head,
        shine,
    )


@inlined
def _checker(x, y, depth, facing, camera):
    """What is left of a terrain's colour, at a place relative to the camera [m], in a checker of x and y."""
    width = max(depth * _PER_SQUARE / (camera.focal * max(facing, np.float32(0.02))), np.float32(1e-4))
    even = band((x + camera.east) * _PER_SQUARE, width) * band((y + camera.north) * _PER_SQUARE, width)
    return _ONE - _DARK_SQUARE * (_HALF - _HALF * even)


@inner
def _towards_sun(axes, x, y, z):
    """A place relative to the camera in the sun's space, see `shadows`."""
    return (
        axes[0][0] * x + axes[0][1] * y + axes[0][2] * z + axes[0][3],
        axes[1][0] * x + axes[1][1] * y + axes[1][2] * z + axes[1][3],
        axes[2][0] * x + axes[2][1] * y + axes[2][2] * z + axes[2][3],
    )


@inner
def _highlight(along, squared):
    """The sun's reflection, of the part of a vector along the normal and of its squared length (J. Blinn, 1977)."""
    share = max(along, _ZERO)
    share *= share / squared
    share *= share
    share *= share
    share *= share
    return share * share


@inner
def _hit(points, a, b, c, dx, dy):
    """Where the ray (dx, dy, 1) meets a triangle's plane: weights of the corners, kept in the triangle, and the depth.

    T. Moeller and B. Trumbore, "Fast, minimum storage ray/triangle intersection", 1997.
    """
    ax, ay, az = points[a, 0], points[a, 1], points[a, 2]
    ux, uy, uz = points[b, 0] - ax, points[b, 1] - ay, points[b, 2] - az
    vx, vy, vz = points[c, 0] - ax, points[c, 1] - ay, points[c, 2] - az
    hx, hy, hz = dy * vz - vy, vx - dx * vz, dx * vy - dy * vx
    scale = _ONE / (ux * hx + uy * hy + uz * hz)
    qx, qy, qz = uy * az - uz * ay, uz * ax - ux * az, ux * ay - uy * ax
    wb = -(ax * hx + ay * hy + az * hz) * scale
    wc = (dx * qx + dy * qy + qz) * scale
    depth = (vx * qx + vy * qy + vz * qz) * scale
    if not (abs(depth) < np.float32(1e9)):  # Seen from its edge.
        wb, wc, depth = _ZERO, _ZERO, az
    wb, wc = min(max(_ZERO, wb), _ONE), min(max(_ZERO, wc), _ONE)
    over = max(wb + wc, _ONE)
    wb, wc = wb / over, wc / over
    return _ONE - wb - wc, wb, wc, depth


@inner
def _turned(links, k, x, y, z):
    """A direction, turned as a link is and made a unit vector."""
    rx = links[k, 0] * x + links[k, 1] * y + links[k, 2] * z
    ry = links[k, 3] * x + links[k, 4] * y + links[k, 5] * z
    rz = links[k, 6] * x + links[k, 7] * y + links[k, 8] * z
    scale = _ONE / max(np.sqrt(rx * rx + ry * ry + rz * rz), np.float32(1e-9))
    return rx * scale, ry * scale, rz * scale


@inner
def _mean(vertices, column, a, b, c, wa, wb, wc):
    """Weighted mean over three vertices of three of their numbers, from a column on."""
    return (
        wa * vertices[a, column] + wb * vertices[b, column] + wc * vertices[c, column],
        wa * vertices[a, column + 1] + wb * vertices[b, column + 1] + wc * vertices[c, column + 1],
        wa * vertices[a, column + 2] + wb * vertices[b, column + 2] + wc * vertices[c, column + 2],
    )


@inner
def _uv(vertices, a, b, c, wa, wb, wc):
    """Texture coordinates, weighted likewise."""
    return (
        wa * vertices[a, U] + wb * vertices[b, U] + wc * vertices[c, U],
        wa * vertices[a, V] + wb * vertices[b, V] + wc * vertices[c, V],
    )


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
    """Linear light (3, W) to bytes (W, 3). What is no number is black: of two, `max` keeps the first then.

    steps: (3, W) int32, which it overwrites. The loop that fills it takes 16 pixels at once; reading the table cannot.
    """
    for channel in range(3):
        for x in range(len(pixels)):
            light = min(max(_ZERO, row[channel, x]), _ONE)
            steps[channel, x] = np.int32(light * np.float32(4095) + _HALF)
    for x in range(len(pixels)):
        for channel in range(3):
            pixels[x, channel] = to_srgb[steps[channel, x]]
