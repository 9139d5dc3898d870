"""Sunlight: where the sun shines in a picture, and where bodies keep it off."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...theme import LIGHTS
from .kernels import shadows, transforms
from .kernels.tables import Sun, rows_of
from .lens import Lens, Rectangle, normalized, through, transformed
from .placed_surfaces import PlacedSurface

DIRECTION = np.array(LIGHTS.towards_sun)
# Cells of the shadow grid along an edge, and the edge of the finest cells [m].
_GRID = 1024
_FINEST_CELL = 0.0016
# Cells that stay free at the grid's edges: whoever sees what casts a shadow is far enough within the grid.
_MARGIN = 2 * shadows.REACH + 2
# Cells are not finer than this share of a pixel at the bodies.
_SHARE_OF_PIXEL = 0.75
# Details of bodies below this many cells cast no shadow.
_DETAIL = 2.0


class Sunlight:
    """The sun's grid, which is filled anew for every picture.

    Attributes:
        grid: (S, S), how far towards the sun the highest surface is, see `kernels.shadows`.
        tiles: (S / TILE, S / TILE), whether anything casts a shadow there.
    """

    def __init__(self) -> None:
        self.grid = np.full((_GRID, _GRID), shadows.NOTHING, np.float32)
        self.tiles = np.zeros((_GRID // shadows.TILE, _GRID // shadows.TILE), np.bool_)

    def over(self, bodies: Sequence[PlacedSurface], lens: Lens) -> Sun:
        """What the sun sees of bodies before a lens."""
        self.grid.fill(shadows.NOTHING)
        axes, cell = _sun_axes(bodies, lens.position, _SHARE_OF_PIXEL * _pixel(bodies, lens))
        for body in bodies:
            surface = body.coarse(_DETAIL * cell)
            seen = np.empty_like(surface.vertices)
            transforms.place(surface.vertices, surface.links, through(axes, body.poses), seen)
            shadows.cast(seen, surface.triangles, self.grid)
        shadows.mark_tiles(self.grid, self.tiles)
        (direction,) = rows_of(normalized(DIRECTION)[None])
        return Sun(direction, rows_of(axes), np.float32(cell))

    def on_ground(self, sun: Sun, lens: Lens) -> Rectangle:
        """What of the picture may show ground at height 0 in a shadow."""
        columns, rows = (np.flatnonzero(self.tiles.any(axis=axis)) for axis in (0, 1))
        if not len(columns):
            return 0, 0, 0, 0
        cells = (
            np.array([[u, v] for u in (columns[0], columns[-1] + 1) for v in (rows[0], rows[-1] + 1)]) * shadows.TILE
        )
        axes, below = np.array(sun.axes, np.float64)[:2], -float(lens.camera.height)
        places = np.linalg.solve(axes[:, :2], (cells - axes[:, 2] * below - axes[:, 3]).T).T
        return lens.rectangle_of(np.column_stack([places, np.full(len(places), below)]))


def _pixel(bodies: Sequence[PlacedSurface], lens: Lens) -> float:
    """The size of a pixel at the bodies [m].

    It is that at what is looked at, which stays the same while a robot moves its legs; but for a camera that looks past
    the bodies, it is no more than twice that at the nearest one.
    """
    nearest = min((body.cell for body in bodies if body.cell > 0), default=np.inf)
    return min(lens.distance / float(lens.camera.focal), 2 * nearest)


def _sun_axes(bodies: Sequence[PlacedSurface], origin: np.ndarray, finest: float) -> tuple[np.ndarray, float]:
    """Axes (3, 4) of the sun's space about the bodies in the picture, and the size of its cells [m].

    origin (3,): the place that poses are relative to. finest: cells are not smaller than this [m].

    The grid keeps its places in the world while the camera moves, so that the edges of shadows do not crawl.
    """
    direction = normalized(DIRECTION)
    u = normalized(np.cross(direction, [0.0, 1.0, 0.0]))
    axes = np.array([u, np.cross(direction, u), direction])
    low, high = _extent(bodies, axes[:2])
    room = _GRID - 2 * _MARGIN - 1
    needed = max(float((high - low).max()) / room, _FINEST_CELL, finest)
    cell = _FINEST_CELL * 2 ** (math.ceil(4 * math.log2(needed / _FINEST_CELL)) / 4)
    offset = axes[:2] @ origin / cell
    corner = np.floor(offset + (low + high) / 2 / cell) - _GRID // 2
    scaled = np.concatenate([axes[:2] / cell, axes[2:]])
    return np.column_stack([scaled, [*(offset - corner), 0.0]]).astype(np.float32), cell


def _extent(bodies: Sequence[PlacedSurface], axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest place (2,) along axes (2, 3) that bodies reach, relative to the camera."""
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    for body in bodies:
        drawn = np.flatnonzero(body.radii >= 0)
        centers = transformed(body.poses[drawn], body.surface.centers[drawn]) @ axes.T
        radii = body.radii[drawn, None]
        low, high = np.minimum(low, (centers - radii).min(axis=0)), np.maximum(high, (centers + radii).max(axis=0))
    return (low, high) if bodies else (np.zeros(2), np.zeros(2))
