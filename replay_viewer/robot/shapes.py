"""Boxes, spheres, cylinders and capsules as meshes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import trimesh

from .drawable import FARTHEST
from .triangles import vertex_normals

_SECTIONS = 32
# Lengths below this [m] are lost when equal vertices are made one.
_SMALLEST = 1e-8


@dataclass(frozen=True)
class Primitive:
    """A primitive shape about the origin, cylinders and capsules along z.

    Attributes:
        kind: "box", "sphere", "cylinder", "capsule" or "frustum".
        sizes: [m], of a box its edges (x, y, z); of a sphere (radius,); of a cylinder or a capsule (radius, length),
            a capsule's length without its two caps; of a frustum (x, y, z, ratio), a box whose front is smaller by
            the ratio.
    """

    kind: str
    sizes: tuple[float, ...]

    @property
    def is_round(self) -> bool:
        """Whether its surface is smooth, and not flat shaded."""
        return self.kind in ("sphere", "cylinder", "capsule")

    def __str__(self) -> str:
        return f"{self.kind} {' '.join(f'{size:g}' for size in self.sizes)}"


@lru_cache(maxsize=256)
def primitive_mesh(primitive: Primitive, is_coarse: bool = False) -> trimesh.Trimesh:
    """The mesh of a primitive, one shared object for equal ones. Raises ValueError for sizes that cannot be drawn.

    is_coarse: of spheres, which have the most triangles, a sixteenth of them.
    """
    make, num_sizes = _MAKERS[primitive.kind]
    if len(primitive.sizes) != num_sizes or not all(np.isfinite(size) and size > 0 for size in primitive.sizes):
        raise ValueError(f"a {primitive.kind} has {num_sizes} positive sizes, not {primitive.sizes}")
    if not all(_SMALLEST <= size <= FARTHEST for size in primitive.sizes):
        raise ValueError(f"'{primitive}' has other sizes than {_SMALLEST:g} to {FARTHEST:g} m")
    if is_coarse and primitive.kind == "sphere":
        return _sphere(*primitive.sizes, subdivisions=1)
    return make(*primitive.sizes)


def _box(*edges: float) -> trimesh.Trimesh:
    return trimesh.creation.box(extents=edges)


def _frustum(x: float, y: float, z: float, ratio: float) -> trimesh.Trimesh:
    mesh = _box(x, y, z)
    narrowing = np.where(mesh.vertices[:, :1] > 0, ratio, 1.0)
    return trimesh.Trimesh(mesh.vertices * np.hstack([np.ones_like(narrowing), narrowing, narrowing]), mesh.faces)


def _sphere(radius: float, subdivisions: int = 3) -> trimesh.Trimesh:
    return _smooth(trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius))


def _cylinder(radius: float, length: float) -> trimesh.Trimesh:
    """Its sides are one round surface, which shares no vertex with the two flat ends."""
    mesh = trimesh.creation.cylinder(radius=radius, height=length, sections=_SECTIONS)
    if not len(mesh.faces):
        raise ValueError(f"'cylinder {radius:g} {length:g}' is too small: its vertices are one")
    heights = mesh.vertices[:, 2][mesh.faces]
    parts = ((heights > 0).all(axis=1), (heights < 0).all(axis=1))
    part_of_face = np.select(parts, (0, 2), 1)
    order = np.argsort(part_of_face, kind="stable")
    # A vertex for each part that has it.
    corners = mesh.faces[order] + len(mesh.vertices) * part_of_face[order, None]
    used, faces = np.unique(corners, return_inverse=True)
    vertices = mesh.vertices[used % len(mesh.vertices)]
    return _smooth(trimesh.Trimesh(vertices, faces.reshape(-1, 3), process=False))


def _capsule(radius: float, length: float) -> trimesh.Trimesh:
    return _smooth(trimesh.creation.capsule(radius=radius, height=length, count=np.array([_SECTIONS, _SECTIONS])))


def _smooth(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """The mesh with a normal at each vertex that its faces share."""
    normals = vertex_normals(mesh.vertices, mesh.faces)
    return trimesh.Trimesh(mesh.vertices, mesh.faces, vertex_normals=normals, process=False)


_MAKERS: dict[str, tuple[Callable[..., trimesh.Trimesh], int]] = {
    "box": (_box, 3),
    "frustum": (_frustum, 4),
    "sphere": (_sphere, 1),
    "cylinder": (_cylinder, 2),
    "capsule": (_capsule, 2),
}
