"""Where the nodes of a glTF file put its meshes, worked out in one pass: files of machines have chains of thousands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import trimesh
from trimesh.visual import ColorVisuals, TextureVisuals

from ...rotations import normalize, to_matrix, xyzw_to_wxyz
from .reading import Placed, Unreadable

# Nodes may be named again and again, and then be more than any file could hold.
_MOST_NODES = 200_000
_MOST_VERTICES = 20_000_000
# From so many places on, a mesh becomes one with all of them: each costs as much as a mesh.
_MANY = 32


def places_of(header: Mapping[str, Any]) -> dict[int, list[np.ndarray]]:
    """By the number of a mesh, the (4, 4) places in the scene where it is drawn. Raises Unreadable for too many."""
    nodes = header.get("nodes", [])
    places: dict[int, list[np.ndarray]] = {}
    if not nodes:
        return {number: [np.eye(4)] for number in range(len(header.get("meshes", [])))}
    todo = [(number, np.eye(4)) for number in reversed(_roots(header))]
    num_seen = 0
    while todo:
        number, above = todo.pop()
        num_seen += 1
        if num_seen > _MOST_NODES:
            raise Unreadable(f"has more than {_MOST_NODES} nodes, each as often as it is used")
        node = nodes[number]
        place = above @ _local(node)
        if "mesh" in node:
            places.setdefault(node["mesh"], []).append(place)
        todo += [(child, place) for child in reversed(node.get("children", []))]
    return places


def placed(mesh: trimesh.Trimesh, places: Sequence[np.ndarray]) -> list[Placed]:
    """A mesh at its places; at many, all of it as one. Raises Unreadable where that is more than can be drawn."""
    if len(places) * len(mesh.vertices) > _MOST_VERTICES:
        raise Unreadable(f"has {len(places)} instances of {len(mesh.vertices)} vertices, more than can be drawn")
    if len(places) < _MANY:
        return [(mesh, place) for place in places]
    return [(_merged(mesh, np.array(places)), np.eye(4))]


def _roots(header: Mapping[str, Any]) -> list[int]:
    scenes = header.get("scenes", [])
    if scenes:
        return scenes[header.get("scene", 0)].get("nodes", [])
    inner = {child for node in header["nodes"] for child in node.get("children", [])}
    return [number for number in range(len(header["nodes"])) if number not in inner]


def _local(node: Mapping[str, Any]) -> np.ndarray:
    """A node's own (4, 4) place in the one above."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    place = np.eye(4)
    turn = (
        to_matrix(normalize(xyzw_to_wxyz(np.array(node["rotation"], np.float64))))
        if "rotation" in node
        else place[:3, :3]
    )
    place[:3, :3] = turn * np.asarray(node.get("scale", (1.0, 1.0, 1.0)), np.float64)
    place[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return place


def _merged(mesh: trimesh.Trimesh, places: np.ndarray) -> trimesh.Trimesh:
    """One mesh of a mesh at places (k, 4, 4)."""
    linear, count = places[:, :3, :3], len(places)
    vertices = np.einsum("kij,vj->kvi", linear, mesh.vertices) + places[:, None, :3, 3]
    faces = np.repeat(mesh.faces[None], count, axis=0)
    mirrored = np.linalg.det(linear) < 0
    faces[mirrored] = faces[mirrored][:, :, ::-1]
    faces += len(mesh.vertices) * np.arange(count)[:, None, None]
    normals = None
    if "vertex_normals" in mesh._cache:  # They came with the file.
        turned = np.einsum("kij,vj->kvi", _for_normals(linear, mirrored), mesh.vertex_normals)
        lengths = np.linalg.norm(turned, axis=-1, keepdims=True)
        normals = (turned / np.maximum(lengths, np.finfo(np.float64).tiny)).reshape(-1, 3)
    return trimesh.Trimesh(
        vertices.reshape(-1, 3), faces.reshape(-1, 3), vertex_normals=normals, visual=_look(mesh, count), process=False
    )


def _for_normals(linear: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """What turns normals as (k, 3, 3) matrices turn a surface, up to a length: their cofactors."""
    first, second, third = np.moveaxis(linear, 1, 0)
    cofactors = np.stack([np.cross(second, third), np.cross(third, first), np.cross(first, second)], axis=1)
    return np.where(mirrored[:, None, None], -cofactors, cofactors)


def _look(mesh: trimesh.Trimesh, count: int) -> ColorVisuals | TextureVisuals | None:
    visual: Any = mesh.visual
    if isinstance(visual, TextureVisuals):
        uv = None if visual.uv is None else np.tile(visual.uv, (count, 1))
        return TextureVisuals(uv=uv, material=visual.material)
    if visual.kind == "vertex":
        return ColorVisuals(vertex_colors=np.tile(visual.vertex_colors, (count, 1)))
    return ColorVisuals(face_colors=np.tile(visual.face_colors, (count, 1))) if visual.kind == "face" else None
