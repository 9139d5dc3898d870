"""Geoms of MuJoCo bodies: shapes, places and colours, as visuals of a URDF with mesh files of their own.

Shapes that a URDF has no element for, capsules and ellipsoids, become meshes. All of it is written with numpy alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterator, Sequence
from xml.etree.ElementTree import Element

import numpy as np

from .urdf_xml import numbers, pose_of, visual

# Kinds of geoms: mjtGeom.
PLANE, HFIELD, SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX, MESH, SDF = range(9)
# Groups of geoms that MuJoCo's viewer shows at first; collision shapes are usually in group 3.
_SHOWN_GROUPS = (0, 1, 2)
_NO_COLOR = np.array([0.5, 0.5, 0.5, 1.0], np.float32)  # Of a geom that has none: its material's counts.
_MESHES = "meshes"  # The folder beside the URDF.
_RINGS, _SECTIONS = 16, 32  # Of round shapes.
_PLY_FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
_PLY_HEADER = """ply
format binary_little_endian 1.0
element vertex {num_vertices}
property float x
property float y
property float z
element face {num_triangles}
property list uchar int vertex_indices
end_header
"""


def color_of(model: Any, geom: int) -> np.ndarray:
    """(4,) rgba of a geom: its own, else its material's."""
    own, material = np.asarray(model.geom_rgba[geom]), int(model.geom_matid[geom])
    if material >= 0 and np.array_equal(own, _NO_COLOR):
        return np.asarray(model.mat_rgba[material])
    return own


def drawn_geoms(model: Any, bodies: Sequence[int]) -> list[int]:
    """The geoms of some bodies that can be seen; those of the hidden groups only where there are no others."""
    geoms = [geom for body in bodies for geom in _geoms_of(model, body) if color_of(model, geom)[3] > 0]
    shown = [geom for geom in geoms if int(model.geom_group[geom]) in _SHOWN_GROUPS]
    return shown or geoms


def mesh_of(model: Any, mesh: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) [m] and triangles (F, 3) of a mesh, in the frame of the geoms that use it."""
    vertex, face = int(model.mesh_vertadr[mesh]), int(model.mesh_faceadr[mesh])
    vertices = model.mesh_vert[vertex : vertex + int(model.mesh_vertnum[mesh])]
    return np.asarray(vertices), np.asarray(model.mesh_face[face : face + int(model.mesh_facenum[mesh])])


def unit_sphere() -> tuple[np.ndarray, np.ndarray]:
    """A sphere of radius 1; its vertices are its normals too."""
    return _revolved(np.linspace(0, np.pi, _RINGS + 1))


class GeomWriter:
    """Makes URDF visuals of the geoms of a robot's bodies; each mesh file is written once."""

    def __init__(self, model: Any, folder: Path, bodies: Sequence[int]) -> None:
        self._model, self._folder = model, folder
        self._geoms = drawn_geoms(model, bodies)

    def visuals(self, body: int) -> list[Element]:
        """What is drawn on a body."""
        model = self._model
        elements = []
        for geom in self._geoms:
            if int(model.geom_bodyid[geom]) == body:
                place = pose_of(model.geom_pos[geom], model.geom_quat[geom])
                rgba = color_of(model, geom)
                # A material is known by its name throughout a URDF.
                name = "rgba_" + "_".join(f"{value:.3g}" for value in rgba)
                elements += [visual(place, shape, name, rgba) for shape in self._shape(geom)]
        return elements

    def _shape(self, geom: int) -> Iterator[Element]:
        """The shape of a geom; nothing for a plane or a height field."""
        model, kind = self._model, int(self._model.geom_type[geom])
        radius, half, _ = size = np.asarray(model.geom_size[geom], float)
        if kind == SPHERE:
            yield Element("sphere", radius=numbers(radius))
        elif kind == CAPSULE:
            # Not part of the URDF standard.
            yield Element("mesh", filename=self._capsule(radius, half))
        elif kind == CYLINDER:
            yield Element("cylinder", radius=numbers(radius), length=numbers(2 * half))
        elif kind == BOX:
            yield Element("box", size=numbers(2 * size))
        elif kind == ELLIPSOID:
            yield Element("mesh", filename=self._unit_sphere(), scale=numbers(size))
        elif kind in (MESH, SDF):
            yield Element("mesh", filename=self._mesh(int(model.geom_dataid[geom])))

    def _capsule(self, radius: float, half: float) -> str:
        filename = f"{_MESHES}/capsule_{radius:.6g}_{half:.6g}.obj"
        if not (self._folder / filename).exists():
            _write_round_obj(self._folder / filename, *_capsule_mesh(radius, half))
        return filename

    def _mesh(self, mesh: int) -> str:
        name = re.sub(r"[^\w.-]", "_", self._model.mesh(mesh).name)
        filename = f"{_MESHES}/{mesh}_{name}.ply"
        if not (self._folder / filename).exists():
            _write_ply(self._folder / filename, *mesh_of(self._model, mesh))
        return filename

    def _unit_sphere(self) -> str:
        filename = f"{_MESHES}/unit_sphere.obj"
        if not (self._folder / filename).exists():
            vertices, triangles = unit_sphere()
            _write_round_obj(self._folder / filename, vertices, triangles, vertices)
        return filename


def _write_ply(path: Path, vertices: np.ndarray, triangles: np.ndarray) -> None:
    """Write vertices (V, 3) [m] and triangles (F, 3) as a binary PLY, whose surface is flat shaded.

    It takes 40 % of the bytes of an STL, which holds every corner of every triangle on its own.
    """
    faces = np.empty(len(triangles), _PLY_FACE)
    faces["count"], faces["corners"] = 3, triangles
    header = _PLY_HEADER.format(num_vertices=len(vertices), num_triangles=len(triangles))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.encode("ascii") + np.asarray(vertices, "<f4").tobytes() + faces.tobytes())


def _write_round_obj(path: Path, vertices: np.ndarray, triangles: np.ndarray, normals: np.ndarray) -> None:
    """Write vertices (V, 3) [m], triangles (F, 3) and normals (V, 3) as an OBJ, whose surface is smooth."""
    lines = [f"v {x:.7g} {y:.7g} {z:.7g}" for x, y, z in vertices]
    lines += [f"vn {x:.7g} {y:.7g} {z:.7g}" for x, y, z in normals]
    lines += ["f " + " ".join(f"{corner}//{corner}" for corner in triangle) for triangle in triangles + 1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def _capsule_mesh(radius: float, half_length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A capsule along z whose straight part reaches `half_length` to both sides [m]; with its normals."""
    # Two halves of a sphere, pulled apart.
    polar = np.linspace([0, np.pi / 2], [np.pi / 2, np.pi], _RINGS // 2 + 1).T
    normals, triangles = _revolved(polar.reshape(-1))
    up = np.repeat([half_length, -half_length], len(normals) // 2)
    return radius * normals + up[:, None] * [0, 0, 1], triangles, normals


def _geoms_of(model: Any, body: int) -> range:
    first = int(model.body_geomadr[body])
    return range(first, first + int(model.body_geomnum[body]))


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
