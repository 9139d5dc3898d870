"""The shapes of MuJoCo's geoms as meshes: vertices (V, 3) [m] and triangles (F, 3), in the geom's frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scene import grid_mesh

# Kinds of geoms: mjtGeom.
PLANE, HFIELD, SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX, MESH, SDF = range(9)
_RINGS, _SECTIONS = 16, 32  # Of round shapes.
# A box from -1 to 1, its sides counter-clockwise seen from outside, as two triangles each.
_CORNERS = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
_SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
_TRIANGLES = np.array([triangle for a, b, c, d in _SIDES for triangle in ((a, b, c), (a, c, d))])
# A plane from -1 to 1, and half the size that is drawn of one without bounds [m].
_SQUARE = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])
_FAR = 20.0


def geom_mesh(model: Any, geom: int) -> tuple[np.ndarray, np.ndarray] | None:
    """What is drawn of a geom; None for kinds that are no shapes."""
    kind, size, data = (
        int(model.geom_type[geom]),
        np.asarray(model.geom_size[geom], float),
        int(model.geom_dataid[geom]),
    )
    if kind == PLANE:
        return _SQUARE * np.where(size > 0, size, _FAR), np.array([[0, 1, 2], [0, 2, 3]])
    if kind == HFIELD:
        return _height_field(model, data)
    if kind in (SPHERE, ELLIPSOID):
        vertices, triangles = unit_sphere()
        return vertices * (size[0] if kind == SPHERE else size), triangles
    if kind == CAPSULE:
        return capsule_mesh(size[0], size[1])[:2]
    if kind == CYLINDER:
        return _cylinder_mesh(size[0], size[1])
    if kind == BOX:
        return _CORNERS * size, _TRIANGLES
    return mesh_of(model, data) if kind in (MESH, SDF) else None


def mesh_of(model: Any, mesh: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) [m] and triangles (F, 3) of a mesh, in the frame of the geoms that use it."""
    vertex, face = int(model.mesh_vertadr[mesh]), int(model.mesh_faceadr[mesh])
    vertices = model.mesh_vert[vertex : vertex + int(model.mesh_vertnum[mesh])]
    return np.asarray(vertices), np.asarray(model.mesh_face[face : face + int(model.mesh_facenum[mesh])])


def unit_sphere() -> tuple[np.ndarray, np.ndarray]:
    """A sphere of radius 1; its vertices are its normals too."""
    return _revolved(np.linspace(0, np.pi, _RINGS + 1))


def capsule_mesh(radius: float, half_length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A capsule along z whose straight part reaches `half_length` to both sides [m]; with its normals."""
    # Two halves of a sphere, pulled apart.
    polar = np.linspace([0, np.pi / 2], [np.pi / 2, np.pi], _RINGS // 2 + 1).T
    normals, triangles = _revolved(polar.reshape(-1))
    up = np.repeat([half_length, -half_length], len(normals) // 2)
    return radius * normals + up[:, None] * [0, 0, 1], triangles, normals


def _cylinder_mesh(radius: float, half_length: float) -> tuple[np.ndarray, np.ndarray]:
    """A cylinder along z that reaches `half_length` to both sides [m]."""
    vertices, triangles = _revolved(np.array([0, np.pi / 2, np.pi / 2, np.pi]))
    up = np.repeat([half_length, half_length, -half_length, -half_length], _SECTIONS)
    return vertices * [radius, radius, 0] + up[:, None] * [0, 0, 1], triangles


def _height_field(model: Any, field: int) -> tuple[np.ndarray, np.ndarray]:
    rows, columns, first = (int(values[field]) for values in (model.hfield_nrow, model.hfield_ncol, model.hfield_adr))
    half_x, half_y, height, _ = model.hfield_size[field]
    heights = model.hfield_data[first : first + rows * columns].reshape(rows, columns) * height
    # Its rows lie along y.
    vertices, triangles = grid_mesh(heights.T, 1.0)
    spacing = np.array([2 * half_x / (columns - 1), 2 * half_y / (rows - 1), 1.0])
    return vertices * spacing - [half_x, half_y, 0.0], triangles


def _revolved(polar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rings of a unit sphere at these angles from its top, first to last, and the triangles between them."""
    down, around = np.meshgrid(polar, np.linspace(0, 2 * np.pi, _SECTIONS, endpoint=False), indexing="ij")
    vertices = np.stack([np.sin(down) * np.cos(around), np.sin(down) * np.sin(around), np.cos(down)], -1)
    # The vertices of a pole become equal, also in the sign of their zeros.
    vertices = vertices.round(12) + 0.0
    ring, section = np.meshgrid(np.arange(len(polar) - 1), np.arange(_SECTIONS), indexing="ij")
    here, beside = ring * _SECTIONS + section, ring * _SECTIONS + (section + 1) % _SECTIONS
    upper = np.stack([here, here + _SECTIONS, beside], -1)[1:]  # At the poles, one of the two has no area.
    lower = np.stack([beside, here + _SECTIONS, beside + _SECTIONS], -1)[:-1]
    return vertices.reshape(-1, 3), np.concatenate([upper.reshape(-1, 3), lower.reshape(-1, 3)])
