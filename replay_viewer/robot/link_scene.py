"""All visuals of a link as one scene for glTF: parts of one colour merged, textures and vertex colours kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import trimesh
from trimesh.visual import TextureVisuals

from .materials import (
    flat_visual,
    has_own_look,
    texture,
    texture_coordinates,
    textured_visual,
    vertex_color_visual,
    vertex_colors,
)
from .visuals import Visual


def link_scene(visuals: Sequence[Visual]) -> trimesh.Scene:
    """One scene in link coordinates [m], whose colours are those of glTF: linear, see `materials`."""
    groups: dict[object, list[Visual]] = {}
    for visual in visuals:
        key = visual.mesh_key if has_own_look(visual.mesh) else (visual.rgba, visual.normals is None)
        groups.setdefault(key, []).append(visual)
    scene = trimesh.Scene()
    for group in groups.values():
        scene.add_geometry(_merged(group))
    return scene


def _merged(group: Sequence[Visual]) -> trimesh.Trimesh:
    """Visuals of one look as one mesh in link coordinates."""
    counts = [len(visual.mesh.vertices) for visual in group]
    starts = np.cumsum([0, *counts[:-1]])
    faces = [outward_faces(visual) + start for visual, start in zip(group, starts, strict=True)]
    normals = [link_normals(visual) for visual in group]
    return trimesh.Trimesh(
        vertices=np.concatenate([trimesh.transform_points(v.mesh.vertices, v.origin) for v in group]),
        faces=np.concatenate(faces),
        vertex_normals=None if group[0].normals is None else np.concatenate(normals),
        visual=_look(group),
        process=False,
    )


def _look(group: Sequence[Visual]) -> TextureVisuals:
    """The texture, the vertex colours or the colour that the visuals share."""
    mesh = group[0].mesh
    image, colors = texture(mesh), vertex_colors(mesh)
    if image is not None:
        return textured_visual(image, np.tile(texture_coordinates(mesh), (len(group), 1)))
    if colors is not None:
        return vertex_color_visual(np.tile(colors, (len(group), 1)))
    return flat_visual(group[0].rgba)


def outward_faces(visual: Visual) -> np.ndarray:
    """Triangles that face outwards: a mirroring scale turns them inside out."""
    mirrored = np.linalg.det(visual.origin[:3, :3]) < 0
    return visual.mesh.faces[:, ::-1] if mirrored else visual.mesh.faces


def link_normals(visual: Visual) -> np.ndarray:
    """Normals (V, 3) in link coordinates, of unit length; (0, 3) for a flat shaded visual."""
    if visual.normals is None:
        return np.zeros((0, 3))
    # Normals turn with the inverse transpose, so that they stay upright under uneven scales.
    turned = visual.normals @ np.linalg.pinv(visual.origin[:3, :3])
    return turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), np.finfo(np.float64).tiny)
