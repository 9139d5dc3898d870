"""Makes the robot Trotter: `python assets/make_trotter.py [folder]` writes its URDF and one GLB per shape of link."""

from __future__ import annotations

import sys
from pathlib import Path

import trimesh
from making import parts
from making.materials import material
from making.shading import shaded
from making.urdf import urdf
from trimesh.exchange.gltf import export_glb
from trimesh.visual import TextureVisuals


def link_scene(link: parts.Link) -> trimesh.Scene:
    """One geometry per material, named after it."""
    scene = trimesh.Scene()
    for name, shells in link.items():
        mesh = shaded(shells)
        mesh.visual = TextureVisuals(material=material(name))
        scene.add_geometry(mesh, node_name=name, geom_name=name)
    return scene


def make_trotter(folder: Path) -> None:
    """Write trotter.urdf and meshes/*.glb into `folder`, replacing what is there."""
    (folder / "meshes").mkdir(parents=True, exist_ok=True)
    for name, shape in parts.MESHES.items():
        (folder / "meshes" / f"{name}.glb").write_bytes(export_glb(link_scene(shape()), include_normals=True))
    (folder / "trotter.urdf").write_text(urdf())


if __name__ == "__main__":
    make_trotter(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "trotter")
