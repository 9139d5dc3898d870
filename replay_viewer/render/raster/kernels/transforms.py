"""Vertices from link coordinates to those of a camera or of the sun, and on to the picture."""

from __future__ import annotations

import numpy as np

from .arguments import Floats1, Floats2, Floats3, Ints1
from .compiled import compiled


@compiled
def place(vertices: Floats2, links: Ints1, poses: Floats3, out: Floats2) -> None:
    """Turn and move vertices (V, 3) by the pose (3, 4) of their link, into out (V, 3)."""
    for i in range(len(vertices)):
        m = poses[links[i]]
        x, y, z = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        out[i, 0] = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]
        out[i, 1] = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]
        out[i, 2] = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]


@compiled
def project(
    points: Floats2, focal: np.float32, center_x: np.float32, center_y: np.float32, near: np.float32, out: Floats2
) -> None:
    """Points (V, 3) before a camera to the picture [px] and their inverse depth, (V, 3); 0 for what is too near.

    The camera looks along z, x points right and y down.
    """
    for i in range(len(points)):
        depth = points[i, 2]
        inverse = np.float32(1) / depth if depth > near else np.float32(0)
        out[i, 0] = points[i, 0] * inverse * focal + center_x
        out[i, 1] = points[i, 1] * inverse * focal + center_y
        out[i, 2] = inverse


@compiled
def extent(projected: Floats2, out: Floats1) -> None:
    """Lowest x and y, highest x and y [px] of points in the picture (V, 3), and 1 if any is too near to be there."""
    left, top, right, bottom = np.float32(np.inf), np.float32(np.inf), np.float32(-np.inf), np.float32(-np.inf)
    nearest = np.float32(1)
    for i in range(len(projected)):
        x, y = projected[i, 0], projected[i, 1]
        left, right = min(left, x), max(right, x)
        top, bottom = min(top, y), max(bottom, y)
        nearest = min(nearest, projected[i, 2])
    out[0], out[1], out[2], out[3] = left, top, right, bottom
    out[4] = np.float32(1) if nearest == np.float32(0) else np.float32(0)
