"""Shading: the colours of what every sample sees, lit, and averaged to pixels."""

from __future__ import annotations

import numpy as np

from .compiled import compiled, inlined
from .coverage import SAMPLES_X, SAMPLES_Y
from .ground import SQUARE, background_row, band, shadow_row
from .shadows import light_near
from .tables import COLOR, NORMAL, U, V
from .texturing import pixels_per_texture, texture_color

_ZERO, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
_QUARTER = np.float32(0.25)
# The bits of a sample that are the triangle's number.
_NUMBER = 0xFFFFFFFF

# How a surface shines: exponent and strength of its highlight, and how much it mirrors the sky at its rim.
_GLOSS, _RIM = np.float32(0.11), np.float32(0.16)
# Shadows are looked up this far above a surface [m], so that it does not shade itself.
_LIFT = np.float32(0.004)
# Down to this height [m] above the ground, what faces down is in the dark of the ground.
_NEAR_GROUND = np.float32(0.12)
_GROUND_DARKENS = np.float32(0.85)
# Light that comes from the camera.
_HEADLIGHT = np.float32(0.18)
# What the dark squares of a terrain's checker take of its colour: enough to see how fast a robot goes over it.
_DARK_SQUARE = np.float32(0.16)
_PER_SQUARE = np.float32(1.0 / SQUARE)
# Black plastic still shows its form.
_BLACKEST = np.float32(0.012)


@compiled
def shade(
    samples, left, top, right, bottom, points, surfaces, instances, rotations, tints, camera, sun, paint, picture
):
    """Colour a picture (H, W, 3) of which only the pixels of a rectangle may see triangles."""
    row = np.empty((3, picture.shape[1]), np.float32)
    for y in range(picture.shape[0]):
        background_row(y, camera, paint, row)
        if paint.has_ground and camera.height > _ZERO:
            shadow_row(y, camera, sun, row)
        if top <= y < bottom:
            _body_row(y, samples, left, right, points, surfaces, instances, rotations, tints, camera, sun, paint, row)
        _encode_row(row, paint.to_srgb, picture[y])


@compiled
def label(samples, left, top, right, bottom, instances, labels):
    """The entity (H, W) that the sample nearest to the middle of each pixel sees, -1 for none."""
    labels[:] = -1
    for y in range(top, bottom):
        for x in range(left, right):
            if samples[y, x, 0] != 0:
                labels[y, x] = instances.entity[_instance_of(samples[y, x, 0] & _NUMBER, instances.first_number)]


@inlined
def _body_row(y, samples, left, right, points, surfaces, instances, rotations, tints, camera, sun, paint, row):
    """Put what the samples of a row see over its background."""
    for x in range(left, right):
        red, green, blue = _ZERO, _ZERO, _ZERO
        empty = 4
        for s in range(4):
            if samples[y, x, s] == 0:
                continue
            number = samples[y, x, s] & _NUMBER
            # All samples of one triangle are coloured at once, in their middle.
            count, cx, cy = 0, _ZERO, _ZERO
            for other in range(4):
                if samples[y, x, other] & _NUMBER == number and samples[y, x, other] != 0:
                    if other < s:
                        count = 0
                        break
                    count += 1
                    cx += SAMPLES_X[other]
                    cy += SAMPLES_Y[other]
            if count == 0:
                continue
            empty -= count
            n = np.float32(count)
            px, py = np.float32(x) + cx / n, np.float32(y) + cy / n
            r, g, b = _surface(number, px, py, points, surfaces, instances, rotations, tints, camera, sun, paint)
            red += n * r
            green += n * g
            blue += n * b
        if empty < 4:
            n = np.float32(empty)
            row[0, x] = _QUARTER * (red + n * row[0, x])
            row[1, x] = _QUARTER * (green + n * row[1, x])
            row[2, x] = _QUARTER * (blue + n * row[2, x])


@inlined
def _surface(number, px, py, points, surfaces, instances, rotations, tints, camera, sun, paint):
    """Linear colour of a triangle at a place of the picture [px]."""
    k = _instance_of(number, instances.first_number)
    t = number - instances.first_number[k] + instances.triangle[k]
    a, b, c = surfaces.triangles[t, 0], surfaces.triangles[t, 1], surfaces.triangles[t, 2]
    dx, dy = (px - camera.center_x) / camera.focal, (py - camera.center_y) / camera.focal
    pa, va = instances.point[k], instances.vertex[k]
    wa, wb, wc, depth = _hit(points, pa + a, pa + b, pa + c, dx, dy)
    # The ray in the world's axes, and the normal towards the camera.
    r = camera.rotation
    wx = r[0, 0] * dx + r[1, 0] * dy + r[2, 0]
    wy = r[0, 1] * dx + r[1, 1] * dy + r[2, 1]
    wz = r[0, 2] * dx + r[1, 2] * dy + r[2, 2]
    scale = -_ONE / np.sqrt(wx * wx + wy * wy + wz * wz)
    ex, ey, ez = wx * scale, wy * scale, wz * scale
    nx, ny, nz = _mean(surfaces.vertices, NORMAL, va + a, va + b, va + c, wa, wb, wc)
    nx, ny, nz = _turned(rotations, instances.rotation[k] + surfaces.triangles[t, 4], nx, ny, nz)
    facing = nx * ex + ny * ey + nz * ez
    if facing < _ZERO:
        nx, ny, nz, facing = -nx, -ny, -nz, -facing
    red, green, blue = _own_color(k, t, a, b, c, wa, wb, wc, depth, facing, points, surfaces, instances, camera, paint)
    red, green, blue = _tinted(tints, instances.rotation[k] + surfaces.triangles[t, 4], red, green, blue)
    if instances.is_terrain[k]:
        share = _checker(depth * wx, depth * wy, depth, facing, camera)
        red, green, blue = share * red, share * green, share * blue
    lr, lg, lb, shine = _lights(depth * wx, depth * wy, depth * wz, nx, ny, nz, ex, ey, ez, facing, camera, sun, paint)
    return min(red * lr + shine, _ONE), min(green * lg + shine, _ONE), min(blue * lb + shine, _ONE)


