"""Triangles on one link, before they become part of a surface."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..robot.weld import unique_rows
from .blocks import spatial_order
from .triangles import areas, face_normals, in_order_of_use

# Normals that agree to a quarter of a degree are one.
_NORMAL_STEPS = 256


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


def faceted(part: Part, chunk: slice) -> Part:
    """Some triangles of a part flat shaded. Those in one plane share vertices."""
    corners = part.triangles[chunk].ravel()
    normals = np.repeat(face_normals(part.vertices[part.triangles[chunk]]), 3, axis=0)
    # Numbers of vertices within the chunk, because rows are compared as float32.
    rows = np.column_stack([corners - corners.min(), np.round(normals * _NORMAL_STEPS)])
    first, inverse = unique_rows(rows)
    used, triangles = in_order_of_use(inverse.reshape(-1, 3), len(first))
    chosen = first[used]
    return replace(_of_vertices(part, corners[chosen], triangles, part.textures[chunk]), normals=normals[chosen])


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
