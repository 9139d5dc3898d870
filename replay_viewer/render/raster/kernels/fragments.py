"""Fragments: what a pixel sees of one triangle, coloured where the middle of its samples is.

They wait until there are some, since eight of them are worked out at once: what is known of them stands side by side,
number by number. What is looked up, in textures and in shadows, is looked up in between for one after the other.
"""

from __future__ import annotations

import numpy as np

from .compiled import inlined, inner
from .ground import SQUARE, band
from .shadows import light_near
from .tables import COLOR, FIRST_LINK, IS_TERRAIN, LINK, NORMAL, POINT, TEXTURE, TINT, VERTEX, U, V
from .texturing import pixels_per_texture, texture_color

# How many wait.
ROOM = 64
_ZERO, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)

# Where the numbers of fragments begin. First, what is known: where in the picture [px], the weight in its pixel; the
# triangle's corners before the camera; normals and colours there; how its link is turned; a tint, and its share.
_PX, _PY, _WEIGHT = range(0, 3 * ROOM, ROOM)
_AX, _AY, _AZ, _BX, _BY, _BZ, _CX, _CY, _CZ = range(3 * ROOM, 12 * ROOM, ROOM)
_NORMALS, _COLORS, _TURN, _TINT = range(12 * ROOM, 48 * ROOM, 9 * ROOM)
_TINT_SHARE = _TINT + 3 * ROOM
# Then, what is found: the corners' weights and the depth; the ray back to the camera; the normal; the colour; the place
# relative to the camera; what share of its colour a checker leaves; how far it turns to the camera and to the sun;
# where it is in the sun's space, and the share of sunlight.
_WA, _WB, _WC, _DEPTH, _EX, _EY, _EZ, _NX, _NY, _NZ, _RED, _GREEN, _BLUE = range(43 * ROOM, 56 * ROOM, ROOM)
_X, _Y, _Z, _CHECKER, _FACING, _TOWARDS, _SU, _SV, _SW, _LIT = range(56 * ROOM, 66 * ROOM, ROOM)
NUM_NUMBERS = 66
# Of each, its pixel's column, its triangle in the table of surfaces, and the instance that it is of.
_COLUMN, _T, _INSTANCE = range(0, 3 * ROOM, ROOM)
NUM_PLACES = 3

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


@inlined
def take(i, column, px, py, weight, k, t, points, vertices, triangles, instances, links, numbers, places):
    """Put a fragment into a place: of a triangle of an instance, at a place in the picture."""
    places[_COLUMN + i], places[_T + i], places[_INSTANCE + i] = column, t, k
    numbers[_PX + i], numbers[_PY + i], numbers[_WEIGHT + i] = px, py, weight
    first_point, first_vertex = instances[k, POINT], instances[k, VERTEX]
    for corner in range(3):
        point, vertex = first_point + triangles[t, corner], first_vertex + triangles[t, corner]
        for axis in range(3):
            at = (3 * corner + axis) * ROOM + i
            numbers[_AX + at] = points[point, axis]
            numbers[_NORMALS + at] = vertices[vertex, NORMAL + axis]
            numbers[_COLORS + at] = vertices[vertex, COLOR + axis]
    link = instances[k, FIRST_LINK] + triangles[t, LINK]
    for j in range(9):
        numbers[_TURN + j * ROOM + i] = links[link, j]
    for j in range(4):
        numbers[_TINT + j * ROOM + i] = links[link, TINT + j]


