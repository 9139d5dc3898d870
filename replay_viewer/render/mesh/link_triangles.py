"""Triangles on one link: what a surface is put together from, in spatial order and in blocks.

A block is up to 1024 triangles that are near each other: one that the camera does not see is left out as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...robot.triangles import areas, face_normals
from ...robot.weld import unique_rows

# The most triangles of a block.
BLOCK_SIZE = 1024

# Normals that agree to a quarter of a degree are one.
_NORMAL_STEPS = 256
# Triangles of a terrain that are worked on at once.
_TRIANGLES_AT_ONCE = 1 << 16
# Blocks that are measured at once, to bound memory.
_BLOCKS_AT_ONCE = 64
# Cells of the spatial order along each axis, as a power of two.
_ORDER_BITS = 10
# What a sphere is larger than its points, so that rounding leaves none outside.
_ROUNDING = np.float32(1 + 1e-5)


@dataclass(frozen=True, eq=False)
class LinkTriangles:
    """Triangles on one link: arrays like those of `Surface`, in which those of all links lie behind each other."""

    link: int
    vertices: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    textures: np.ndarray


# -- triangles of a link -------------------------------------------------------


def arranged(part: LinkTriangles) -> LinkTriangles:
    """The part in spatial order, without triangles that have no area and without vertices of no triangle."""
    kept = np.flatnonzero(areas(part.vertices[part.triangles]))
    kept = kept[_spatial_order(part.vertices[part.triangles[kept]])]
    used, triangles = _in_order_of_use(part.triangles[kept], len(part.vertices))
    return _of_vertices(part, used, triangles, part.textures[kept])


def flat_shaded(part: LinkTriangles) -> LinkTriangles:
    """The part flat shaded, each triangle with vertices of its own."""
    corners = part.triangles.ravel()
    normals = np.repeat(face_normals(part.vertices[part.triangles]), 3, axis=0)
    triangles = np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
    return replace(_of_vertices(part, corners, triangles, part.textures), normals=normals)


def faceted(part: LinkTriangles) -> LinkTriangles:
    """The part flat shaded, where triangles in one plane share vertices: for large terrains."""
    most = part.triangles.size
    # Memory that is never written to is never taken.
    vertices, normals, colors = (np.empty((most, 3), np.float32) for _ in range(3))
    triangles = np.empty_like(part.triangles)
    count = 0
    for start in range(0, len(triangles), _TRIANGLES_AT_ONCE):
        chunk = slice(start, start + _TRIANGLES_AT_ONCE)
        chosen, turned, triangles[chunk] = _facets(part.vertices, part.triangles[chunk])
        stop = count + len(chosen)
        vertices[count:stop] = part.vertices[chosen]
        normals[count:stop] = turned
        colors[count:stop] = part.colors[chosen]
        triangles[chunk] += count
        count = stop
    return replace(
        part,
        vertices=vertices[:count],
        normals=normals[:count],
        colors=colors[:count],
        uv=np.zeros((count, 2), np.float32),
        triangles=triangles,
    )


def _facets(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points (V,), normals (V, 3) and triangles (F, 3) of distinct corners of flat shaded triangles."""
    corners = triangles.ravel()
    normals = np.repeat(face_normals(points[triangles]), 3, axis=0)
    # Numbers of points from the least on, because rows are compared as float32.
    rows = np.column_stack([corners - corners.min(), np.round(normals * _NORMAL_STEPS)])
    first, inverse = unique_rows(rows)
    used, renumbered = _in_order_of_use(inverse.reshape(-1, 3), len(first))
    return corners[first[used]], normals[first[used]], renumbered


def _of_vertices(part: LinkTriangles, chosen: np.ndarray, triangles: np.ndarray, textures: np.ndarray) -> LinkTriangles:
    """Other triangles (F, 3) of the chosen vertices."""
    return LinkTriangles(
        link=part.link,
        vertices=part.vertices[chosen],
        normals=part.normals[chosen],
        colors=part.colors[chosen],
        uv=part.uv[chosen],
        triangles=triangles,
        textures=textures,
    )


# -- order and blocks ----------------------------------------------------------


def _spatial_order(corners: np.ndarray) -> np.ndarray:
    """The order of triangles (F, 3, 3) that keeps near ones near each other: a Morton curve through their middles."""
    if not len(corners):
        return np.zeros(0, np.intp)
    middles = corners.mean(axis=1)
    low, high = middles.min(axis=0), middles.max(axis=0)
    size = max((high - low).max(), np.finfo(np.float32).tiny)
    cells = ((middles - low) / size * (2**_ORDER_BITS - 1)).astype(np.uint32)
    code = _spread(cells[:, 0]) | _spread(cells[:, 1]) << np.uint32(1) | _spread(cells[:, 2]) << np.uint32(2)
    return np.argsort(code, kind="stable")


def blocks_of(count: int) -> np.ndarray:
    """First and last + 1 of the blocks of so many triangles, (B, 2), as equal as can be."""
    edges = np.linspace(0, count, -(-count // BLOCK_SIZE) + 1).astype(np.int64)
    return np.column_stack([edges[:-1], edges[1:]])


def block_spheres(points: np.ndarray, triangles: np.ndarray, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres (B, 3) and radii (B,) of spheres about blocks (B, 2) of triangles (F, 3) between points (V, 3)."""
    centers, radii = np.empty((len(blocks), 3), np.float32), np.empty(len(blocks), np.float32)
    for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
        some = blocks[start : start + _BLOCKS_AT_ONCE]
        corners = points[triangles[some[0, 0] : some[-1, 1]].ravel()]
        found = spheres(corners, 3 * (some[:, 0] - some[0, 0]))
        centers[start : start + _BLOCKS_AT_ONCE], radii[start : start + _BLOCKS_AT_ONCE] = found
    return centers, radii


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


def _spread(values: np.ndarray) -> np.ndarray:
    """Bits of values below 1024 with two zeros between them: three such values interleave to a Morton code."""
    for shift, mask in ((16, 0x30000FF), (8, 0x300F00F), (4, 0x30C30C3), (2, 0x9249249)):
        values = (values | values << np.uint32(shift)) & np.uint32(mask)
    return values


def _in_order_of_use(triangles: np.ndarray, num_vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """The vertices that triangles (F, 3) use, in the order in which they do, and the triangles in the new numbers."""
    corners = triangles.ravel()
    first = np.full(num_vertices, len(corners))
    first[corners[::-1]] = np.arange(len(corners))[::-1]  # Of equal indices, the last assignment stays.
    order = np.argsort(first, kind="stable")
    used = order[: np.count_nonzero(first < len(corners))]
    rank = np.empty(num_vertices, np.int32)
    rank[order] = np.arange(num_vertices, dtype=np.int32)
    return used, rank[triangles]
