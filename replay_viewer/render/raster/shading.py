"""Colours: what every sample sees, lit, and averaged to pixels."""

from __future__ import annotations

import numpy as np

from .compiled import compiled
from .coverage import SAMPLES_X, SAMPLES_Y
from .ground import background_row, shadow_row
from .shadows import light_near

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
_HEADLIGHT = np.float32(0.14)


@compiled
def instance_of(number, first_number):
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
def _texel(geometry, to_linear, offset, width, height, column, row):
    """Linear colour of a texel; the texture repeats."""
    i = offset + (row % height) * width + column % width
    texel = geometry.texels[i]
    return to_linear[texel[0]], to_linear[texel[1]], to_linear[texel[2]]


@compiled
def _texture(geometry, to_linear, texture, u, v, pixels):
    """Linear colour of a texture at (u, v), from the level in which a pixel covers about one texel.

    pixels: area of the picture per unit of area in (u, v).
    """
    level = 0
    size = geometry.mips[texture, 0]
    texels = np.float32(size[1]) * np.float32(size[2]) / max(pixels, np.float32(1e-9))
    while texels > np.float32(2) and level < geometry.num_mips[texture] - 1:
        texels *= _QUARTER
        level += 1
    offset, width, height = geometry.mips[texture, level]
    x = (u - np.floor(u)) * np.float32(width) - _HALF
    y = (v - np.floor(v)) * np.float32(height) - _HALF
    column, row = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - np.float32(column), y - np.float32(row)
    r0, g0, b0 = _texel(geometry, to_linear, offset, width, height, column, row)
    r1, g1, b1 = _texel(geometry, to_linear, offset, width, height, column + 1, row)
    r2, g2, b2 = _texel(geometry, to_linear, offset, width, height, column, row + 1)
    r3, g3, b3 = _texel(geometry, to_linear, offset, width, height, column + 1, row + 1)
    w0, w1, w2, w3 = (_ONE - fx) * (_ONE - fy), fx * (_ONE - fy), (_ONE - fx) * fy, fx * fy
    return (
        r0 * w0 + r1 * w1 + r2 * w2 + r3 * w3,
        g0 * w0 + g1 * w1 + g2 * w2 + g3 * w3,
        b0 * w0 + b1 * w1 + b2 * w2 + b3 * w3,
    )


