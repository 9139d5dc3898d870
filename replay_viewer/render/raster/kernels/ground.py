"""The checker floor and the sky, which need no triangles."""

from __future__ import annotations

import numpy as np

from .compiled import inlined, inner
from .shadows import REACH, TILE, light_on_ground

# Side of a square of the checker floor [m].
SQUARE = 0.5
_SQUARE = np.float32(SQUARE)
_ZERO, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
# What is left of the light in a shadow.
_IN_SHADOW = np.float32(0.48)
# A shadow's edge is as wide as this share of the distance to what casts it.
_SOFTNESS = np.float32(0.05)
# Shadows are looked up this far above the ground [m], so that a body below it casts none from there.
_LIFT = np.float32(0.002)
# Sine of the elevation at which the sky has its top colour.
_ZENITH = np.float32(0.55)


@inner
def background_row(y, camera, paint, row):
    """Colour a row of the picture (W, 3) as if nothing stood there."""
    r = camera.rotation
    step = _ONE / camera.focal
    dy = (np.float32(y) + _HALF - camera.center_y) * step
    first, last = (_HALF - camera.center_x) * step, (np.float32(row.shape[1]) - _HALF - camera.center_x) * step
    z0 = r[1][2] * dy + r[2][2]
    # Without ground, or from below it, no ray meets it.
    has_ground = paint.has_ground and camera.height > _ZERO
    if has_ground and min(z0 + r[0][2] * first, z0 + r[0][2] * last) < _ZERO:
        _ground_row(y, camera, paint, row)
    else:
        _sky_row(y, camera, paint, row)


@inner
def _sky_row(y, camera, paint, row):
    """Colour a row from which no ray meets the ground; free of branches, for 8 pixels at once."""
    r = camera.rotation
    step = _ONE / camera.focal
    dy = (np.float32(y) + _HALF - camera.center_y) * step
    x0, y0, z0 = r[1][0] * dy + r[2][0], r[1][1] * dy + r[2][1], r[1][2] * dy + r[2][2]
    rx, ry, rz = r[0][0], r[0][1], r[0][2]
    t0, t1, t2 = paint.sky_top[0], paint.sky_top[1], paint.sky_top[2]
    s0, s1, s2 = paint.sky_bottom[0], paint.sky_bottom[1], paint.sky_bottom[2]
    red, green, blue = row[0], row[1], row[2]
    for x in range(len(red)):
        dx = (np.float32(x) + _HALF - camera.center_x) * step
        up = _height_in_sky(x0 + rx * dx, y0 + ry * dx, z0 + rz * dx)
        red[x] = s0 + up * (t0 - s0)
        green[x] = s1 + up * (t1 - s1)
        blue[x] = s2 + up * (t2 - s2)


@inlined
def _height_in_sky(x, y, z):
    """How much of the top's colour the sky has along a ray, the rest is that of the horizon; eased."""
    up = min(max(z / np.sqrt(x * x + y * y + z * z) / _ZENITH, _ZERO), _ONE)
    return up * (_TWO - up)


