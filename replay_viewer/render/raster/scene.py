"""What a picture is made of besides its frame: robots, terrain and colours. Immutable, shared by threads."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ...robot import Robot
from ...rollout.rollout import Terrain
from ...theme import LIGHT, Look, Rgb
from ..mesh.levels_of_detail import Levels
from ..mesh.surface import Surface, robot_surface, terrain_surface
from .kernels.tables import Geometry, Instances, Paint


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


# What a white surface gets from the sun (facing it), from the sky above and from the ground below. Together with the
# light from the camera a surface that faces up in the sun is nearly white, and nothing is black.
_SUN = (0.64, 0.62, 0.58)
_SKY_LIGHT = (0.40, 0.42, 0.46)
_GROUND_LIGHT = (0.27, 0.27, 0.28)
_STEPS = 4096


def linear(srgb: Rgb) -> np.ndarray:
    """Linear light (3,) float32 of sRGB bytes (IEC 61966-2-1)."""
    return _table_to_linear()[np.asarray(srgb)]


@lru_cache
def paint_of(look: Look, has_ground: bool, reach: float) -> Paint:
    """The paint of a look. reach [m]: how far the ground is seen."""
    return Paint(
        sky_top=linear(look.sky_top),
        sky_bottom=linear(look.sky_bottom),
        ground=linear(look.ground),
        ground_dark=linear(look.ground_dark),
        sun=np.array(_SUN, np.float32),
        sky_light=np.array(_SKY_LIGHT, np.float32),
        ground_light=np.array(_GROUND_LIGHT, np.float32),
        has_ground=has_ground,
        reach=np.float32(reach),
        to_srgb=_table_to_srgb(),
        to_linear=_table_to_linear(),
    )


@lru_cache
def _table_to_linear() -> np.ndarray:
    """Linear light (256,) of sRGB bytes."""
    srgb = np.arange(256) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


@lru_cache
def _table_to_srgb() -> np.ndarray:
    """Bytes of sRGB, of linear light 0..1 in equal steps."""
    light = np.arange(_STEPS) / (_STEPS - 1)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * srgb).astype(np.uint8)


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
