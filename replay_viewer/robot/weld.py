"""Meshes with each vertex once, and without normals that say nothing.

Mesh files often hold every corner of every triangle on its own, with the triangle's own normal: Unitree's Go1 is
written so. Shared vertices without normals draw the same picture from a quarter of the data.
"""

from __future__ import annotations

import numpy as np
import trimesh
from trimesh.visual import ColorVisuals, TextureVisuals

from .materials import texture, texture_coordinates, vertex_colors
from .triangles import areas, face_normals

# A surface is flat shaded if almost all corners have their own triangle's normal, within two degrees.
_SAME_NORMAL = 0.9994
_FLAT_SHARE = 0.99


def weld(mesh: trimesh.Trimesh, normals: np.ndarray | None) -> tuple[trimesh.Trimesh, np.ndarray | None]:
    """The mesh with equal vertices made one, and its normals (V, 3), None if it is flat shaded.

    Vertices are equal if position, normal, texture coordinates and colour are, as float32.
    """
    if getattr(mesh.visual, "kind", None) == "face":
        return mesh, normals  # Colours of faces need corners of their own.
    if normals is not None and texture(mesh) is None and _is_flat_shaded(mesh, normals):
        normals = None
    columns = [mesh.vertices, normals, _own_coordinates(mesh), vertex_colors(mesh)]
    first, inverse = unique_rows(np.hstack([column for column in columns if column is not None]))
    welded = trimesh.Trimesh(
        mesh.vertices[first], inverse[mesh.faces], visual=_visual_of(mesh, first), process=False, metadata=mesh.metadata
    )
    return welded, None if normals is None else normals[first]


def unique_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices `first` of the distinct rows of (V, k), as float32, and `inverse`: rows is rows[first][inverse].

    Sorts one 64-bit hash per row, which is several times as fast as sorting rows.
    """
    words = np.ascontiguousarray(rows + 0.0, dtype=np.float32).view(np.uint32)  # Adding zero makes -0.0 equal 0.0.
    keys = np.zeros(len(words), dtype=np.uint64)
    for column in words.T:
        # The multiplier and the shift are those of SplitMix64 (Steele, Lea and Flood, 2014).
        keys = (keys ^ column) * np.uint64(0xBF58476D1CE4E5B9)
        keys ^= keys >> np.uint64(31)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first, inverse


def _is_flat_shaded(mesh: trimesh.Trimesh, normals: np.ndarray) -> bool:
    corners = mesh.vertices[mesh.faces]
    same = np.einsum("fck,fk->fc", normals[mesh.faces], face_normals(corners)) > _SAME_NORMAL
    # Triangles without an area have no normal to agree with, and are not seen.
    have_area = areas(corners) > 0
    return bool(np.mean(same[have_area]) > _FLAT_SHARE) if have_area.any() else True


def _own_coordinates(mesh: trimesh.Trimesh) -> np.ndarray | None:
    return None if texture(mesh) is None else texture_coordinates(mesh)


def _visual_of(mesh: trimesh.Trimesh, first: np.ndarray) -> ColorVisuals | TextureVisuals | None:
    """The look of the mesh for the vertices that are kept."""
    if isinstance(mesh.visual, TextureVisuals):
        uv = _own_coordinates(mesh)
        return TextureVisuals(uv=None if uv is None else uv[first], material=mesh.visual.material)
    colors = vertex_colors(mesh)
    return None if colors is None else ColorVisuals(vertex_colors=colors[first])
