"""What stands in a picture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .mesh.levels_of_detail import Levels
from .mesh.surface import Surface
from .raster.kernels.tables import Instances
from .raster.scene import Place


@dataclass(frozen=True, eq=False)
class Actor:
    """A surface that stands somewhere.

    entity: its number, -1 for the terrain. poses (L, 3, 4): of its links, relative to the camera's place. runs: first
    and last triangle + 1 of what may be seen. levels: of what casts shadows. cell [m]: the detail that it has here.
    """

    entity: int
    place: Place
    poses: np.ndarray
    runs: list[tuple[int, int]]
    levels: Levels | None
    cell: float

    @property
    def surface(self) -> Surface:
        return self.place.surface

    def coarse(self, cell: float) -> Surface:
        """The surface, without details of up to `cell` [m] either."""
        return self.surface if self.levels is None else self.levels.at(max(cell, self.cell))


class Cast:
    """All actors of a picture, and the tables about them.

    Attributes:
        actors: in the order of their triangles' numbers. instances, rotations: see `raster.tables`.
        num_points: vertices of all of them. slices: which of those are whose.
        rectangle: left, top, right and bottom [px] of what they may cover, once they are projected.
    """

    rectangle: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __init__(self, actors: list[Actor]) -> None:
        self.actors = actors
        points = _bounds([len(actor.surface.vertices) for actor in actors])
        self.num_points = int(points[-1])
        self.slices = [slice(int(a), int(b)) for a, b in pairwise(points)]
        self.instances = Instances(
            first_number=_bounds([len(actor.surface.triangles) for actor in actors]),
            triangle=np.array([actor.place.triangle for actor in actors], np.int64),
            vertex=np.array([actor.place.vertex for actor in actors], np.int64),
            point=points[:-1],
            rotation=_bounds([len(actor.poses) for actor in actors])[:-1],
            entity=np.array([actor.entity for actor in actors], np.int64),
        )
        self.rotations = np.concatenate([np.zeros((0, 3, 3), np.float32), *(actor.poses[..., :3] for actor in actors)])


def _bounds(counts: list[int]) -> np.ndarray:
    """Where each of so many things behind each other begins, and where the last ends."""
    return np.cumsum([0, *counts], dtype=np.int64)
