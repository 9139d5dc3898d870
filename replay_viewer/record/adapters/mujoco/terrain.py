"""The ground of a MuJoCo model as one mesh."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from ....rotations import normalize, rotate
from .model import rest_pose
from .shapes import geom_mesh


def terrain_mesh(model: Any, geoms: Sequence[int]) -> tuple[np.ndarray, np.ndarray] | None:
    """Vertices (V, 3) [m] and triangles (F, 3) of geoms that do not move; None where all of it is the plane z = 0."""
    parts = [placed for placed in (_placed(model, geom) for geom in geoms) if placed is not None]
    if all(np.allclose(vertices[:, 2], 0) for vertices, _ in parts):
        return None
    firsts = np.cumsum([0, *(len(vertices) for vertices, _ in parts)])
    triangles = [first + part for first, (_, part) in zip(firsts, parts)]
    return np.concatenate([vertices for vertices, _ in parts]), np.concatenate(triangles)


def _placed(model: Any, geom: int) -> tuple[np.ndarray, np.ndarray] | None:
    """A geom's mesh in the world frame."""
    shape = geom_mesh(model, geom)
    if shape is None:
        return None
    vertices, triangles = shape
    position, wxyz = rest_pose(model, int(model.geom_bodyid[geom]))
    in_body = model.geom_pos[geom] + rotate(normalize(np.asarray(model.geom_quat[geom], float)), vertices)
    return position + rotate(wxyz, in_body), triangles
