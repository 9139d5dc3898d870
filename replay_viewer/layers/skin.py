"""Skins: the surface of a link, a little larger, for what is to be seen in its place or around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import trimesh

if TYPE_CHECKING:
    from ..robot import Visual


def skin(visuals: Iterable[Visual], thickness: float) -> trimesh.Trimesh:
    """The surface of a link's visuals in link coordinates, moved outwards so far [m] that nothing shows through."""
    vertices, faces, count = [], [], 0
    for visual in visuals:
        # Welded: where the triangles of a corner have vertices of their own, they would be torn apart.
        part = trimesh.Trimesh(visual.mesh.vertices, visual.mesh.faces).apply_transform(visual.origin)
        normals = np.nan_to_num(part.vertex_normals)
        vertices.append(part.vertices + thickness * normals)
        faces.append(part.faces + count)
        count += len(part.vertices)
    return trimesh.Trimesh(np.concatenate(vertices), np.concatenate(faces), process=False)
