"""Mesh files: DAE, OBJ, STL, PLY, GLB and GLTF, each as the parts that it consists of."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image
from trimesh.visual import TextureVisuals
from trimesh.visual.material import SimpleMaterial

from ..errors import FileProblem, listing
from ..files.kinds import other_kind, refuse_pointer
from ..files.regular import read_regular
from .materials import flat_color, has_broken_texture, has_own_look, texture_coordinates
from .mesh_files.gltf import read_gltf
from .mesh_files.nearby import MAX_TEXTURE_BYTES, NearbyFiles
from .mesh_files.reading import Reading, Unreadable, YUp
from .mesh_files.stl import whole_stl
from .mesh_files.wavefront import read_obj
from .safe_xml import one_line, strict_xml
from .weld import weld

MAX_MESH_BYTES = 1 << 30
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


@dataclass(frozen=True, eq=False)
class MeshFile:
    """A mesh file, read.

    Attributes:
        parts: one at least.
        problems: what of it is not drawn as it should be, a phrase each.
        y_up: where Y may be up in it; None where Z is.
    """

    parts: tuple[MeshPart, ...]
    problems: tuple[str, ...] = ()
    y_up: YUp | None = None


def load_mesh_file(path: Path, texture: Path | str | None = None) -> MeshFile:
    """Read a mesh file; raises FileProblem if it cannot be read or has no triangles.

    texture: an image file, or the name of one that is not found, for what of it has texture coordinates and no look of
        its own.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise FileProblem(path, f"is not a mesh format that is read here ({listing(FORMATS)}).")
    try:
        data = read_regular(path, MAX_MESH_BYTES)
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}.") from error
    refuse_pointer(path, data)
    if kind == "dae":
        data = strict_xml(data, path)
    files = NearbyFiles(path)
    with np.errstate(all="ignore"):  # What overflows is named below, or where the mesh is put on its link.
        reading = _read(data, kind, path, files)
    meshes = [(mesh, transform) for mesh, transform in reading.meshes if len(mesh.faces)]
    if not all(mesh.vertices.shape[1:] == (3,) for mesh, _ in meshes):
        raise FileProblem(path, "has positions that are not three numbers each.")
    if not all(mesh.faces.min() >= 0 and mesh.faces.max() < len(mesh.vertices) for mesh, _ in meshes):
        raise FileProblem(path, "has triangles of vertices that are not there.")
    if not meshes:
        other = other_kind(data, kind)
        problem = f"is {other}, not {kind.upper()}" if other else "; ".join(["has no triangles", *reading.problems])
        raise FileProblem(path, f"{problem}.")
    if texture is not None:
        reading.problems += _lay_texture([mesh for mesh, _ in meshes], texture)
    if any(has_broken_texture(mesh) for mesh, _ in meshes):
        reading.problems.append("a texture of it cannot be read")
    with np.errstate(all="ignore"):
        parts = tuple(_part(mesh, transform) for mesh, transform in meshes)
    if not all(np.isfinite(part.mesh.vertices).all() and np.isfinite(part.transform).all() for part in parts):
        raise FileProblem(path, "has vertices that are not finite.")
    missing = [_missing(name, files.hint(name)) for name in files.missing]
    return MeshFile(parts, (*dict.fromkeys((*reading.problems, *missing)),), reading.y_up)


def _missing(name: str, other: str) -> str:
    told = f"'{name}', which it names, is not found"
    return f"{told}: there is '{other}', and letters count as they are written" if other else told


def _read(data: bytes, kind: str, path: Path, files: NearbyFiles) -> Reading:
    """The meshes of a file as they are written. Raises FileProblem."""
    try:
        if kind == "dae":
            # Here, since pycollada takes longer to import than most robots to load.
            from .mesh_files.collada import read_collada

            return read_collada(data, files)
        if kind == "obj":
            return read_obj(data, files)
        if kind in ("glb", "gltf"):
            return read_gltf(data, kind, files)
        scene = trimesh.load_scene(
            io.BytesIO(whole_stl(data) if kind == "stl" else data), file_type=kind, resolver=files, process=False
        )
        meshes = [mesh for mesh in scene.geometry.values() if isinstance(mesh, trimesh.Trimesh)]
        return Reading([(mesh, np.eye(4)) for mesh in meshes])
    except Exception as error:  # Readers of broken files fail in any way there is.
        other = other_kind(data, kind)
        raise FileProblem(path, f"is {other}, not {kind.upper()}." if other else f"{_fault(error, kind)}.") from error


def _fault(error: Exception, kind: str) -> str:
    """What is wrong with a file that its reader fails at."""
    if isinstance(error, Unreadable):
        return str(error)
    if isinstance(error, IndexError):
        return f"cannot be read as {kind.upper()}: it names vertices that are not there"
    # What Python and numpy say of wrong values is about the reader, not about the file.
    is_said = not isinstance(error, (ValueError, TypeError, LookupError, AttributeError, struct.error))
    return (
        f"cannot be read as {kind.upper()}: {one_line(error) if is_said else 'its numbers or its structure are broken'}"
    )


def _lay_texture(meshes: Sequence[trimesh.Trimesh], texture: Path | str) -> list[str]:
    """Lay an image on the meshes that have no look of their own; a phrase where that is not possible."""
    bare = [mesh for mesh in meshes if not has_own_look(mesh) and flat_color(mesh) is None]
    mapped = [mesh for mesh in bare if len(texture_coordinates(mesh)) == len(mesh.vertices)]
    if isinstance(texture, str):
        return [f"its texture '{texture}' is not found"]
    try:
        image = Image.open(io.BytesIO(read_regular(texture, MAX_TEXTURE_BYTES)))
    except Exception:  # Readers of broken files fail in any way there is.
        return [f"its texture '{texture}' cannot be read"]
    for mesh in mapped:
        mesh.visual = TextureVisuals(uv=texture_coordinates(mesh), material=SimpleMaterial(image=image))
    lacking = "has no texture coordinates for all of it"
    return [f"the texture '{texture}' is not drawn, since the mesh {lacking}"] if len(mapped) < len(bare) else []


def _part(mesh: trimesh.Trimesh, transform: np.ndarray) -> MeshPart:
    # trimesh keeps normals that came with the file where it would keep those that it computes itself.
    normals = np.asarray(mesh.vertex_normals) if "vertex_normals" in mesh._cache else None
    welded, normals = weld(mesh, normals)
    return MeshPart(welded, transform, normals)
