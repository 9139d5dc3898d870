"""Skins: the surface of a link, a little larger, for what is to be seen in its place or around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import trimesh

from ..robot.link_scene import outward_faces
from ..robot.triangles import vertex_normals
from ..robot.weld import unique_rows

if TYPE_CHECKING:
    from ..robot import Visual


def skin(visuals: Iterable[Visual], thickness: float) -> trimesh.Trimesh:
    """The surface of a link's visuals in link coordinates, moved outwards so far [m] that nothing shows through."""
    vertices, faces, count = [], [], 0
    for visual in visuals:
        # Welded: where the triangles of a corner have vertices of their own, they would be torn apart.
        first, inverse = unique_rows(visual.mesh.vertices)
        points = trimesh.transform_points(visual.mesh.vertices[first], visual.origin)
        triangles = inverse[outward_faces(visual)]
        vertices.append(points + thickness * vertex_normals(points, triangles))
        faces.append(triangles + count)
        count += len(points)
    return trimesh.Trimesh(np.concatenate(vertices), np.concatenate(faces), process=False)
