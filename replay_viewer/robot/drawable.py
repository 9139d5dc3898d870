"""Drawable shapes: those with numbers such that everything after them can compute with float32."""

from __future__ import annotations

import itertools

import numpy as np
import trimesh

# What reaches farther from its link than this [m] is not drawn. Squared twice, as areas and normals need it, this is
# still within float32, and nobody would see the robot beside it.
FARTHEST = 1e6
# A triangle with less area than this [m^2] has no direction in float32.
_LEAST_AREA = 1e-18
# Triangles that are looked at together; nearly always the first few have an area.
_AT_ONCE = 256


def reaches_too_far(mesh: trimesh.Trimesh, origin: np.ndarray) -> str:
    """Why a mesh at an origin (4, 4) from its vertices to the link [m] is too far out to be drawn; "" if it is not."""
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    corners = np.array(list(itertools.product(*zip(low, high, strict=True))))
    with np.errstate(all="ignore"):
        reach = np.abs(corners @ origin[:3, :3].T + origin[:3, 3]).max()
    if reach <= FARTHEST:
        return ""
    where = (
        f"reaches {reach:.3g} m from its link" if np.isfinite(reach) else "has numbers that nothing can compute with"
    )
    return f"{where}: its size, scale, unit or place is wrong; up to {FARTHEST:g} m can be drawn"


def has_area(mesh: trimesh.Trimesh, origin: np.ndarray) -> bool:
    """Whether any triangle of a mesh that does not reach too far can be seen at an origin (4, 4)."""
    for start in range(0, len(mesh.faces), _AT_ONCE):
        corners = mesh.vertices[mesh.faces[start : start + _AT_ONCE]]
        edges = (corners[:, 1:] - corners[:, :1]) @ origin[:3, :3].T
        doubled = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
        if (doubled > 2 * _LEAST_AREA).any():
            return True
    return False
