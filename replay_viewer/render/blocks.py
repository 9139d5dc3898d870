"""Triangles in spatial order, in blocks that can be left out where the camera does not see them."""

from __future__ import annotations

import numpy as np

# The most triangles of a block.
BLOCK = 1024
# Blocks that are measured at once, to bound memory.
_AT_ONCE = 64
_BITS = 10
_ROUNDING = np.float32(1 + 1e-5)


def spatial_order(corners: np.ndarray) -> np.ndarray:
    """The order of triangles (F, 3, 3) that keeps near ones near each other: a Morton curve through their middles."""
    if not len(corners):
        return np.zeros(0, np.intp)
    middles = corners.mean(axis=1)
    low, high = middles.min(axis=0), middles.max(axis=0)
    size = max((high - low).max(), np.finfo(np.float32).tiny)
    cells = ((middles - low) / size * (2**_BITS - 1)).astype(np.uint32)
    code = _spread(cells[:, 0]) | _spread(cells[:, 1]) << np.uint32(1) | _spread(cells[:, 2]) << np.uint32(2)
    return np.argsort(code, kind="stable")


def block_edges(count: int) -> np.ndarray:
    """Where blocks begin, and the end, of `count` triangles: (B + 1,), blocks as equal as can be."""
    return np.linspace(0, count, -(-count // BLOCK) + 1).astype(np.int64)


def spheres(points: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres (B, 3) and radii (B,), float32, of spheres about runs of points (P, 3) that begin at `starts` (B,)."""
    if not len(starts):
        return np.zeros((0, 3), np.float32), np.zeros(0, np.float32)
    low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    centers = ((low + high) / 2).astype(np.float32)
    offsets = np.repeat(centers, np.diff(starts, append=len(points)), axis=0)
    np.subtract(points, offsets, out=offsets)
    distances = np.sqrt(np.einsum("pk,pk->p", offsets, offsets))
    return centers, (np.maximum.reduceat(distances, starts) * _ROUNDING).astype(np.float32)


def block_spheres(points: np.ndarray, triangles: np.ndarray, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres (B, 3) and radii (B,) of spheres about blocks (B, 2) of triangles (F, 3) between points (V, 3)."""
    centers, radii = np.empty((len(blocks), 3), np.float32), np.empty(len(blocks), np.float32)
    for start in range(0, len(blocks), _AT_ONCE):
        some = blocks[start : start + _AT_ONCE]
        corners = points[triangles[some[0, 0] : some[-1, 1]].ravel()]
        found = spheres(corners, 3 * (some[:, 0] - some[0, 0]))
        centers[start : start + _AT_ONCE], radii[start : start + _AT_ONCE] = found
    return centers, radii


def _spread(values: np.ndarray) -> np.ndarray:
    """Bits of values below 1024 with two zeros between them: three such values interleave to a Morton code."""
    for shift, mask in ((16, 0x30000FF), (8, 0x300F00F), (4, 0x30C30C3), (2, 0x9249249)):
        values = (values | values << np.uint32(shift)) & np.uint32(mask)
    return values
