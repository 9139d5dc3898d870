"""Gently uneven ground: a grid of heights, for MuJoCo as a height field and for the recording as a mesh."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

from types import SimpleNamespace

import mujoco
import numpy as np

SPACING = 0.2
"""Between neighbours of the grid [m]."""
HARD = {"solref": [0.006, 1.0], "solimp": [0.95, 0.99, 0.001, 0.5, 2.0]}
"""MuJoCo's settings of a contact that gives way by a millimetre or two."""


class Terrain:
    """Hills of some centimetres and a little roughness; the middle of the ground is the world's origin.

    The names are legged_gym's, so that `attach` finds the mesh.

    Args:
        length, width: along x and y [m].
        seed: of the heights.
        hills, roughness: how high they are, as a standard deviation [m].

    Attributes:
        heights: (X, Y) [m], zero on average.
        vertices: (V, 3) [m], and `triangles` (F, 3), counter-clockwise seen from above.
    """

    def __init__(
        self, length: float = 16.0, width: float = 14.0, seed: int = 1, hills: float = 0.07, roughness: float = 0.008
    ) -> None:
        rng = np.random.default_rng(seed)
        self.length, self.width = length, width
        shape = round(length / SPACING) + 1, round(width / SPACING) + 1
        self.heights = hills * _smooth_noise(rng, shape, 1.3) + roughness * _smooth_noise(rng, shape, 0.25)
        self.vertices, self.triangles = self._mesh()
        self.cfg = SimpleNamespace(mesh_type="trimesh", border_size=0.0)

    def height_at(self, xy: np.ndarray) -> np.ndarray:
        """Heights [m] under points (..., 2) of the world, between those of the grid."""
        place = (xy + np.array([self.length, self.width]) / 2) / SPACING
        place = np.clip(place, 0, np.array(self.heights.shape) - 1.001)
        corner = np.floor(place).astype(int)
        (x, y), (i, j) = np.moveaxis(place - corner, -1, 0), np.moveaxis(corner, -1, 0)
        near = self.heights[i, j] * (1 - x) + self.heights[i + 1, j] * x
        return near * (1 - y) + (self.heights[i, j + 1] * (1 - x) + self.heights[i + 1, j + 1] * x) * y

    def is_over(self, xy: np.ndarray, margin: float) -> np.ndarray:
        """Whether points (..., 2) are on the ground, so far from its edge [m]."""
        return np.all(np.abs(xy) < [self.length / 2 - margin, self.width / 2 - margin], axis=-1)

    def add_to(self, spec: mujoco.MjSpec) -> None:
        """Put the ground into a scene, as the geom "ground"."""
        low, high = float(self.heights.min()), float(self.heights.max())
        # MuJoCo's rows lie along y; its heights are shares of the highest.
        shares = ((self.heights - low) / (high - low)).T
        size = [self.length / 2, self.width / 2, high - low, 0.5]
        spec.add_hfield(name="ground", nrow=len(shares), ncol=shares.shape[1], size=size, userdata=shares.ravel())
        kind = mujoco.mjtGeom.mjGEOM_HFIELD
        # With priority, the ground's friction is that of every contact with it.
        spec.worldbody.add_geom(name="ground", type=kind, hfieldname="ground", pos=[0.0, 0.0, low], priority=1, **HARD)

    def _mesh(self) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = self.heights.shape
        x, y = np.meshgrid(np.arange(rows) * SPACING, np.arange(columns) * SPACING, indexing="ij")
        vertices = np.stack([x - self.length / 2, y - self.width / 2, self.heights], axis=-1).reshape(-1, 3)
        corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
        first = np.stack([corner, corner + columns, corner + columns + 1], axis=1)
        second = np.stack([corner, corner + columns + 1, corner + 1], axis=1)
        return vertices, np.concatenate([first, second])


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, int], width: float) -> np.ndarray:
    """Noise of zero mean and unit deviation, smoothed by a bell of this width [m]."""
    noise = rng.normal(size=shape)
    for axis, count in enumerate(shape):
        offset = np.subtract.outer(np.arange(count), np.arange(count)) * SPACING
        weights = np.exp(-0.5 * (offset / width) ** 2)
        noise = np.moveaxis(np.tensordot(weights / weights.sum(axis=1, keepdims=True), noise, (1, axis)), 0, axis)
    return (noise - noise.mean()) / noise.std()
