"""Mesh files for a URDF, written with numpy alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
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


def write_ply(path: Path, vertices: np.ndarray, triangles: np.ndarray) -> None:
    """Write vertices (V, 3) [m] and triangles (F, 3) as a binary PLY, whose surface is flat shaded.

    It takes 40 % of the bytes of an STL, which holds every corner of every triangle on its own.
    """
    faces = np.empty(len(triangles), _FACE)
    faces["count"], faces["corners"] = 3, triangles
    header = _PLY_HEADER.format(num_vertices=len(vertices), num_triangles=len(triangles))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.encode("ascii") + np.asarray(vertices, "<f4").tobytes() + faces.tobytes())


def write_round_obj(path: Path, vertices: np.ndarray, triangles: np.ndarray, normals: np.ndarray) -> None:
    """Write vertices (V, 3) [m], triangles (F, 3) and normals (V, 3) as an OBJ, whose surface is smooth."""
    lines = [f"v {x:.7g} {y:.7g} {z:.7g}" for x, y, z in vertices]
    lines += [f"vn {x:.7g} {y:.7g} {z:.7g}" for x, y, z in normals]
    lines += ["f " + " ".join(f"{corner}//{corner}" for corner in triangle) for triangle in triangles + 1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
