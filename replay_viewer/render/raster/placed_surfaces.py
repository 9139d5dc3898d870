"""Surfaces of one picture where they stand: what the camera may see of a scene at a frame."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..mesh.levels_of_detail import Levels
from ..mesh.surface import Surface
from .kernels.tables import Instances
from .scene import SurfaceSlot


@dataclass(frozen=True, eq=False)
class PlacedSurface:
    """A surface that stands somewhere.

    Attributes:
        entity: its number, -1 for the terrain.
        slot: where its numbers lie in the scene's table.
        poses: (L, 3, 4), of its links, relative to the camera's place.
        runs: first and last triangle + 1 of what may be seen.
        levels: of what casts shadows; None for the terrain, which casts none.
        cell: the detail that it has here [m].
    """

    entity: int
    slot: SurfaceSlot
    poses: np.ndarray
    runs: list[tuple[int, int]]
    levels: Levels | None
    cell: float

    @property
    def surface(self) -> Surface:
        return self.slot.surface

    def coarse(self, cell: float) -> Surface:
        """The surface, without details of up to `cell` [m] either."""
        return self.surface if self.levels is None else self.levels.at(max(cell, self.cell))


class PlacedSurfaces:
    """All surfaces of a picture where they stand, and the tables about them.

    Attributes:
        surfaces: in the order of their triangles' numbers.
        instances: about each of them, for the loops.
        rotations: (R, 3, 3), of all their links.
        num_points: vertices of all of them.
        slices: which of those are whose.
        rectangle: left, top, right and bottom [px] of what they may cover, once they are projected.
    """

    rectangle: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __init__(self, surfaces: list[PlacedSurface]) -> None:
        self.surfaces = surfaces
        points = _bounds([len(placed.surface.vertices) for placed in surfaces])
        self.num_points = int(points[-1])
        self.slices = [slice(int(a), int(b)) for a, b in pairwise(points)]
        self.instances = Instances(
            first_number=_bounds([len(placed.surface.triangles) for placed in surfaces]),
            triangle=np.array([placed.slot.triangle for placed in surfaces], np.int64),
            vertex=np.array([placed.slot.vertex for placed in surfaces], np.int64),
            point=points[:-1],
            rotation=_bounds([len(placed.poses) for placed in surfaces])[:-1],
            entity=np.array([placed.entity for placed in surfaces], np.int64),
        )
        self.rotations = np.concatenate(
            [np.zeros((0, 3, 3), np.float32), *(placed.poses[..., :3] for placed in surfaces)]
        )


def _bounds(counts: list[int]) -> np.ndarray:
    """Where each of so many things behind each other begins, and where the last ends."""
    return np.cumsum([0, *counts], dtype=np.int64)
