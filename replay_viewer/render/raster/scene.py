"""The scene: what pictures are made of besides their frames, robots, terrain and colours. Shared by threads."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ...robot import Robot
from ...robot.materials import linear_of_bytes, to_srgb
from ...rollout.rollout import Terrain
from ...theme import LIGHT, LIGHTS, Look, Rgb
from ..mesh.copies import Copies
from ..mesh.levels_of_detail import Levels
from ..mesh.surface import Surface, robot_surfaces, stacked, terrain_surface
from .kernels.tables import Paint, SurfaceTable, rows_of

# Of linear light, in the table from which bytes are read.
_STEPS = 4096


class RenderScene:
    """The surfaces of every entity, in the levels of detail that were asked for, and the colours.

    Attributes:
        entities: names, in the order of `RasterRenderer.segmentation`.
        parts: of each entity, what is opaque of it first; entities of one robot share them.
        terrain: in world coordinates, or None for the checker floor at height 0.
        look: the colours.
        table: all surfaces that `slot_of` was asked for, behind each other.
    """

    def __init__(self, robots: Mapping[str, Robot], terrain: Terrain | None = None, look: Look = LIGHT) -> None:
        parts = {id(robot): _parts(robot) for robot in robots.values()}
        self.entities = tuple(robots)
        self.parts = {name: parts[id(robot)] for name, robot in robots.items()}
        self.terrain = None if terrain is None else terrain_surface(terrain, _linear(look.terrain))
        self.look = look
        self.table = _joined([])
        self._slots: dict[int, SurfaceSlot] = {}
        self._copies: dict[int, Copies] = {}
        self._lock = threading.Lock()

    def slot_of(self, surface: Surface) -> SurfaceSlot:
        """Where a surface of this scene lies in `table`, which it enters when it is first asked for."""
        slot = self._slots.get(id(surface))
        return self._enter(surface) if slot is None else slot

    def slot_of_copies(self, surface: Surface, count: int) -> SurfaceSlot:
        """Where so many copies of a surface lie in `table`, behind each other, each with links of its own."""
        with self._lock:
            copies = self._copies.setdefault(id(surface), Copies(surface))
            capacity = copies.at_least(count)
        return self.slot_of(capacity)._replace(surface=copies.first(capacity, count))

    def _enter(self, surface: Surface) -> SurfaceSlot:
        with self._lock:
            if id(surface) not in self._slots:
                slot = SurfaceSlot(surface, len(self.table.vertices), len(self.table.triangles))
                known = [slot.surface for slot in self._slots.values()]
                # Those that are in the table already never move.
                self.table = _joined([*known, surface])
                self._slots[id(surface)] = slot
            return self._slots[id(surface)]


class Part(NamedTuple):
    """What of a robot is equally translucent.

    Attributes:
        levels: its surface.
        alpha: how much of what is behind it it hides, 1 for what is opaque.
    """

    levels: Levels
    alpha: float


class SurfaceSlot(NamedTuple):
    """Where a surface lies in the table of a scene.

    Attributes:
        surface: which one.
        vertex: its first vertex there.
        triangle: its first triangle there.
    """

    surface: Surface
    vertex: int
    triangle: int


@lru_cache
def paint_of(look: Look, has_ground: bool, reach: float) -> Paint:
    """The paint of a look. reach [m]: how far the ground is seen."""
    colors = [_linear(color) for color in (look.sky_top, look.sky_bottom, look.ground, look.ground_dark)]
    rows = rows_of(np.array([*colors, LIGHTS.sun, LIGHTS.sky, LIGHTS.ground]))
    sky_top, sky_bottom, ground, ground_dark, sun, sky_light, ground_light = rows
    return Paint(
        sky_top=sky_top,
        sky_bottom=sky_bottom,
        ground=ground,
        ground_dark=ground_dark,
        sun=sun,
        sky_light=sky_light,
        ground_light=ground_light,
        has_ground=has_ground,
        reach=np.float32(reach),
    )


def _parts(robot: Robot) -> tuple[Part, ...]:
    return tuple(Part(Levels(surface), alpha) for alpha, surface in robot_surfaces(robot).items())


def _joined(surfaces: list[Surface]) -> SurfaceTable:
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
    return SurfaceTable(
        vertices=stacked([_vertices(s) for s in surfaces], (8,), np.float32),
        triangles=stacked([_triangles(s, start_of[id(s.atlas)]) for s in surfaces], (5,), np.int32),
        texels=stacked([a.texels for a in atlases], (3,), np.uint8),
        mips=stacked(mips, (most_mips, 3), np.int32),
        num_mips=stacked([a.num_levels for a in atlases], (), np.int32),
    )


def _vertices(surface: Surface) -> np.ndarray:
    return np.concatenate([surface.normals, surface.colors, surface.uv], axis=1)


def _triangles(surface: Surface, first_texture: int) -> np.ndarray:
    textures = np.where(surface.textures < 0, -1, surface.textures + first_texture)
    return np.column_stack([surface.triangles, textures, surface.links[surface.triangles[:, 0]]])


def _starts(counts: list[int]) -> list[int]:
    return np.cumsum([0, *counts[:-1]]).tolist() if counts else []


def _linear(srgb: Rgb) -> np.ndarray:
    """Linear light (3,) float32 of sRGB bytes."""
    return linear_of_bytes()[np.asarray(srgb)]


@lru_cache
def bytes_of_light() -> np.ndarray:
    """Bytes of sRGB as int32, of linear light 0..1 in equal steps."""
    return np.round(255 * to_srgb(np.arange(_STEPS) / (_STEPS - 1))).astype(np.int32)
