"""What follows from the corners of triangles."""

from __future__ import annotations

import numpy as np


def areas(corners: np.ndarray) -> np.ndarray:
    """Areas (F,) of triangles (F, 3, 3); zero also for what is too small to have a direction."""
    squares = _squares(_crosses(corners))
    return 0.5 * np.sqrt(np.where(squares > np.finfo(squares.dtype).tiny, squares, 0))


def face_normals(corners: np.ndarray) -> np.ndarray:
    """Unit normals (F, 3) of triangles (F, 3, 3) that have an area."""
    crosses = _crosses(corners)
    return crosses / np.sqrt(np.maximum(_squares(crosses), np.finfo(crosses.dtype).tiny))[:, None]


def in_order_of_use(triangles: np.ndarray, num_vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """The vertices that triangles (F, 3) use, in the order in which they do, and the triangles in the new numbers."""
    corners = triangles.ravel()
    first = np.full(num_vertices, len(corners))
    first[corners[::-1]] = np.arange(len(corners))[::-1]  # Of equal indices, the last assignment stays.
    order = np.argsort(first, kind="stable")
    used = order[: np.count_nonzero(first < len(corners))]
    rank = np.empty(num_vertices, np.int32)
    rank[order] = np.arange(num_vertices, dtype=np.int32)
    return used, rank[triangles]


def _squares(vectors: np.ndarray) -> np.ndarray:
    """Squared lengths (F,)."""
    return np.einsum("fk,fk->f", vectors, vectors)


def _crosses(corners: np.ndarray) -> np.ndarray:
    """Normals (F, 3) of twice the triangles' area. By components, a third of the time of np.cross."""
    ux, uy, uz = (corners[:, 1] - corners[:, 0]).T
    vx, vy, vz = (corners[:, 2] - corners[:, 0]).T
    return np.column_stack([uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx])
