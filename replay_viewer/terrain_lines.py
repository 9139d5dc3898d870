"""Grid lines on a terrain, by which one sees how fast and where a robot walks."""

from __future__ import annotations

import numpy as np

from .rollout.rollout import Terrain

# Spacings [m] to choose from; of a large terrain the finest that does not take more segments than this is drawn.
_SPACINGS = (0.5, 1.0, 2.0, 5.0, 10.0)
_MAX_SEGMENTS = 60_000
# So far above the triangles [m], so that neither hides the other.
_LIFT = 0.008


def grid_lines(terrain: Terrain) -> np.ndarray:
    """Segments (S, 2, 3) [m] in which planes of constant x and y, a round distance apart, cut the triangles.

    Empty for a terrain of which even the widest grid has too many.
    """
    corners = terrain.vertices[terrain.triangles].astype(np.float64)
    for spacing in _SPACINGS:
        if sum(int(_counts(corners[..., axis] / spacing)[1].sum()) for axis in (0, 1)) <= _MAX_SEGMENTS:
            return np.concatenate([_cuts(corners, axis, spacing) for axis in (0, 1)])
    return np.zeros((0, 2, 3))


def _counts(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first whole number from the lowest of each triangle's corners (F, 3) on, and how many up to the highest."""
    first = np.ceil(places.min(axis=1))
    return first, (np.ceil(places.max(axis=1)) - first).astype(np.int64)


def _cuts(corners: np.ndarray, axis: int, spacing: float) -> np.ndarray:
    """Segments (S, 2, 3) in which triangles (F, 3, 3) meet the planes across an axis."""
    first, counts = _counts(corners[..., axis] / spacing)
    triangle = np.repeat(np.arange(len(corners)), counts)
    nth = np.arange(len(triangle)) - np.repeat(np.cumsum(counts) - counts, counts)
    a = corners[triangle]
    b = np.roll(a, -1, axis=1)
    plane = ((first[triangle] + nth) * spacing)[:, None]
    before, after = a[..., axis] - plane, b[..., axis] - plane
    # Of the three edges exactly two lead from one side to the other; a corner in the plane counts to its lower side.
    crosses = (before <= 0) != (after <= 0)
    share = np.divide(before, before - after, out=np.zeros_like(before), where=crosses)
    points = a + share[..., None] * (b - a)
    points[..., 2] += _LIFT
    segments = points[crosses].reshape(-1, 2, 3)
    return segments[(segments[:, 0] != segments[:, 1]).any(axis=1)]  # Not where only a corner meets the plane.
