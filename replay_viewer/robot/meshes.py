"""Mesh files: DAE, OBJ, STL, PLY, GLB and GLTF, each as the parts that it consists of.

trimesh reads them. COLLADA's unit is applied, and its up axis is not: so do RViz and yourdfpy, and robots rely on it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from trimesh.exchange.dae import load_collada
from trimesh.resolvers import FilePathResolver

from ..errors import FileProblem, listing
from ..file_kinds import other_kind, refuse_pointer
from .materials import srgb_from_gltf
from .safe_xml import checked_xml, one_line
from .weld import weld

FORMATS = ("dae", "obj", "stl", "ply", "glb", "gltf")


@dataclass(frozen=True, eq=False)
class MeshPart:
    """One geometry of a mesh file.

    Attributes:
        mesh: vertices, triangles and their look.
        transform: (4, 4) from its vertices to the file's origin, in metres.
        normals: (V, 3) where the file has some: the surface is smooth between them; None where it is flat shaded.
    """

    mesh: trimesh.Trimesh
    transform: np.ndarray
    normals: np.ndarray | None = None


class _NearbyFiles(FilePathResolver):
    """Textures and materials beside a mesh, or in a folder beside its folder, such as ../materials/textures."""

    def get(self, name: str) -> bytes:
        try:
            return super().get(name)
        except (ValueError, OSError):
            folder = Path(self.parent).resolve()
            path = (folder / name.strip()).resolve()
            if folder.parent not in path.parents:
                raise
            return path.read_bytes()


def load_parts(path: Path) -> tuple[MeshPart, ...]:
    """The parts of a mesh file; raises FileProblem if it cannot be read or has no triangles."""
    kind = path.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise FileProblem(path, f"is not a mesh format that is read here ({listing(FORMATS)}).")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}.") from error
    refuse_pointer(path, data)
    if kind == "dae":
        data = checked_xml(data, path)
    with np.errstate(all="ignore"):  # What overflows is named below, or where the mesh is put on its link.
        meshes = _read(data, kind, path)
    if not all(mesh.faces.min() >= 0 and mesh.faces.max() < len(mesh.vertices) for mesh, _ in meshes):
        raise FileProblem(path, "has triangles of vertices that are not there.")
    with np.errstate(all="ignore"):
        parts = [_part(mesh, _unit(mesh, kind) @ transform) for mesh, transform in meshes]
    if not parts:
        other = other_kind(data, kind)
        raise FileProblem(path, f"is {other}, not {kind.upper()}." if other else "has no triangles.")
    if not all(np.isfinite(part.mesh.vertices).all() and np.isfinite(part.transform).all() for part in parts):
        raise FileProblem(path, "has vertices that are not finite.")
    return tuple(parts)


def _read(data: bytes, kind: str, path: Path) -> list[tuple[trimesh.Trimesh, np.ndarray]]:
    """The meshes of a file as they are written, with their places (4, 4) in it."""
    resolver = _NearbyFiles(str(path))
    try:
        if kind == "dae":
            return _read_collada(data, resolver)
        scene = trimesh.load(io.BytesIO(data), file_type=kind, resolver=resolver, force="scene", process=False)
        assert isinstance(scene, trimesh.Scene)
        if kind in ("glb", "gltf"):
            for mesh in scene.geometry.values():
                srgb_from_gltf(mesh)
        placed = [scene.graph[node] for node in scene.graph.nodes_geometry]
        meshes = [(scene.geometry[str(name)], transform) for transform, name in placed]
        return [(mesh, place) for mesh, place in meshes if isinstance(mesh, trimesh.Trimesh) and len(mesh.faces)]
    except Exception as error:  # Readers of broken files fail in any way there is.
        other = other_kind(data, kind)
        problem = (
            f"is {other}, not {kind.upper()}." if other else f"cannot be read as {kind.upper()}: {one_line(error)}."
        )
        raise FileProblem(path, problem) from error


def _read_collada(data: bytes, resolver: FilePathResolver) -> list[tuple[trimesh.Trimesh, np.ndarray]]:
    """The same for COLLADA, without the merging of vertices that `trimesh.load` cannot be kept from there."""
    scene = load_collada(io.BytesIO(data), resolver=resolver)
    used = [node for node in scene["graph"] if len(scene["geometry"][node["geometry"]]["faces"])]
    return [(trimesh.Trimesh(**scene["geometry"][n["geometry"]], process=False), n["matrix"]) for n in used]


def _part(mesh: trimesh.Trimesh, transform: np.ndarray) -> MeshPart:
    # trimesh keeps normals that came with the file where it would keep those that it computes itself.
    normals = np.asarray(mesh.vertex_normals) if "vertex_normals" in mesh._cache else None
    welded, normals = weld(mesh, normals)
    return MeshPart(welded, transform, normals)


def _unit(mesh: trimesh.Trimesh, kind: str) -> np.ndarray:
    """(4, 4) from the file's unit to metres. Only COLLADA states one; the others are in metres by convention."""
    if kind != "dae" or mesh.units in (None, "meters"):
        return np.eye(4)
    return np.diag([*[trimesh.units.unit_conversion(mesh.units, "meters")] * 3, 1.0])
