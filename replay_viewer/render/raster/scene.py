"""What a picture is made of besides its frame: robots, terrain and colours. Immutable, shared by threads."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from ...robot import Robot
from ...rollout.rollout import Terrain
from ...theme import LIGHT, Look
from ..mesh.levels_of_detail import Levels
from ..mesh.surface import Surface, robot_surface, terrain_surface
from ..paint import linear
from .kernels.tables import Geometry


class RenderScene:
    """The surfaces of every entity, in the levels of detail that were asked for, and the colours.

    Attributes:
        entities: names, in the order of `RasterRenderer.segmentation`. levels: of each entity; entities of one robot
            share them. terrain: in world coordinates, or None for the checker floor at height 0. look: the colours.
    """

    def __init__(self, robots: Mapping[str, Robot], terrain: Terrain | None = None, look: Look = LIGHT) -> None:
        levels = {id(robot): Levels(robot_surface(robot)) for robot in robots.values()}
        self.entities = tuple(robots)
        self.levels = {name: levels[id(robot)] for name, robot in robots.items()}
        self.terrain = None if terrain is None else terrain_surface(terrain, linear(look.terrain))
        self.look = look
        self._pool = _Pool()

    def place_of(self, surface: Surface) -> Place:
        """Where a surface of this scene lies in `geometry`."""
        return self._pool.place_of(surface)

    @property
    def geometry(self) -> Geometry:
        """All surfaces that `place_of` was asked for, behind each other."""
        return self._pool.geometry


class Place:
    """Where a surface lies in a `Geometry`: its first vertex, its first triangle."""

    __slots__ = ("surface", "triangle", "vertex")

    def __init__(self, surface: Surface, vertex: int, triangle: int) -> None:
        self.surface, self.vertex, self.triangle = surface, vertex, triangle


class _Pool:
    """Puts surfaces behind each other; those already in it never move."""

    def __init__(self) -> None:
        self._places: dict[int, Place] = {}
        self._lock = threading.Lock()
        self.geometry = _joined([])

    def place_of(self, surface: Surface) -> Place:
        place = self._places.get(id(surface))
        return self._add(surface) if place is None else place

    def _add(self, surface: Surface) -> Place:
        with self._lock:
            if id(surface) not in self._places:
                place = Place(surface, len(self.geometry.vertices), len(self.geometry.triangles))
                surfaces = [p.surface for p in self._places.values()]
                self.geometry = _joined([*surfaces, surface])
                self._places[id(surface)] = place
            return self._places[id(surface)]


def _joined(surfaces: list[Surface]) -> Geometry:
    """Surfaces behind each other."""
    atlases = list({id(s.atlas): s.atlas for s in surfaces}.values())
    texture_starts = _starts([len(a.num_levels) for a in atlases])
    texel_starts = _starts([len(a.texels) for a in atlases])
    start_of = {id(a): start for a, start in zip(atlases, texture_starts, strict=True)}
    most_mips = max([a.table.shape[1] for a in atlases], default=1)
    mips = [
        np.pad(a.table + np.array([start, 0, 0], np.int32), ((0, 0), (0, most_mips - a.table.shape[1]), (0, 0)))
        for a, start in zip(atlases, texel_starts, strict=True)
    ]
    return Geometry(
        vertices=_stacked([_vertices(s) for s in surfaces], (8,), np.float32),
        triangles=_stacked([_triangles(s, start_of[id(s.atlas)]) for s in surfaces], (5,), np.int32),
        texels=_stacked([a.texels for a in atlases], (3,), np.uint8),
        mips=_stacked(mips, (most_mips, 3), np.int32),
        num_mips=_stacked([a.num_levels for a in atlases], (), np.int32),
    )


def _vertices(surface: Surface) -> np.ndarray:
    return np.concatenate([surface.normals, surface.colors, surface.uv], axis=1)


def _triangles(surface: Surface, first_texture: int) -> np.ndarray:
    textures = np.where(surface.textures < 0, -1, surface.textures + first_texture)
    return np.column_stack([surface.triangles, textures, surface.links[surface.triangles[:, 0]]])


def _stacked(arrays: list[np.ndarray], shape: tuple[int, ...], dtype: type) -> np.ndarray:
    return np.concatenate([np.zeros((0, *shape), dtype), *arrays]).astype(dtype, copy=False)


def _starts(counts: list[int]) -> list[int]:
    return np.cumsum([0, *counts[:-1]]).tolist() if counts else []
