"""Seconds from a URDF to the GLBs of all its links, against what viser's ViserUrdf does for the same robot.

    python tests/benchmarks/bench_meshes.py

ViserUrdf: yourdfpy loads every visual's file for itself, and every mesh becomes a GLB of its own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import yourdfpy

from replay_viewer.robot import load_robot

ROBOTS = {
    "Go2": "go2_description/urdf/go2.urdf",
    "Go1": "go1_description/urdf/go1.urdf",
    "ANYmal C": "anymal_c_simple_description/urdf/anymal.urdf",
    "G1": "g1_description/urdf/g1_29dof_rev_1_0.urdf",
    "Talos": "talos_data/robots/talos_full_v2.urdf",
}
LIMIT = 3.0


def robots_dir() -> Path:
    package = metadata.distribution("example-robot-data")
    return Path(str(package.locate_file("cmeel.prefix/share/example-robot-data/robots")))


def timed(work: Callable[[], list[object]]) -> tuple[float, float]:
    """Seconds, and megabytes of the GLBs that come back."""
    start = time.perf_counter()
    glbs = work()
    return time.perf_counter() - start, sum(len(glb) for glb in glbs if isinstance(glb, bytes)) / 1e6


def ours(urdf: Path) -> list[object]:
    robot = load_robot(urdf)
    scenes = [robot.link_mesh(link) for link in range(robot.num_links)]
    return [scene.export(file_type="glb") for scene in scenes if scene is not None]


def peers(urdf: Path) -> list[object]:
    packages = robots_dir().parents[1]

    def find(fname: str) -> str:
        return str(packages / fname.removeprefix("package://").lstrip("/"))

    scene = yourdfpy.URDF.load(str(urdf), filename_handler=find).scene
    return [mesh.export(file_type="glb") for mesh in scene.geometry.values()]


def main() -> None:
    logging.disable(logging.WARNING)
    ours(robots_dir() / ROBOTS["Go2"])  # Imports readers.
    for name, file in ROBOTS.items():
        taken, size = timed(lambda file=file: ours(robots_dir() / file))
        peer_taken, peer_size = timed(lambda file=file: peers(robots_dir() / file))
        print(
            f"{name:8} {taken:.2f} s, {size:.1f} MB; ViserUrdf's way {peer_taken:.2f} s, {peer_size:.1f} MB: "
            f"{peer_taken / taken:.1f}x, {peer_size / size:.1f}x (limit {LIMIT:.0f} s: "
            f"{'met' if taken < LIMIT else 'MISSED'})"
        )


if __name__ == "__main__":
    main()
