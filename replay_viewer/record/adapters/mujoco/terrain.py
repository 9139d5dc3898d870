"""The ground of a MuJoCo model as one mesh."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from ....rotations import normalize, rotate
from ..scene import grid_mesh
from .meshes import BOX, HFIELD, MESH, PLANE, SPHERE, mesh_of, unit_sphere
from .model import rest_pose

# A box from -1 to 1, its sides counter-clockwise seen from outside, as two triangles each.
_CORNERS = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
_SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
_TRIANGLES = np.array([triangle for a, b, c, d in _SIDES for triangle in ((a, b, c), (a, c, d))])
# A plane from -1 to 1, and half the size that is drawn of one without bounds [m].
_SQUARE = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])
_FAR = 20.0


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
    shape = _shape(model, geom)
    if shape is None:
        return None
    vertices, triangles = shape
    position, wxyz = rest_pose(model, int(model.geom_bodyid[geom]))
    in_body = model.geom_pos[geom] + rotate(normalize(np.asarray(model.geom_quat[geom], float)), vertices)
    return position + rotate(wxyz, in_body), triangles


def _shape(model: Any, geom: int) -> tuple[np.ndarray, np.ndarray] | None:
    """A geom's mesh in its own frame; None for shapes that terrains are not made of."""
    kind, size, data = int(model.geom_type[geom]), np.asarray(model.geom_size[geom]), int(model.geom_dataid[geom])
    if kind == PLANE:
        return _SQUARE * np.where(size > 0, size, _FAR), np.array([[0, 1, 2], [0, 2, 3]])
    if kind == BOX:
        return _CORNERS * size, _TRIANGLES
    if kind == SPHERE:
        vertices, triangles = unit_sphere()
        return vertices * size[0], triangles
    if kind == HFIELD:
        return _height_field(model, data)
    return mesh_of(model, data) if kind == MESH else None


def _height_field(model: Any, field: int) -> tuple[np.ndarray, np.ndarray]:
    rows, columns, first = (int(values[field]) for values in (model.hfield_nrow, model.hfield_ncol, model.hfield_adr))
    half_x, half_y, height, _ = model.hfield_size[field]
    heights = model.hfield_data[first : first + rows * columns].reshape(rows, columns) * height
    # Its rows lie along y.
    vertices, triangles = grid_mesh(heights.T, 1.0)
    spacing = np.array([2 * half_x / (columns - 1), 2 * half_y / (rows - 1), 1.0])
    return vertices * spacing - [half_x, half_y, 0.0], triangles