@inner
def _ground_row(y, camera, paint, row):
    """Colour a row from which some rays meet the ground; free of branches, for 8 pixels at once."""
    r = camera.rotation
    step = _ONE / camera.focal
    dy = (np.float32(y) + _HALF - camera.center_y) * step
    x0, y0, z0 = r[1][0] * dy + r[2][0], r[1][1] * dy + r[2][1], r[1][2] * dy + r[2][2]
    rx, ry, rz = r[0][0], r[0][1], r[0][2]
    inverse_reach = _ONE / (paint.reach * paint.reach)
    inverse_square = _ONE / _SQUARE
    t0, t1, t2 = paint.sky_top[0], paint.sky_top[1], paint.sky_top[2]
    s0, s1, s2 = paint.sky_bottom[0], paint.sky_bottom[1], paint.sky_bottom[2]
    g0, g1, g2 = paint.ground[0], paint.ground[1], paint.ground[2]
    d0, d1, d2 = paint.ground_dark[0] - g0, paint.ground_dark[1] - g1, paint.ground_dark[2] - g2
    red, green, blue = row[0], row[1], row[2]
    for x in range(len(red)):
        dx = (np.float32(x) + _HALF - camera.center_x) * step
        wx, wy, wz = x0 + rx * dx, y0 + ry * dx, z0 + rz * dx
        up = _height_in_sky(wx, wy, wz)
        # How far the ground's place moves from this pixel to the next one, to the right and down.
        down = max(-wz, np.float32(1e-6))
        t = camera.height / down
        px, py = t * wx, t * wy
        slope_right, slope_down = rz / down, r[1][2] / down
        t_step = t * step
        right_x, right_y = t_step * (rx + wx * slope_right), t_step * (ry + wy * slope_right)
        down_x, down_y = t_step * (r[1][0] + wx * slope_down), t_step * (r[1][1] + wy * slope_down)
        width_x = max((abs(right_x) + abs(down_x)) * inverse_square, np.float32(1e-4))
        width_y = max((abs(right_y) + abs(down_y)) * inverse_square, np.float32(1e-4))
        bx = band((px + camera.east) * inverse_square, width_x)
        by = band((py + camera.north) * inverse_square, width_y)
        dark = _HALF - _HALF * bx * by
        far = (px * px + py * py) * inverse_reach
        seen = (_ONE if wz < _ZERO else _ZERO) / (_ONE + far * far)
        sky = _ONE - seen
        red[x] = sky * (s0 + up * (t0 - s0)) + seen * (g0 + dark * d0)
        green[x] = sky * (s1 + up * (t1 - s1)) + seen * (g1 + dark * d1)
        blue[x] = sky * (s2 + up * (t2 - s2)) + seen * (g2 + dark * d2)


@inner
def shadow_row(y, left, right, samples, covered, camera, sun, grid, tiles, row):
    """Darken the ground in some columns of a row of the picture where bodies keep the sun from it."""
    r, axes = camera.rotation, sun.axes
    step = _ONE / camera.focal
    dy = (np.float32(y) + _HALF - camera.center_y) * step
    x0, y0, z0 = r[1][0] * dy + r[2][0], r[1][1] * dy + r[2][1], r[1][2] * dy + r[2][2]
    last = np.float32(len(grid) - REACH)
    is_covered = covered[1] <= y < covered[3]
    for x in range(left, right):
        if is_covered and covered[0] <= x < covered[2] and _hides_all(samples, y, x):
            continue
        dx = (np.float32(x) + _HALF - camera.center_x) * step
        wx, wy, wz = x0 + r[0][0] * dx, y0 + r[0][1] * dx, z0 + r[0][2] * dx
        if wz >= _ZERO:
            continue
        t = camera.height / -wz
        px, py, pz = t * wx, t * wy, -camera.height
        u = axes[0][0] * px + axes[0][1] * py + axes[0][2] * pz + axes[0][3]
        v = axes[1][0] * px + axes[1][1] * py + axes[1][2] * pz + axes[1][3]
        if not (u >= REACH and v >= REACH and u < last and v < last):  # Said so that it holds for what is no number.
            continue
        if not tiles[int(v) // TILE, int(u) // TILE]:
            continue
        w = axes[2][0] * px + axes[2][1] * py + axes[2][2] * pz + axes[2][3]
        lit = light_on_ground(grid, u, v, w + _LIFT, _SOFTNESS / sun.cell)
        share = _IN_SHADOW + (_ONE - _IN_SHADOW) * lit
        row[0, x] *= share
        row[1, x] *= share
        row[2, x] *= share


@inlined
def _hides_all(samples, y, x):
    """Whether something opaque is before the whole pixel."""
    return (samples[y, x, 0] != 0) & (samples[y, x, 1] != 0) & (samples[y, x, 2] != 0) & (samples[y, x, 3] != 0)


@inner
def band(x, width):
    """Mean of the square wave of period 2 that is -1 in [0, 1) and 1 in [1, 2), over a width about x."""
    low, high = (x - _HALF * width) * _HALF, (x + _HALF * width) * _HALF
    low, high = low - np.floor(low), high - np.floor(high)
    return _TWO * (abs(low - _HALF) - abs(high - _HALF)) / width
