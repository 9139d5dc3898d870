"""Shadows: how far towards the sun the highest surface is, on a grid across its rays.

A point in the sun's space is (u, v, w): u and v in cells of the grid, w [m] towards the sun.
"""

from __future__ import annotations

import numpy as np

from .arguments import Flags2, Floats2, Ints2
from .compiled import compiled, inlined, inner

# Cells per tile; a tile knows whether anything in it, or within two tiles of it, casts a shadow at all.
TILE = 8
NOTHING = np.float32(-1e9)
# Half the width of the softest edge of a shadow on the ground, in cells.
_SOFTEST = 6
# Cells at the edges of the grid from which the ground is lit: what is looked up about a place is within it.
REACH = _SOFTEST + 2
# Cells of a row that are tried in one loop, always eight at once as in `coverage`, and their columns there. So the last
# seven cells of a row stay free, which are within REACH.
_STRETCH = 32
COLUMNS = np.arange(_STRETCH).astype(np.float32)
_ZERO, _ONE, _TWO = np.float32(0), np.float32(1), np.float32(2)
_INFINITE = np.float32(np.inf)


@compiled
def cast(points: Floats2, triangles: Ints2, grid: Floats2) -> None:
    """Enter triangles (F, 3) of points (V, 3) in the sun's space into the grid (S, S), but for its last columns."""
    last, last_column = np.float32(len(grid) - 1), np.float32(len(grid) - 8)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, az = points[a, 0], points[a, 1], points[a, 2]
        bx, by, bz = points[b, 0], points[b, 1], points[b, 2]
        cx, cy, cz = points[c, 0], points[c, 1], points[c, 2]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if not (_ZERO < abs(area) < _INFINITE):  # All of its corners are numbers then.
            continue
        scale = _ONE / area
        # Cells are seen at their whole numbers.
        left = int(np.ceil(min(max(min(ax, bx, cx), _ZERO), last_column)))
        right = int(min(max(max(ax, bx, cx), _ZERO), last_column))
        top = int(np.ceil(min(max(min(ay, by, cy), _ZERO), last)))
        bottom = int(min(max(max(ay, by, cy), _ZERO), last))
        a_x, a_y = (by - cy) * scale, (cx - bx) * scale
        b_x, b_y = (cy - ay) * scale, (ax - cx) * scale
        low, high = np.float32(left), np.float32(right)
        for y in range(top, bottom + 1):
            dy = np.float32(y) - cy
            for x in range(left, right + 1, _STRETCH):
                start = np.uint64(x)
                for j in range(np.uint64(8 * min(_STRETCH // 8, (right - x) // 8 + 1))):
                    column = np.float32(x) + COLUMNS[j]
                    dx = column - cx
                    wa = a_x * dx + a_y * dy
                    wb = b_x * dx + b_y * dy
                    w = cz + wa * (az - cz) + wb * (bz - cz)
                    inside = (wa >= _ZERO) & (wb >= _ZERO) & (wa + wb <= _ONE)
                    inside &= (column >= low) & (column <= high)
                    grid[y, start + j] = max(grid[y, start + j], w if inside else NOTHING)


@compiled
def mark_tiles(grid: Floats2, tiles: Flags2) -> None:
    """Mark the tiles (S / TILE, S / TILE) in whose surroundings anything is."""
    n = len(tiles)
    tiles[:] = False
    for ty in range(n):
        for tx in range(n):
            for y in range(ty * TILE, (ty + 1) * TILE):
                for x in range(tx * TILE, (tx + 1) * TILE):
                    if grid[y, x] > NOTHING:
                        for ny in range(max(ty - 2, 0), min(ty + 3, n)):
                            for nx in range(max(tx - 2, 0), min(tx + 3, n)):
                                tiles[ny, nx] = True
                        break
                else:
                    continue
                break


@inner
def light_near(grid, tiles, u, v, w):
    """Share of sunlight, 0..1, at a point of a body: the edge of a shadow is about three cells wide."""
    last = np.float32(len(grid)) - _TWO
    # Said so that it holds for what is no number.
    is_inside = u >= _ONE and v >= _ONE and u < last and v < last
    x0, y0 = (int(np.floor(u)), int(np.floor(v))) if is_inside else (0, 0)
    is_near = tiles[y0 // TILE, x0 // TILE]
    rows = 4 if is_inside and is_near else 0
    fx, fy = u - np.float32(x0), v - np.float32(y0)
    lit = _ZERO
    for j in range(rows):
        row_weight = _ONE - fy if j == 0 else (fy if j == 3 else _ONE)
        # Shares are taken or not without a branch, here and below: at the edge of a shadow processors guess wrongly.
        row = _ONE - fx if grid[y0 + j - 1, x0 - 1] <= w else _ZERO
        row += _ONE if grid[y0 + j - 1, x0] <= w else _ZERO
        row += _ONE if grid[y0 + j - 1, x0 + 1] <= w else _ZERO
        row += fx if grid[y0 + j - 1, x0 + 2] <= w else _ZERO
        lit += row * row_weight
    return lit / np.float32(9) if rows else _ONE


@inner
def light_on_ground(grid, u, v, w, softness):
    """Share of sunlight, 0..1, at a point of the ground, REACH or more cells within the grid.

    The edge of a shadow is as wide as `softness` [cells / m] times the distance to what casts it: sharp at the feet,
    soft at the head (R. Fernando, "Percentage-closer soft shadows", 2005).
    """
    x0, y0 = int(u + np.float32(0.5)), int(v + np.float32(0.5))
    distance, found = _ZERO, 0
    for j in range(-_SOFTEST, _SOFTEST + 1, 3):
        # Rows by themselves: a sum of all would wait for each addition.
        in_row = _ZERO
        for i in range(-_SOFTEST, _SOFTEST + 1, 3):
            above = grid[y0 + j, x0 + i] - w
            in_row += max(_ZERO, above)
            found += above > _ZERO
        distance += in_row
    is_edge = 0 < found < 25
    radius = min(np.float32(_SOFTEST), max(np.float32(1.5), softness * distance / np.float32(found)))
    step = radius / np.float32(2.5)
    lit, total = _ZERO, _ZERO
    for j in range(-2, 3 if is_edge else -2):
        dy = np.float32(j)
        for i in range(-2, 3):
            dx = np.float32(i)
            weight = max(np.float32(7) - dx * dx - dy * dy, _ZERO)
            lit += weight * _bilinear(grid, u + dx * step, v + dy * step, w)
            total += weight
    return lit / total if is_edge else (_ONE if found == 0 else _ZERO)


@inlined
def _bilinear(grid, u, v, w):
    """Share of the four cells around (u, v) that let the sun through to the height w, by nearness."""
    x0, y0 = int(u), int(v)
    fx, fy = u - np.float32(x0), v - np.float32(y0)
    lit = (_ONE - fx) * (_ONE - fy) if grid[y0, x0] <= w else _ZERO
    lit += fx * (_ONE - fy) if grid[y0, x0 + 1] <= w else _ZERO
    lit += (_ONE - fx) * fy if grid[y0 + 1, x0] <= w else _ZERO
    lit += fx * fy if grid[y0 + 1, x0 + 1] <= w else _ZERO
    return lit
