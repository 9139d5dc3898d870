"""Mesh files for a URDF, written with numpy alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attributes", "<u2")])


def write_stl(path: Path, vertices: np.ndarray, triangles: np.ndarray) -> None:
    """Write vertices (V, 3) [m] and triangles (F, 3) as a binary STL, whose surface is flat shaded."""
    corners = np.asarray(vertices, np.float32)[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    rows = np.zeros(len(corners), _TRIANGLE)
    rows["normal"] = normals / np.where(lengths > 0, lengths, 1)
    rows["corners"] = corners
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0" * 80 + np.uint32(len(rows)).tobytes() + rows.tobytes())


def write_round_obj(path: Path, vertices: np.ndarray, triangles: np.ndarray, normals: np.ndarray) -> None:
    """Write vertices (V, 3) [m], triangles (F, 3) and normals (V, 3) as an OBJ, whose surface is smooth."""
    lines = [f"v {x:.7g} {y:.7g} {z:.7g}" for x, y, z in vertices]
    lines += [f"vn {x:.7g} {y:.7g} {z:.7g}" for x, y, z in normals]
    lines += ["f " + " ".join(f"{corner}//{corner}" for corner in triangle) for triangle in triangles + 1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
