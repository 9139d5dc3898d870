"""Triangles by their corners: areas, and normals of faces and of the vertices that they share.

trimesh computes the normals of vertices with scipy, which commands do not import, and without it by a slow loop.
"""

from __future__ import annotations

import numpy as np


def areas(corners: np.ndarray) -> np.ndarray:
    """Areas (F,) of triangles (F, 3, 3); zero also for what is too small to have a direction."""
    squares = _squares(crosses(corners))
    return 0.5 * np.sqrt(np.where(squares > np.finfo(squares.dtype).tiny, squares, 0))


def face_normals(corners: np.ndarray) -> np.ndarray:
    """Unit normals (F, 3) of triangles (F, 3, 3) that have an area; shorter ones, or zero, of those that have none."""
    return _unit(crosses(corners))


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) of a smooth surface of triangles (F, 3): means of those of the faces around each vertex.

    A face counts by its angle there, so that it makes no difference how a plane is cut into triangles (G. Thürmer and
    C. A. Wüthrich, "Computing vertex normals from polygonal facets", 1998). Zero where no face has an area.
    """
    corners = np.asarray(vertices, np.float64)[faces]
    crossed = crosses(corners)
    weighted = _angles(corners, crossed)[:, :, None] * _unit(crossed)[:, None]
    index, of_corners = faces.ravel(), weighted.reshape(-1, 3).T
    return _unit(np.column_stack([np.bincount(index, values, minlength=len(vertices)) for values in of_corners]))


def crosses(corners: np.ndarray) -> np.ndarray:
    """Normals (F, 3) of twice the triangles' area. By components, a third of the time of np.cross."""
    ux, uy, uz = (corners[:, 1] - corners[:, 0]).T
    vx, vy, vz = (corners[:, 2] - corners[:, 0]).T
    return np.column_stack([uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx])


def _angles(corners: np.ndarray, crossed: np.ndarray) -> np.ndarray:
    """The angle [rad] at each corner of triangles, (F, 3), of which `crosses` are known."""
    to_next = corners[:, [1, 2, 0]] - corners
    along = -np.einsum("fck,fck->fc", to_next, to_next[:, [2, 0, 1]])
    return np.arctan2(np.sqrt(_squares(crossed))[:, None], along)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.sqrt(np.maximum(_squares(vectors), np.finfo(vectors.dtype).tiny))[:, None]


def _squares(vectors: np.ndarray) -> np.ndarray:
    """Squared lengths (F,)."""
    return np.einsum("fk,fk->f", vectors, vectors)