@inlined
def _own_color(k, t, a, b, c, wa, wb, wc, depth, facing, points, surfaces, instances, camera, paint):
    """Linear colour of a surface in white light, at weights of its corners."""
    va, pa = instances.vertex[k], instances.point[k]
    red, green, blue = _mean(surfaces.vertices, COLOR, va + a, va + b, va + c, wa, wb, wc)
    texture = surfaces.triangles[t, 3]
    if texture >= 0:
        vertices = surfaces.vertices
        u = wa * vertices[va + a, U] + wb * vertices[va + b, U] + wc * vertices[va + c, U]
        v = wa * vertices[va + a, V] + wb * vertices[va + b, V] + wc * vertices[va + c, V]
        size = camera.focal / max(depth, np.float32(1e-6))
        pixels = pixels_per_texture(points, vertices, pa + a, pa + b, pa + c, va + a, va + b, va + c, size, facing)
        texels, mips, num_mips = surfaces.texels, surfaces.mips, surfaces.num_mips
        tr, tg, tb = texture_color(texels, mips, num_mips, paint.to_linear, texture, u, v, pixels)
        red, green, blue = red * tr, green * tg, blue * tb
    return max(red, _BLACKEST), max(green, _BLACKEST), max(blue, _BLACKEST)


@compiled
def _tinted(tints, k, red, green, blue):
    """A colour, as much of it as the tint of a link leaves."""
    share = tints[k, 3]
    left = _ONE - share
    return left * red + share * tints[k, 0], left * green + share * tints[k, 1], left * blue + share * tints[k, 2]


@inlined
def _lights(x, y, z, nx, ny, nz, ex, ey, ez, facing, camera, sun, paint):
    """What light falls on a place: red, green, blue on a dull surface, and what a surface mirrors.

    (x, y, z) is the place relative to the camera [m], in the world's axes; (nx, ny, nz) the normal; (ex, ey, ez)
    towards the camera; facing the product of the two.
    """
    sx, sy, sz = sun.direction[0], sun.direction[1], sun.direction[2]
    towards = nx * sx + ny * sy + nz * sz
    direct, shine = _ZERO, _ZERO
    if towards > _ZERO:
        # Further off the surface where the sun grazes it.
        lift = _LIFT * (_ONE + _TWO * (_ONE - towards))
        lit = _sunlight(sun.axes, sun.grid, sun.tiles, x + nx * lift, y + ny * lift, z + nz * lift)
        hx, hy, hz = sx + ex, sy + ey, sz + ez
        shine = _GLOSS * lit * _highlight(nx * hx + ny * hy + nz * hz, hx * hx + hy * hy + hz * hz)
        direct = lit * towards
    above = _HALF + _HALF * nz
    ambient = _ONE
    if paint.has_ground:
        # What faces down near the ground gets little light from there.
        height = max(z + camera.height, _ZERO)
        ambient -= _GROUND_DARKENS * (_ONE - above) * _NEAR_GROUND / (_NEAR_GROUND + height)
    grazing = _ONE - facing
    rim = grazing * grazing
    shine += rim * rim * grazing * _RIM * above * ambient
    head = _HEADLIGHT * facing
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


@compiled
def _sunlight(axes, grid, tiles, x, y, z):
    """Share of sunlight at a place relative to the camera."""
    return light_near(
        grid,
        tiles,
        axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z + axes[0, 3],
        axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z + axes[1, 3],
        axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z + axes[2, 3],
    )


@compiled
def _highlight(along, squared):
    """The sun's reflection, of the part of a vector along the normal and of its squared length (J. Blinn, 1977)."""
    share = max(along, _ZERO)
    share *= share / squared
    share *= share
    share *= share
    share *= share
    return share * share


@compiled
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


@compiled
def _turned(rotations, k, x, y, z):
    """A direction, turned and made a unit vector."""
    rx = rotations[k, 0, 0] * x + rotations[k, 0, 1] * y + rotations[k, 0, 2] * z
    ry = rotations[k, 1, 0] * x + rotations[k, 1, 1] * y + rotations[k, 1, 2] * z
    rz = rotations[k, 2, 0] * x + rotations[k, 2, 1] * y + rotations[k, 2, 2] * z
    scale = _ONE / max(np.sqrt(rx * rx + ry * ry + rz * rz), np.float32(1e-9))
    return rx * scale, ry * scale, rz * scale


@compiled
def _mean(vertices, column, a, b, c, wa, wb, wc):
    """Weighted mean over three vertices of three of their numbers, from a column on."""
    return (
        wa * vertices[a, column] + wb * vertices[b, column] + wc * vertices[c, column],
        wa * vertices[a, column + 1] + wb * vertices[b, column + 1] + wc * vertices[c, column + 1],
        wa * vertices[a, column + 2] + wb * vertices[b, column + 2] + wc * vertices[c, column + 2],
    )


@compiled
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


@compiled
def _encode_row(row, to_srgb, pixels):
    """Linear light (3, W) to bytes (W, 3). What is no number is black: of two, `max` keeps the first then."""
    for x in range(len(pixels)):
        for channel in range(3):
            pixels[x, channel] = to_srgb[int(min(max(_ZERO, row[channel, x]), _ONE) * np.float32(4095) + _HALF)]
