"""The renderer: it draws frames with nothing but a processor, in the steps that `raster` describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from ...camera.presets import CameraPose
from ...replay.frames import Frame
from ...robot.materials import linear_of_bytes
from .kernels import coverage, shading, transforms
from .lens import FARTHEST, NEAR, Lens, Rectangle, bounded, relative, relative_poses, turned
from .placed_surfaces import Coat, FreeSurface, PlacedSurface, PlacedSurfaces
from .scene import RenderScene, bytes_of_light, paint_of
from .sunlight import Sunlight
from .veils import Veils

# Details below this share of a pixel are left out: 55 dB between G1's 290k triangles and the 150k that stay.
_DETAIL = 1.0

# How far the ground is seen: at least so many metres, and so many times the distance to what is looked at.
_GROUND_REACH = 14.0
_GROUND_REACH_OF_DISTANCE = 5.0

_NO_COAT = Coat()
# What hides no more than this of what is behind it casts no shadow.
_CLEAR = 0.5


class RasterRenderer:
    """Draws frames of a scene. Every thread has a renderer of its own; they share the scene.

    Attributes:
        size: width and height of the pictures [px].
    """

    def __init__(self, scene: RenderScene, size: tuple[int, int] = (1280, 720)) -> None:
        self.size = size
        self._scene = scene
        width, height = size
        # With a column more, as `coverage` wants them.
        self._samples = np.zeros((height, width + 1, 4), np.int64)
        self._veils = Veils(self._samples)
        self._sunlight = Sunlight()
        self._points = np.zeros((0, 3), np.float32)
        self._projected = np.zeros((0, 3), np.float32)
        # Which triangles of the scene's table the last picture showed. It is expected of those that are new there.
        self._shown = np.zeros(0, np.bool_)
        self._room, self._desk = coverage.room_for(height, width), shading.desk_for(width)

    def render(
        self,
        frame: Frame,
        camera: CameraPose,
        coats: Mapping[str, Coat] | None = None,
        extras: Sequence[FreeSurface] = (),
    ) -> np.ndarray:
        """All envs and entities of a frame as a camera sees them, (H, W, 3) uint8, sRGB.

        Args:
            frame: poses by name of an entity of the scene.
            camera: where it is seen from.
            coats: what lies over the own colours of entities, by name.
            extras: what stands beside them.
        """
        lens = Lens(camera, self.size)
        placed = self._stood([*self._place(frame, lens, coats or {}), *self._beside(extras, lens)], lens)
        self._cover(placed, lens, placed.opaque, placed.rectangle, self._samples)
        self._veils.clear()
        for veil in placed.veils:
            rectangle = self._rectangle([self._projected[placed.slices[i]] for i in veil])
            self._veils.hang(rectangle, partial(self._cover, placed, lens, veil, rectangle))
        bodies = [surface for surface in placed.surfaces if surface.casts_shadow]
        sun = self._sunlight.over(bodies, lens)
        picture = np.empty((self.size[1], self.size[0], 3), np.uint8)
        reach = max(_GROUND_REACH, _GROUND_REACH_OF_DISTANCE * lens.distance)
        paint = paint_of(self._scene.look, self._scene.terrain is None, round(reach, 2))
        table = self._scene.table
        shown = np.zeros(len(table.triangles), np.bool_)
        shading.shade(
            self._samples, placed.rectangle, self._veils.table, self._points, table, placed.placement,
            lens.camera, sun, self._sunlight.grid, self._sunlight.tiles, self._sunlight.on_ground(sun, lens), paint,
            bytes_of_light(), linear_of_bytes(), self._desk, *_seen_by_a_pixel(self._veils), shown,
            picture.reshape(-1),
        )  # fmt: skip
        self._shown = shown
        return picture

    def segmentation(self, frame: Frame, camera: CameraPose) -> np.ndarray:
        """Which entity each pixel shows, (H, W) int32: its place in `RenderScene.entities`, -1 for ground and sky.

        Here all is opaque.
        """
        lens = Lens(camera, self.size)
        placed = self._stood(list(self._place(frame, lens, {})), lens)
        self._cover(placed, lens, range(len(placed.surfaces)), placed.rectangle, self._samples)
        labels = np.empty((self.size[1], self.size[0]), np.int32)
        first_number, instances = placed.placement.first_number, placed.placement.instances
        shading.label(self._samples, *placed.rectangle, first_number, instances, labels)
        return labels

    def _stood(self, surfaces: list[PlacedSurface], lens: Lens) -> PlacedSurfaces:
        """Surfaces before the camera, and a picture in which nothing is covered yet."""
        placed = PlacedSurfaces(surfaces)
        more = len(self._scene.table.triangles) - len(self._shown)
        self._shown = np.concatenate([self._shown, np.ones(more, np.bool_)])
        self._project(placed, lens)
        placed.rectangle = self._rectangle([self._projected[: placed.num_points]])
        coverage.clear(self._samples, *placed.rectangle)
        return placed

    def _cover(
        self, placed: PlacedSurfaces, lens: Lens, which: Sequence[int], rectangle: Rectangle, samples: np.ndarray
    ) -> None:
        """Find what every sample sees of some surfaces, which are within a rectangle."""
        rows = samples.reshape(len(samples), -1)
        for is_rest in (False, True):
            if is_rest:
                coverage.look_at_tiles(rows, *rectangle, self._room.tiles)
            for i in which:
                one, points, number = placed.surfaces[i], placed.slices[i], placed.placement.first_number[i]
                shown = self._shown[one.slot.triangle :]
                for first, last in one.runs:
                    coverage.cover(
                        self._points[points], self._projected[points], one.surface.triangles[first:last],
                        shown[first:last], is_rest, number + first, np.float32(NEAR), *lens.projection[:3],
                        self._room, rows,
                    )  # fmt: skip

    def _project(self, placed: PlacedSurfaces, lens: Lens) -> None:
        """Put the vertices of all surfaces before the camera and into the picture."""
        if placed.num_points > len(self._points):
            self._points = np.zeros((placed.num_points + placed.num_points // 4, 3), np.float32)
            self._projected = np.zeros_like(self._points)
        for one, points in zip(placed.surfaces, placed.slices, strict=True):
            before = turned(lens.rotation, one.poses)
            transforms.place(one.surface.vertices, one.surface.links, before, self._points[points])
            transforms.project(self._points[points], *lens.projection, self._projected[points])

    def _place(self, frame: Frame, lens: Lens, coats: Mapping[str, Coat]) -> Iterator[PlacedSurface]:
        """What of a frame may be seen, entity by entity and env by env, then the terrain."""
        for index, name in enumerate(self._scene.entities):
            coat = coats.get(name, _NO_COAT)
            if not coat.alpha > 0:
                continue
            poses = relative_poses(frame.entities[name], lens.position)
            tints = _tints(coat.tints, poses)
            for number, part in enumerate(self._scene.parts[name]):
                alpha = min(coat.alpha, 1.0) * part.alpha
                depths = lens.nearest(part.levels.full, poses)
                for env in np.flatnonzero(np.isfinite(depths)).tolist():
                    cell = _DETAIL * max(float(depths[env]), NEAR) / float(lens.camera.focal)
                    surface = part.levels.at(cell)
                    # A ghost is one thing, whatever its parts are.
                    veil = (index, env) if coat.alpha < 1 else (index, env, number)
                    yield PlacedSurface(
                        entity=index,
                        slot=self._scene.slot_of(surface),
                        poses=poses[env],
                        runs=[(0, len(surface.triangles))],
                        levels=part.levels,
                        cell=cell,
                        tints=None if tints is None else tints[env],
                        casts_shadow=alpha > _CLEAR,
                        alpha=alpha,
                        veil=() if alpha == 1 else veil,
                    )
        terrain = self._scene.terrain
        if terrain is not None:
            place = relative(np.zeros(3), lens.position)
            pose = np.column_stack([np.eye(3, dtype=np.float32), place])[None]
            yield PlacedSurface(-1, self._scene.slot_of(terrain), pose, lens.visible_runs(terrain), is_terrain=True)

    def _beside(self, extras: Sequence[FreeSurface], lens: Lens) -> Iterator[PlacedSurface]:
        """What stands beside the entities."""
        for index, extra in enumerate(extras):
            if not (len(extra.poses) and len(extra.surface.triangles) and extra.alpha > 0):
                continue
            slot = self._scene.slot_of_copies(extra.surface, len(extra.poses))
            axes = bounded(extra.poses[..., :3], FARTHEST)
            places = relative(extra.poses[..., 3:], lens.position[:, None])
            poses = np.concatenate([axes, places], axis=-1).astype(np.float32)
            tints = _tints(extra.tints, poses)
            yield PlacedSurface(
                entity=-1,
                slot=slot,
                poses=poses.reshape(-1, 3, 4),
                runs=[(0, len(slot.surface.triangles))],
                tints=None if tints is None else tints.reshape(-1, 4),
                casts_shadow=extra.casts_shadow and extra.alpha > _CLEAR,
                is_scaled=True,
                alpha=min(extra.alpha, 1.0),
                veil=() if extra.alpha >= 1 else (-1, index),
            )

    def _rectangle(self, projected: Sequence[np.ndarray]) -> Rectangle:
        """Left, top, right and bottom [px] of what is covered by points in the picture."""
        width, height = self.size
        extents = np.array([_extent(points) for points in projected if len(points)], np.float64)
        if not len(extents):
            return 0, 0, 0, 0
        if extents[:, 4].any():  # What is too near is cut, which may be anywhere in the picture.
            return 0, 0, width, height
        lower = np.floor(extents[:, :2].min(axis=0)).clip(-1, self.size)
        upper = np.floor(extents[:, 2:4].max(axis=0)).clip(-1, self.size)
        (left, top), (right, bottom) = np.maximum(lower, 0).astype(int).tolist(), (upper + 1).astype(int).tolist()
        return left, top, min(right, width), min(bottom, height)


def _extent(points: np.ndarray) -> np.ndarray:
    found = np.empty(5, np.float32)
    transforms.extent(points, found)
    return found


def _seen_by_a_pixel(veils: Veils) -> tuple[np.ndarray, np.ndarray]:
    """Room for the triangles that a pixel sees."""
    most = 4 * (veils.table.num_layers + 1)
    return np.empty(most, np.int64), np.zeros((most, 4), np.float32)


def _tints(tints: np.ndarray | None, poses: np.ndarray) -> np.ndarray | None:
    """Tints (E, L, 4) float32 of poses (E, L, 3, 4); numbers that are none, and those beyond 0..1, are kept within."""
    if tints is None:
        return None
    return np.broadcast_to(bounded(np.asarray(tints, np.float32), 1).clip(0), (*poses.shape[:2], 4))
