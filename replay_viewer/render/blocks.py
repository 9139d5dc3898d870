"""Triangles in spatial order, in blocks that can be left out where the camera does not see them."""

from __future__ import annotations

import numpy as np

# The most triangles of a block.
BLOCK = 1024
_BITS = 10
_ROUNDING = np.float32(1 + 1e-5)


def spatial_order(corners: np.ndarray, links: np.ndarray, num_links: int) -> np.ndarray:
    """The order of triangles (F, 3, 3) on links (F,) that keeps those of a link together, near ones near each other."""
    middles = corners.mean(axis=1)
    low, high = np.full((num_links, 3), np.inf, np.float32), np.full((num_links, 3), -np.inf, np.float32)
    np.minimum.at(low, links, middles)
    np.maximum.at(high, links, middles)
    sizes = np.maximum((high - low).max(axis=1), np.finfo(np.float32).tiny)
    cells = ((middles - low[links]) / sizes[links, None] * (2**_BITS - 1)).astype(np.uint64)
    code = _spread(cells[:, 0]) | _spread(cells[:, 1]) << np.uint64(1) | _spread(cells[:, 2]) << np.uint64(2)
    return np.argsort(links.astype(np.uint64) << np.uint64(3 * _BITS) | code, kind="stable")


def block_ranges(links: np.ndarray) -> np.ndarray:
    """First triangle and last + 1 of each block, (B, 2) int32, of triangles whose links (F,) are sorted."""
    starts = np.flatnonzero(np.diff(links, prepend=-1))
    stops = np.append(starts[1:], len(links))
    edges = [np.linspace(a, b, -(-(b - a) // BLOCK) + 1).astype(np.int32) for a, b in zip(starts, stops, strict=True)]
    ranges = [np.column_stack([edge[:-1], edge[1:]]) for edge in edges]
    return np.concatenate([np.zeros((0, 2), np.int32), *ranges])


def spheres(points: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres (B, 3) and radii (B,), float32, of spheres about runs of points (P, 3) that begin at `starts` (B,)."""
    if not len(starts):
        return np.zeros((0, 3), np.float32), np.zeros(0, np.float32)
    low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    centers = ((low + high) / 2).astype(np.float32)
    run = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(points)))
    distances = np.linalg.norm(points - centers[run], axis=1)
    return centers, (np.maximum.reduceat(distances, starts) * _ROUNDING).astype(np.float32)


def _spread(values: np.ndarray) -> np.ndarray:
    """Bits of values below 1024 with two zeros between them: three such values interleave to a Morton code."""
    for shift, mask in ((16, 0x30000FF), (8, 0x300F00F), (4, 0x30C30C3), (2, 0x9249249)):
        values = (values | values << np.uint64(shift)) & np.uint64(mask)
    return values
