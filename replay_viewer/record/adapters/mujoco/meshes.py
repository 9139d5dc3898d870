"""Geoms of MuJoCo bodies: shapes, places and colours, as visuals of a URDF with mesh files of their own.

Shapes that a URDF has no element for, capsules and ellipsoids, become meshes. All of it is written with numpy alone.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Iterator, Sequence
from xml.etree.ElementTree import Element

import numpy as np

from .shapes import (
    BOX,
    CAPSULE,
    CYLINDER,
    ELLIPSOID,
    HFIELD,
    MESH,
    PLANE,
    SDF,
    SPHERE,
    capsule_mesh,
    geom_mesh,
    mesh_of,
    unit_sphere,
)
from .urdf_xml import numbers, pose_of, visual

# Groups of geoms that MuJoCo's viewer shows at first; collision shapes are usually in group 3.
SHOWN_GROUPS = (0, 1, 2)
_NO_COLOR = np.array([0.5, 0.5, 0.5, 1.0], np.float32)  # Of a geom that has none: its material's counts.
_MESHES = "meshes"  # The folder beside the URDF.
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
    """(4,) rgba of a geom: its own, else its material's, of which a texture counts by its mean."""
    own, material = np.asarray(model.geom_rgba[geom]), int(model.geom_matid[geom])
    if material >= 0 and np.array_equal(own, _NO_COLOR):
        rgba = np.array(model.mat_rgba[material])
        rgba[:3] *= _mean_of_texture(model, material)
        return rgba
    return own


def drawn_geoms(model: Any, bodies: Sequence[int], groups: Sequence[int] = SHOWN_GROUPS) -> list[int]:
    """The geoms of some bodies that can be seen; those of other groups only where there are none in these."""
    geoms = [geom for body in bodies for geom in _geoms_of(model, body) if color_of(model, geom)[3] > 0]
    shown = [geom for geom in geoms if int(model.geom_group[geom]) in groups]
    return shown or geoms


class GeomWriter:
    """Makes URDF visuals of some geoms; each mesh file is written once."""

    def __init__(self, model: Any, folder: Path, geoms: Sequence[int]) -> None:
        self._model, self._folder, self._geoms = model, folder, geoms

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
        """The shape of a geom."""
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
        elif kind in (PLANE, HFIELD):
            yield Element("mesh", filename=self._ground(geom))

    def _capsule(self, radius: float, half: float) -> str:
        filename = f"{_MESHES}/capsule_{radius:.6g}_{half:.6g}.obj"
        if not (self._folder / filename).exists():
            _write_text(self._folder / filename, _capsule_obj(float(radius), float(half)))
        return filename

    def _mesh(self, mesh: int) -> str:
        name = re.sub(r"[^\w.-]", "_", self._model.mesh(mesh).name)
        filename = f"{_MESHES}/{mesh}_{name}.ply"
        if not (self._folder / filename).exists():
            _write_ply(self._folder / filename, *mesh_of(self._model, mesh))
        return filename

    def _ground(self, geom: int) -> str:
        filename, mesh = f"{_MESHES}/ground_{geom}.ply", geom_mesh(self._model, geom)
        assert mesh is not None
        _write_ply(self._folder / filename, *mesh)
        return filename

    def _unit_sphere(self) -> str:
        filename = f"{_MESHES}/unit_sphere.obj"
        if not (self._folder / filename).exists():
            vertices, triangles = unit_sphere()
            _write_text(self._folder / filename, _round_obj(vertices, triangles, vertices))
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


@functools.lru_cache(maxsize=100)  # Of a training that is filmed, the same robot is recorded again and again.
def _capsule_obj(radius: float, half: float) -> str:
    return _round_obj(*capsule_mesh(radius, half))


def _round_obj(vertices: np.ndarray, triangles: np.ndarray, normals: np.ndarray) -> str:
    """Vertices (V, 3) [m], triangles (F, 3) and normals (V, 3) as an OBJ, whose surface is smooth."""
    lines = [f"v {x:.7g} {y:.7g} {z:.7g}" for x, y, z in vertices]
    lines += [f"vn {x:.7g} {y:.7g} {z:.7g}" for x, y, z in normals]
    lines += ["f " + " ".join(f"{corner}//{corner}" for corner in triangle) for triangle in triangles + 1]
    return "\n".join(lines) + "\n"


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def _mean_of_texture(model: Any, material: int) -> np.ndarray:
    """(3,) mean colour of a material's texture, 0..1; white where it has none."""
    # Since 3.2 a material has several, by their roles: the colour's is mjTEXROLE_RGB.
    texture = int(np.atleast_1d(model.mat_texid[material])[-1 if np.ndim(model.mat_texid) == 1 else 1])
    if texture < 0:
        return np.ones(3)
    # MuJoCo before 3.2 knows three channels only.
    data, count = getattr(model, "tex_data", None), 3
    if data is None:
        data = model.tex_rgb
    else:
        count = int(model.tex_nchannel[texture])
    first, size = int(model.tex_adr[texture]), int(model.tex_height[texture]) * int(model.tex_width[texture])
    pixels = np.asarray(data[first : first + size * count]).reshape(size, count)
    return np.broadcast_to(pixels[:, :3].mean(axis=0) / 255, 3)


def _geoms_of(model: Any, body: int) -> range:
    first = int(model.body_geomadr[body])
    return range(first, first + int(model.body_geomnum[body]))