@inner
def colour(
    count, numbers, places, points, vertices, triangles, instances, texels, mips, num_mips, to_linear, grid, tiles,
    camera, sun, paint, red, green, blue,
):  # fmt: skip
    """Add what the first fragments send to the camera to the pixels of a row, (W,) each of red, green and blue."""
    # Those behind the last one are of no use, but what is left over of eights would be worked out one by one.
    whole = 8 * ((count + 7) // 8)
    _meet(whole, numbers, camera, sun)
    _look_up(
        count, numbers, places, points, vertices, triangles, instances, texels, mips, num_mips, to_linear, grid, tiles,
        camera,
    )  # fmt: skip
    _light(whole, numbers, camera, sun, paint)
    for i in range(count):
        x = places[_COLUMN + i]
        red[x] += numbers[_RED + i]
        green[x] += numbers[_GREEN + i]
        blue[x] += numbers[_BLUE + i]


@inner
def _meet(count, f, camera, sun):
    """Find where rays through the picture meet the triangles, and the normals and the colours there."""
    r, axes = camera.rotation, sun.axes
    for i in range(count):
        dx, dy = (f[_PX + i] - camera.center_x) / camera.focal, (f[_PY + i] - camera.center_y) / camera.focal
        wa, wb, wc, depth = _hit(
            f[_AX + i], f[_AY + i], f[_AZ + i], f[_BX + i], f[_BY + i], f[_BZ + i], f[_CX + i], f[_CY + i], f[_CZ + i],
            dx, dy,
        )  # fmt: skip
        # The ray in the world's axes, and the normal towards the camera.
        wx = r[0][0] * dx + r[1][0] * dy + r[2][0]
        wy = r[0][1] * dx + r[1][1] * dy + r[2][1]
        wz = r[0][2] * dx + r[1][2] * dy + r[2][2]
        scale = -_ONE / np.sqrt(wx * wx + wy * wy + wz * wz)
        ex, ey, ez = wx * scale, wy * scale, wz * scale
        nx, ny, nz = _turned(f, i, *_mean(f, _NORMALS + i, wa, wb, wc))
        facing = nx * ex + ny * ey + nz * ez
        is_away = facing < _ZERO
        nx, ny, nz = -nx if is_away else nx, -ny if is_away else ny, -nz if is_away else nz
        towards = nx * sun.direction[0] + ny * sun.direction[1] + nz * sun.direction[2]
        wx, wy, wz = depth * wx, depth * wy, depth * wz
        # Further off the surface where the sun grazes it.
        lift = max(_LIFT, _LIFT_IN_CELLS * sun.cell) * (_ONE + _TWO * (_ONE - towards))
        sx, sy, sz = wx + nx * lift, wy + ny * lift, wz + nz * lift
        f[_SU + i] = axes[0][0] * sx + axes[0][1] * sy + axes[0][2] * sz + axes[0][3]
        f[_SV + i] = axes[1][0] * sx + axes[1][1] * sy + axes[1][2] * sz + axes[1][3]
        f[_SW + i] = axes[2][0] * sx + axes[2][1] * sy + axes[2][2] * sz + axes[2][3]
        f[_RED + i], f[_GREEN + i], f[_BLUE + i] = _mean(f, _COLORS + i, wa, wb, wc)
        f[_WA + i], f[_WB + i], f[_WC + i], f[_DEPTH + i] = wa, wb, wc, depth
        f[_EX + i], f[_EY + i], f[_EZ + i] = ex, ey, ez
        f[_NX + i], f[_NY + i], f[_NZ + i] = nx, ny, nz
        f[_X + i], f[_Y + i], f[_Z + i] = wx, wy, wz
        f[_FACING + i], f[_TOWARDS + i] = -facing if is_away else facing, towards


@inner
def _look_up(
    count, f, places, points, vertices, triangles, instances, texels, mips, num_mips, to_linear, grid, tiles, camera,
):  # fmt: skip
    """Look up textures, the checker of a terrain, and the shadows."""
    for i in range(count):
        t, k, facing = places[_T + i], places[_INSTANCE + i], f[_FACING + i]
        if triangles[t, TEXTURE] >= 0:
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            pa, va = instances[k, POINT], instances[k, VERTEX]
            u, v = _uv(vertices, va + a, va + b, va + c, f[_WA + i], f[_WB + i], f[_WC + i])
            size = camera.focal / max(f[_DEPTH + i], np.float32(1e-6))
            pixels = pixels_per_texture(points, vertices, pa + a, pa + b, pa + c, va + a, va + b, va + c, size, facing)
            tr, tg, tb = texture_color(texels, mips, num_mips, to_linear, triangles[t, TEXTURE], u, v, pixels)
            f[_RED + i] *= tr
            f[_GREEN + i] *= tg
            f[_BLUE + i] *= tb
        is_terrain = instances[k, IS_TERRAIN]
        f[_CHECKER + i] = _checker(f[_X + i], f[_Y + i], f[_DEPTH + i], facing, camera) if is_terrain else _ONE
        lit = light_near(grid, tiles, f[_SU + i], f[_SV + i], f[_SW + i]) if f[_TOWARDS + i] > _ZERO else _ZERO
        f[_LIT + i] = lit


@inner
def _light(count, f, camera, sun, paint):
    """Light the colours, and weigh them."""
    for i in range(count):
        share = f[_TINT_SHARE + i]
        left = _ONE - share
        checker, weight = f[_CHECKER + i], f[_WEIGHT + i]
        red = checker * (left * max(f[_RED + i], _BLACKEST) + share * f[_TINT + i])
        green = checker * (left * max(f[_GREEN + i], _BLACKEST) + share * f[_TINT + ROOM + i])
        blue = checker * (left * max(f[_BLUE + i], _BLACKEST) + share * f[_TINT + 2 * ROOM + i])
        lr, lg, lb, shine = _lights(
            f[_Z + i], f[_NX + i], f[_NY + i], f[_NZ + i], f[_EX + i], f[_EY + i], f[_EZ + i], f[_FACING + i],
            f[_TOWARDS + i], f[_LIT + i], camera, sun, paint,
        )  # fmt: skip
        f[_RED + i] = weight * min(red * lr + shine, _ONE)
        f[_GREEN + i] = weight * min(green * lg + shine, _ONE)
        f[_BLUE + i] = weight * min(blue * lb + shine, _ONE)


@inlined
def _lights(z, nx, ny, nz, ex, ey, ez, facing, towards, lit, camera, sun, paint):
    """What light falls on a place: red, green, blue on a dull surface, and what a surface mirrors.

    z is how far the place is above the camera [m]; (nx, ny, nz) the normal; (ex, ey, ez) towards the camera; facing and
    towards are the products of the normal with that and with the direction of the sun; lit is the share of sunlight.
    """
    hx, hy, hz = sun.direction[0] + ex, sun.direction[1] + ey, sun.direction[2] + ez
    shine = _GLOSS * lit * _highlight(nx * hx + ny * hy + nz * hz, hx * hx + hy * hy + hz * hz)
    direct = lit * towards if towards > _ZERO else _ZERO
    above = _HALF + _HALF * nz
    # What faces down near the ground gets little light from there.
    height = max(z + camera.height, _ZERO)
    dark = _GROUND_DARKENS * (_ONE - above) * _NEAR_GROUND / (_NEAR_GROUND + height)
    ambient = _ONE - (dark if paint.has_ground else _ZERO)
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


@inner
def _checker(x, y, depth, facing, camera):
    """What is left of a terrain's colour, at a place relative to the camera [m], in a checker of x and y."""
    width = max(depth * _PER_SQUARE / (camera.focal * max(facing, np.float32(0.02))), np.float32(1e-4))
    even = band((x + camera.east) * _PER_SQUARE, width) * band((y + camera.north) * _PER_SQUARE, width)
    return _ONE - _DARK_SQUARE * (_HALF - _HALF * even)


@inlined
def _highlight(along, squared):
    """The sun's reflection, of the part of a vector along the normal and of its squared length (J. Blinn, 1977)."""
    share = max(along, _ZERO)
    share *= share / squared
    share *= share
    share *= share
    share *= share
    return share * share


@inlined
def _hit(ax, ay, az, bx, by, bz, cx, cy, cz, dx, dy):
    """Where the ray (dx, dy, 1) meets a triangle's plane: weights of the corners, kept in the triangle, and the depth.

    T. Moeller and B. Trumbore, "Fast, minimum storage ray/triangle intersection", 1997.
    """
    ux, uy, uz = bx - ax, by - ay, bz - az
    vx, vy, vz = cx - ax, cy - ay, cz - az
    hx, hy, hz = dy * vz - vy, vx - dx * vz, dx * vy - dy * vx
    scale = _ONE / (ux * hx + uy * hy + uz * hz)
    qx, qy, qz = uy * az - uz * ay, uz * ax - ux * az, ux * ay - uy * ax
    wb = -(ax * hx + ay * hy + az * hz) * scale
    wc = (dx * qx + dy * qy + qz) * scale
    depth = (vx * qx + vy * qy + vz * qz) * scale
    # Else it is seen from its edge.
    is_met = abs(depth) < np.float32(1e9)
    wb, wc, depth = wb if is_met else _ZERO, wc if is_met else _ZERO, depth if is_met else az
    wb, wc = min(max(_ZERO, wb), _ONE), min(max(_ZERO, wc), _ONE)
    over = max(wb + wc, _ONE)
    wb, wc = wb / over, wc / over
    return _ONE - wb - wc, wb, wc, depth


@inlined
def _turned(f, i, x, y, z):
    """A direction, turned as a fragment's link is and made a unit vector."""
    rx = f[_TURN + i] * x + f[_TURN + ROOM + i] * y + f[_TURN + 2 * ROOM + i] * z
    ry = f[_TURN + 3 * ROOM + i] * x + f[_TURN + 4 * ROOM + i] * y + f[_TURN + 5 * ROOM + i] * z
    rz = f[_TURN + 6 * ROOM + i] * x + f[_TURN + 7 * ROOM + i] * y + f[_TURN + 8 * ROOM + i] * z
    scale = _ONE / max(np.sqrt(rx * rx + ry * ry + rz * rz), np.float32(1e-9))
    return rx * scale, ry * scale, rz * scale


@inlined
def _mean(f, at, wa, wb, wc):
    """Weighted mean over three corners of three numbers each, which begin at a place."""
    return (
        wa * f[at] + wb * f[at + 3 * ROOM] + wc * f[at + 6 * ROOM],
        wa * f[at + ROOM] + wb * f[at + 4 * ROOM] + wc * f[at + 7 * ROOM],
        wa * f[at + 2 * ROOM] + wb * f[at + 5 * ROOM] + wc * f[at + 8 * ROOM],
    )


@inner
def _uv(vertices, a, b, c, wa, wb, wc):
    """Texture coordinates, weighted likewise."""
    return (
        wa * vertices[a, U] + wb * vertices[b, U] + wc * vertices[c, U],
        wa * vertices[a, V] + wb * vertices[b, V] + wc * vertices[c, V],
    )
