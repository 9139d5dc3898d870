"""Surfaces of one picture where they stand: what the camera may see of a scene at a frame."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..mesh.levels_of_detail import Levels
from ..mesh.surface import Surface
from .kernels.tables import Placement
from .lens import Rectangle
from .scene import SurfaceSlot


@dataclass(frozen=True, eq=False)
class Coat:
    """What lies over the own colours of an entity: the tint of a take, or of each link what a layer makes of it.

    Attributes:
        tints: linear red, green and blue, and how much of the own colour they take away (0: all is as it was, 1: only
            the tint is left), for each env and link: anything that broadcasts to (E, L, 4). None for none.
        alpha: how much of what is behind the entity it hides, 0..1.
    """

    tints: np.ndarray | None = None
    alpha: float = 1.0


@dataclass(frozen=True, eq=False)
class FreeSurface:
    """Copies of a surface that stand in the world beside a frame's entities: the arrows, lines and points of layers.

    Attributes:
        surface: one copy. The scene keeps it for as long as it is there: make it once, not for each picture.
        poses: (N, L, 3, 4) of the links of N copies in the world [m], which may carry a scale.
        tints: like those of a `Coat`, broadcasting to (N, L, 4).
        alpha: likewise. All copies are one translucent thing: of them, only the nearest is seen.
        casts_shadow: whether they do.
    """

    surface: Surface
    poses: np.ndarray
    tints: np.ndarray | None = None
    alpha: float = 1.0
    casts_shadow: bool = False


@dataclass(frozen=True, eq=False)
class PlacedSurface:
    """A surface that stands somewhere.

    Attributes:
        entity: its number, -1 for what belongs to none.
        slot: where its numbers lie in the scene's table.
        poses: (L, 3, 4), of its links, relative to the camera's place.
        runs: first and last triangle + 1 of what may be seen.
        levels: the same with fewer details, for its shadow; None where there is no other.
        cell: the detail that it has here [m].
        tints: (L, 4) float32, see `Coat`; None for none.
        casts_shadow: whether it does.
        is_terrain: whether it shows the checker of the ground.
        is_scaled: whether its poses carry a scale.
        alpha: how much of what is behind it it hides, 0..1.
        veil: of which translucent thing it is a part, of which only the nearest surface is seen; () where it is opaque.
    """

    entity: int
    slot: SurfaceSlot
    poses: np.ndarray
    runs: list[tuple[int, int]]
    levels: Levels | None = None
    cell: float = 0.0
    tints: np.ndarray | None = None
    casts_shadow: bool = False
    is_terrain: bool = False
    is_scaled: bool = False
    alpha: float = 1.0
    veil: tuple[int, ...] = ()

    @property
    def surface(self) -> Surface:
        return self.slot.surface

    @property
    def radii(self) -> np.ndarray:
        """Radii (L,) of spheres about what is drawn on each link [m], -1 where nothing is."""
        radii = self.surface.radii
        if not self.is_scaled:
            return radii
        scales = np.linalg.norm(self.poses[..., :3], axis=1).max(axis=-1, initial=0)
        return np.where(radii < 0, radii, radii * scales)

    @property
    def turns(self) -> np.ndarray:
        """What normals turn by, (L, 3, 3) float32."""
        turns = self.poses[..., :3]
        return _cofactors(turns) if self.is_scaled else turns

    def coarse(self, cell: float) -> Surface:
        """The surface, without details of up to `cell` [m] either."""
        return self.surface if self.levels is None else self.levels.at(max(cell, self.cell))


class PlacedSurfaces:
    """All surfaces of a picture where they stand, and the tables about them.

    Attributes:
        surfaces: in the order of their triangles' numbers.
        placement: where they are, for the loops.
        num_points: vertices of all of them.
        slices: which of those are whose.
        rectangle: left, top, right and bottom [px] of what they may cover, once they are projected.
    """

    rectangle: Rectangle = (0, 0, 0, 0)

    def __init__(self, surfaces: list[PlacedSurface]) -> None:
        self.surfaces = surfaces
        triangles = _bounds([len(placed.surface.triangles) for placed in surfaces])
        points = _bounds([len(placed.surface.vertices) for placed in surfaces])
        links = _bounds([len(placed.poses) for placed in surfaces])
        self.num_points = int(points[-1])
        self.slices = [slice(int(a), int(b)) for a, b in pairwise(points)]
        rows = [
            (placed.slot.triangle, placed.slot.vertex, point, link, placed.entity, placed.is_terrain)
            for placed, point, link in zip(surfaces, points, links, strict=False)
        ]
        self.placement = Placement(
            first_number=triangles,
            instances=np.array(rows, np.int64).reshape(-1, 6),
            alphas=np.array([placed.alpha for placed in surfaces], np.float32),
            links=np.concatenate([np.zeros((0, 13), np.float32), *(_links(placed) for placed in surfaces)]),
        )

    @property
    def opaque(self) -> list[int]:
        """Which of them are opaque."""
        return [i for i, placed in enumerate(self.surfaces) if not placed.veil]

    @property
    def veils(self) -> list[list[int]]:
        """Which of them make each translucent thing."""
        veils: dict[tuple[int, ...], list[int]] = {}
        for i, placed in enumerate(self.surfaces):
            if placed.veil:
                veils.setdefault(placed.veil, []).append(i)
        return list(veils.values())


def _links(placed: PlacedSurface) -> np.ndarray:
    """Rotations and tints (L, 13) of links, see `Placement`."""
    turns = placed.turns.reshape(-1, 9)
    return np.concatenate(
        [turns, np.zeros((len(turns), 4), np.float32) if placed.tints is None else placed.tints], axis=1
    )


def _cofactors(matrices: np.ndarray) -> np.ndarray:
    """The inverse transposes (L, 3, 3) of matrices, by which normals turn, but for their size, which is about one."""
    a, b, c = np.moveaxis(matrices.astype(np.float64), -1, 0)
    found = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=-1)
    return (found / np.maximum(np.abs(found).max(axis=(1, 2), keepdims=True), 1e-30)).astype(np.float32)


def _bounds(counts: list[int]) -> np.ndarray:
    """Where each of so many things behind each other begins, and where the last ends."""
    return np.cumsum([0, *counts], dtype=np.int64)
