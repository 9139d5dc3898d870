"""Shapes by material as a GLB file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import trimesh
from trimesh.exchange.gltf import export_glb
from trimesh.visual import TextureVisuals

from .materials import material
from .shading import shaded
from .shapes import Shell


def write_glb(path: Path, shells: Mapping[str, list[Shell]]) -> None:
    """One geometry per material, named after it."""
    scene = trimesh.Scene()
    for name, found in shells.items():
        mesh = shaded(found)
        mesh.visual = TextureVisuals(material=material(name))
        scene.add_geometry(mesh, node_name=name, geom_name=name)
    path.write_bytes(export_glb(scene, include_normals=True))
