"""Triangles on one link, before they become part of a surface."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...robot.weld import unique_rows
from ..blocks import spatial_order
from ..triangles import areas, face_normals, in_order_of_use

# Normals that agree to a quarter of a degree are one.
_NORMAL_STEPS = 256
# Triangles of a terrain that are worked on at once.
_CHUNK = 1 << 16


@dataclass(frozen=True, eq=False)
class Part:
    """Triangles on one link: arrays like those of `Surface`, where all parts lie behind each other."""

    link: int
    vertices: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    textures: np.ndarray


def arranged(part: Part) -> Part:
    """The part in spatial order, without triangles that have no area and without vertices of no triangle."""
    kept = np.flatnonzero(areas(part.vertices[part.triangles]))
    kept = kept[spatial_order(part.vertices[part.triangles[kept]])]
    used, triangles = in_order_of_use(part.triangles[kept], len(part.vertices))
    return _of_vertices(part, used, triangles, part.textures[kept])


def flat_shaded(part: Part) -> Part:
    """The part flat shaded, each triangle with vertices of its own."""
    corners = part.triangles.ravel()
    normals = np.repeat(face_normals(part.vertices[part.triangles]), 3, axis=0)
    triangles = np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
    return replace(_of_vertices(part, corners, triangles, part.textures), normals=normals)


def faceted(part: Part) -> Part:
    """The part flat shaded, where triangles in one plane share vertices: for large terrains."""
    most = part.triangles.size
    # Memory that is never written to is never taken.
    vertices, normals, colors = (np.empty((most, 3), np.float32) for _ in range(3))
    triangles = np.empty_like(part.triangles)
    count = 0
    for start in range(0, len(triangles), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        chosen, turned, triangles[chunk] = _facets(part.vertices, part.triangles[chunk])
        stop = count + len(chosen)
        vertices[count:stop], normals[count:stop], colors[count:stop] = (
            part.vertices[chosen],
            turned,
            part.colors[chosen],
        )
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
    used, renumbered = in_order_of_use(inverse.reshape(-1, 3), len(first))
    return corners[first[used]], normals[first[used]], renumbered


def _of_vertices(part: Part, chosen: np.ndarray, triangles: np.ndarray, textures: np.ndarray) -> Part:
    """Other triangles (F, 3) of the chosen vertices."""
    return Part(
        link=part.link,
        vertices=part.vertices[chosen],
        normals=part.normals[chosen],
        colors=part.colors[chosen],
        uv=part.uv[chosen],
        triangles=triangles,
        textures=textures,
    )
