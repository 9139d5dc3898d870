"""Makes the robot Trotter: `python assets/make_trotter.py [folder]` writes its URDF and one GLB per shape of link."""

from __future__ import annotations

import sys
from pathlib import Path

from making import parts
from making.glb import write_glb
from making.urdf import urdf


def make_trotter(folder: Path) -> None:
    """Write trotter.urdf and meshes/*.glb into `folder`, replacing what is there."""
    (folder / "meshes").mkdir(parents=True, exist_ok=True)
    for name, shape in parts.MESHES.items():
        write_glb(folder / "meshes" / f"{name}.glb", shape())
    (folder / "trotter.urdf").write_text(urdf())


if __name__ == "__main__":
    make_trotter(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "trotter")
