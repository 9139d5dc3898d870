"""The lowest point of a robot: evidence that its feet stand on the ground."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import trimesh

from ..rotations import to_matrix
from .visuals import Visual

# Support points per link: the farthest vertices in this many directions, all on the convex hull. Corners are kept
# exactly; a sphere of radius r is too small by at most 4% of r.
NUM_DIRECTIONS = 64
_CHUNK = 256


class SupportPoints:
    """Some vertices of each link's convex hull, in link coordinates.

    Attributes:
        links: (K,) indices of the links that have visuals.
        points: (K, 64, 3) [m].
    """

    def __init__(self, visuals: Sequence[Visual]) -> None:
        hulls = _farthest_by_link(visuals)
        self.links = np.array(list(hulls), dtype=np.intp)
        self.points = np.array(list(hulls.values()))

    def lowest(self, positions: np.ndarray, wxyz: np.ndarray) -> np.ndarray:
        """World height [m] of the lowest support point, (count,), for link poses (count, L, 3) and (count, L, 4)."""
        lowest = np.empty(len(positions), positions.dtype)
        points = self.points.astype(positions.dtype)
        for start in range(0, len(positions), _CHUNK):
            part = slice(start, start + _CHUNK)
            heights = points @ _up_in_link(wxyz[part, self.links]) + positions[part, self.links, 2].T[:, None]
            lowest[part] = heights.min(axis=(0, 1))
        return lowest

    def farthest(self, positions: np.ndarray, wxyz: np.ndarray) -> float:
        """Distance [m] from the origin of the farthest support point, for link poses (L, 3) and (L, 4)."""
        rotations = to_matrix(wxyz[self.links])
        points = self.points @ rotations.transpose(0, 2, 1) + positions[self.links, None]
        return float(np.linalg.norm(points, axis=-1).max())


def _up_in_link(wxyz: np.ndarray) -> np.ndarray:
    """The world's up direction in link coordinates, (K, 3, count), of rotations (count, K, 4): their third rows."""
    w, x, y, z = (wxyz[..., i].T for i in range(4))
    return 2 * np.stack([x * z - w * y, y * z + w * x, 0.5 - x * x - y * y], axis=1)


def _farthest_by_link(visuals: Sequence[Visual]) -> dict[int, np.ndarray]:
    """The support points (64, 3) of each link that has visuals, in link coordinates [m]."""
    directions = _directions()
    meshes = {visual.mesh_key: visual.mesh for visual in visuals}
    of_mesh = {key: _farthest(mesh.vertices, directions) for key, mesh in meshes.items()}
    of_link: dict[int, list[np.ndarray]] = {}
    for visual in visuals:
        points = trimesh.transform_points(of_mesh[visual.mesh_key], visual.origin)
        of_link.setdefault(visual.link, []).append(points)
    return {link: _farthest(np.concatenate(points), directions) for link, points in sorted(of_link.items())}


def _farthest(vertices: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """The farthest vertex in each direction, shape of `directions`."""
    # A few directions at a time: all of them would take half a gigabyte for a million vertices.
    groups = np.array_split(directions, 8)
    return vertices[np.concatenate([np.argmax(group @ vertices.T, axis=1) for group in groups])]


def _directions() -> np.ndarray:
    """Unit vectors (64, 3) spread evenly over the sphere: a Fibonacci lattice, with straight down among them."""
    height = np.linspace(-1, 1, NUM_DIRECTIONS)
    angle = np.arange(NUM_DIRECTIONS) * np.pi * (3 - np.sqrt(5))
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=-1)
