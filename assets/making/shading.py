"""Smooth normals with creases: what makes few triangles look round, and edges stay edges."""

from __future__ import annotations

import numpy as np
import trimesh

from .shapes import Shell


def shaded(shells: list[Shell], crease: float = 70.0) -> trimesh.Trimesh:
    """The shells as one mesh with vertex normals, smooth across edges of less than `crease` degrees.

    Each corner of a face gets the mean normal, weighted by area, of the faces at its vertex that are within `crease`
    of its own face; corners that agree in position and normal share a vertex. Coordinates are rounded to 10 um, so
    that the result does not depend on the last bits of the machine's sine and cosine.
    """
    parts = [_corners(shell, np.cos(np.radians(crease))) for shell in shells]
    corners = np.round(np.concatenate(parts), 5) + 0.0
    unique, index = np.unique(corners, axis=0, return_inverse=True)
    return trimesh.Trimesh(
        unique[:, :3], index.reshape(-1, 3), vertex_normals=unique[:, 3:], process=False, validate=False
    )


def _corners(shell: Shell, cosine: float) -> np.ndarray:
    """Position and normal of every face corner, shape (3 F, 6)."""
    triangles = shell.vertices[shell.faces]
    area = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    size = np.linalg.norm(area, axis=1)
    solid = size > 1e-12
    triangles, faces, area, unit = triangles[solid], shell.faces[solid], area[solid], area[solid] / size[solid, None]
    normals = np.zeros_like(triangles)
    for vertex in np.unique(faces):
        face, corner = np.nonzero(faces == vertex)
        alike = unit[face] @ unit[face].T > cosine
        normals[face, corner] = alike @ area[face]
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return np.concatenate([triangles, normals], axis=-1).reshape(-1, 6)
