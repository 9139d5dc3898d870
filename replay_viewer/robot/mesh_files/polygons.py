"""Faces with more than three corners as triangles, concave ones too."""

from __future__ import annotations

import mapbox_earcut
import numpy as np


def triangulate(points: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Triangles (T, 3) of polygons, as indices of their corners.

    A fan about the first corner where it covers the polygon, as it does convex ones; else ears are cut off.

    points: (C, 3), the corners of all polygons, one after the other.
    counts: (P,), how many corners each has; what has fewer than three is left out.
    """
    starts = np.cumsum(counts) - counts
    triangles, owners = [np.zeros((0, 3), np.intp)], [np.zeros(0, np.intp)]
    for count in np.unique(counts[counts > 2]):
        which = np.flatnonzero(counts == count)
        corners = starts[which, None] + np.arange(count)
        fans = np.stack([np.repeat(corners[:, :1], count - 2, axis=1), corners[:, 1:-1], corners[:, 2:]], axis=-1)
        covered = _covered_by_fan(points[fans])
        triangles.append(fans[covered].reshape(-1, 3))
        owners.append(np.repeat(which[covered], count - 2))
        for row in np.flatnonzero(~covered):
            ears = _cut_ears(points[corners[row]])
            triangles.append(corners[row][ears] if len(ears) else fans[row])
            owners.append(np.repeat(which[row], len(triangles[-1])))
    return np.concatenate(triangles)[np.argsort(np.concatenate(owners), kind="stable")]


def _covered_by_fan(fans: np.ndarray) -> np.ndarray:
    """Whether all triangles of fans (P, T, 3, 3) face the way their polygon does, (P,)."""
    crosses = np.cross(fans[:, :, 1] - fans[:, :, 0], fans[:, :, 2] - fans[:, :, 0])
    normals = crosses.sum(axis=1)
    return (np.einsum("ptk,pk->pt", crosses, normals) >= 0).all(axis=1)


def _cut_ears(points: np.ndarray) -> np.ndarray:
    """Triangles (T, 3) of one polygon (n, 3), seen along its normal; none where it has no area to be seen."""
    edges = points[1:] - points[0]
    normal = np.cross(edges[:-1], edges[1:]).sum(axis=0)
    aside = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    flat = points @ np.stack([aside, np.cross(normal, aside)], axis=1)
    if not np.isfinite(flat).all():
        return np.zeros((0, 3), np.intp)
    flat /= np.abs(flat).max() or 1.0
    ends = np.array([len(flat)], np.uint32)
    triangles = mapbox_earcut.triangulate_float64(flat, ends).reshape(-1, 3).astype(np.intp)
    first, second, third = (flat[triangles[:, corner]] for corner in range(3))
    (x, y), (u, v) = (second - first).T, (third - first).T
    turned = x * v - y * u < 0
    triangles[turned] = triangles[turned, ::-1]
    return triangles