@compiled
def _surface(number, px, py, points, geometry, instances, rotations, camera, sun, paint):
    """Linear colour of a triangle at a place of the picture [px]."""
    k = instance_of(number, instances.first_number)
    t = number - instances.first_number[k] + instances.triangle[k]
    a, b, c = geometry.triangles[t, 0], geometry.triangles[t, 1], geometry.triangles[t, 2]
    first = instances.point[k]
    pa, pb, pc = points[first + a], points[first + b], points[first + c]
    dx, dy = (px - camera.center_x) / camera.focal, (py - camera.center_y) / camera.focal
    # The ray through the pixel and the triangle's plane (T. Moeller, B. Trumbore, 1997).
    ux, uy, uz = pb[0] - pa[0], pb[1] - pa[1], pb[2] - pa[2]
    vx, vy, vz = pc[0] - pa[0], pc[1] - pa[1], pc[2] - pa[2]
    hx, hy, hz = dy * vz - vy, vx - dx * vz, dx * vy - dy * vx
    scale = _ONE / (ux * hx + uy * hy + uz * hz)
    wb = -(pa[0] * hx + pa[1] * hy + pa[2] * hz) * scale
    qx, qy, qz = uy * pa[2] - uz * pa[1], uz * pa[0] - ux * pa[2], ux * pa[1] - uy * pa[0]
    wc = (dx * qx + dy * qy + qz) * scale
    depth = (vx * qx + vy * qy + vz * qz) * scale
    if not (abs(depth) < np.float32(1e9)):  # Seen from its edge.
        wb, wc, depth = _ZERO, _ZERO, pa[2]
    wb, wc = min(max(wb, _ZERO), _ONE), min(max(wc, _ZERO), _ONE)
    over = wb + wc
    if over > _ONE:
        wb, wc = wb / over, wc / over
    wa = _ONE - wb - wc
    # The normal: between those of the corners, turned with the link, towards the camera.
    va = instances.vertex[k]
    na, nb, nc = geometry.normals[va + a], geometry.normals[va + b], geometry.normals[va + c]
    lx = wa * na[0] + wb * nb[0] + wc * nc[0]
    ly = wa * na[1] + wb * nb[1] + wc * nc[1]
    lz = wa * na[2] + wb * nb[2] + wc * nc[2]
    m = rotations[instances.rotation[k] + geometry.links[va + a]]
    nx = m[0, 0] * lx + m[0, 1] * ly + m[0, 2] * lz
    ny = m[1, 0] * lx + m[1, 1] * ly + m[1, 2] * lz
    nz = m[2, 0] * lx + m[2, 1] * ly + m[2, 2] * lz
    length = np.sqrt(nx * nx + ny * ny + nz * nz)
    scale = _ONE / max(length, np.float32(1e-9))
    nx, ny, nz = nx * scale, ny * scale, nz * scale
    # Where it is relative to the camera, and the direction to the camera.
    r = camera.rotation
    wx = r[0, 0] * dx + r[1, 0] * dy + r[2, 0]
    wy = r[0, 1] * dx + r[1, 1] * dy + r[2, 1]
    wz = r[0, 2] * dx + r[1, 2] * dy + r[2, 2]
    x, y, z = depth * wx, depth * wy, depth * wz
    scale = -_ONE / np.sqrt(wx * wx + wy * wy + wz * wz)
    ex, ey, ez = wx * scale, wy * scale, wz * scale
    facing = nx * ex + ny * ey + nz * ez
    if facing < _ZERO:
        nx, ny, nz, facing = -nx, -ny, -nz, -facing
    # Its own colour.
    ca, cb, cc = geometry.colors[va + a], geometry.colors[va + b], geometry.colors[va + c]
    red = wa * ca[0] + wb * cb[0] + wc * cc[0]
    green = wa * ca[1] + wb * cb[1] + wc * cc[1]
    blue = wa * ca[2] + wb * cb[2] + wc * cc[2]
    texture = geometry.textures[t]
    if texture >= 0:
        ta, tb, tc = geometry.uv[va + a], geometry.uv[va + b], geometry.uv[va + c]
        u = wa * ta[0] + wb * tb[0] + wc * tc[0]
        v = wa * ta[1] + wb * tb[1] + wc * tc[1]
        in_texture = abs((tb[0] - ta[0]) * (tc[1] - ta[1]) - (tb[1] - ta[1]) * (tc[0] - ta[0]))
        crossed = np.sqrt((uy * vz - uz * vy) ** 2 + (uz * vx - ux * vz) ** 2 + (ux * vy - uy * vx) ** 2)
        pixel = camera.focal / max(depth, np.float32(1e-6))
        in_picture = crossed * pixel * pixel * max(facing, np.float32(0.1))
        tr, tg, tb_ = _texture(
            geometry, paint.to_linear, texture, u, v, in_picture / max(in_texture, np.float32(1e-12))
        )
        red, green, blue = red * tr, green * tg, blue * tb_
    # Light: the sun, the sky above, the ground below, a little from the camera.
    s = sun.direction
    towards = nx * s[0] + ny * s[1] + nz * s[2]
    lit = _ZERO
    highlight = _ZERO
    if towards > _ZERO:
        # Further off the surface where the sun grazes it.
        lift = _LIFT * (_ONE + _TWO * (_ONE - towards))
        sx, sy, sz = x + nx * lift, y + ny * lift, z + nz * lift
        axes = sun.axes
        lit = light_near(
            sun.grid,
            sun.tiles,
            axes[0, 0] * sx + axes[0, 1] * sy + axes[0, 2] * sz + axes[0, 3],
            axes[1, 0] * sx + axes[1, 1] * sy + axes[1, 2] * sz + axes[1, 3],
            axes[2, 0] * sx + axes[2, 1] * sy + axes[2, 2] * sz + axes[2, 3],
        )
        hx, hy, hz = s[0] + ex, s[1] + ey, s[2] + ez
        h = (nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz)
        h = max(h, _ZERO)
        h *= h
        h *= h
        h *= h
        h *= h
        highlight = h * h * _GLOSS * lit
        lit *= towards
    above = _HALF + _HALF * nz
    occluded = _ZERO
    if paint.has_ground:
        height = max(z + camera.height, _ZERO)
        occluded = (_ONE - above) * _NEAR_GROUND / (_NEAR_GROUND + height)
    ambient = _ONE - np.float32(0.85) * occluded
    grazing = _ONE - facing
    rim = grazing * grazing
    rim = rim * rim * grazing * _RIM * above * ambient
    head = _HEADLIGHT * facing
    sky, low, direct = paint.sky_light, paint.ground_light, paint.sun
    red = red * ((above * sky[0] + (_ONE - above) * low[0]) * ambient + lit * direct[0] + head)
    green = green * ((above * sky[1] + (_ONE - above) * low[1]) * ambient + lit * direct[1] + head)
    blue = blue * ((above * sky[2] + (_ONE - above) * low[2]) * ambient + lit * direct[2] + head)
    shine = highlight + rim
    return min(red + shine, _ONE), min(green + shine, _ONE), min(blue + shine, _ONE)


@compiled
def _body_row(y, samples, left, right, points, geometry, instances, rotations, camera, sun, paint, row):
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
            r, g, b = _surface(number, px, py, points, geometry, instances, rotations, camera, sun, paint)
            red += n * r
            green += n * g
            blue += n * b
        if empty < 4:
            n = np.float32(empty)
            row[0, x] = _QUARTER * (red + n * row[0, x])
            row[1, x] = _QUARTER * (green + n * row[1, x])
            row[2, x] = _QUARTER * (blue + n * row[2, x])


@compiled
def _encode_row(row, to_srgb, pixels):
    """Linear light (3, W) to bytes (W, 3)."""
    for x in range(len(pixels)):
        for channel in range(3):
            pixels[x, channel] = to_srgb[int(min(max(row[channel, x], _ZERO), _ONE) * np.float32(4095) + _HALF)]


@compiled
def shade(samples, left, top, right, bottom, points, geometry, instances, rotations, camera, sun, paint, picture):
    """Colour a picture (H, W, 3) of which only the pixels of a rectangle may see triangles."""
    row = np.empty((3, picture.shape[1]), np.float32)
    for y in range(picture.shape[0]):
        background_row(y, camera, paint, row)
        if paint.has_ground and camera.height > _ZERO:
            shadow_row(y, camera, sun, row)
        if top <= y < bottom:
            _body_row(y, samples, left, right, points, geometry, instances, rotations, camera, sun, paint, row)
        _encode_row(row, paint.to_srgb, picture[y])


@compiled
def label(samples, left, top, right, bottom, instances, labels):
    """The entity (H, W) that the sample nearest to the middle of each pixel sees, -1 for none."""
    labels[:] = -1
    for y in range(top, bottom):
        for x in range(left, right):
            if samples[y, x, 0] != 0:
                labels[y, x] = instances.entity[instance_of(samples[y, x, 0] & _NUMBER, instances.first_number)]
