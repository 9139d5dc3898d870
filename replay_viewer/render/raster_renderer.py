"""The renderer that needs nothing but a processor: see `raster`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..cameras import CameraPose
from ..frames import EntityPoses, Frame
from ..rotations import to_matrix
from .levels import Levels
from .paint import paint_of
from .raster import coverage, shading, shadows, transforms
from .raster.ground import SQUARE
from .raster.tables import Camera, Instances, Sun
from .scene import Place, RenderScene
from .surface import Surface

# What is nearer to the camera than this is not drawn [m].
NEAR = 0.02
# Details below this share of a pixel are left out (55 dB between G1's 290k triangles and the 150k that stay), and of
# a shadow below this many of its cells.
_DETAIL = 1.0
_SHADOW_DETAIL = 2.0

# Towards the sun: from the left behind a robot that walks along x, seen from its right side too.
_SUN_DIRECTION = np.array([0.36, -0.48, 0.80])
_GRID = 1024
_FINEST_CELL = 0.0016
_MARGIN = 12

_GROUND_REACH = 14.0
_GROUND_REACH_OF_DISTANCE = 5.0


class RasterRenderer:
    """Draws frames of a scene. Every thread has a renderer of its own; they share the scene.

    Attributes:
        size: width and height of the pictures [px].
    """

    def __init__(self, scene: RenderScene, size: tuple[int, int] = (1280, 720)) -> None:
        self.size = size
        self._scene = scene
        width, height = size
        self._samples = np.zeros((height, width, 4), np.int64)
        self._grid = np.full((_GRID, _GRID), shadows.NOTHING, np.float32)
        self._tiles = np.zeros((_GRID // shadows.TILE, _GRID // shadows.TILE), np.bool_)
        self._points = np.zeros((0, 3), np.float32)
        self._projected = np.zeros((0, 3), np.float32)

    def render(self, frame: Frame, camera: CameraPose) -> np.ndarray:
        """All envs and entities of a frame as a camera sees them, (H, W, 3) uint8, sRGB."""
        view = _View(camera, self.size)
        cast = self._cover(frame, view)
        sun = self._sun(cast, view)
        picture = np.empty((self.size[1], self.size[0], 3), np.uint8)
        reach = max(_GROUND_REACH, _GROUND_REACH_OF_DISTANCE * view.distance)
        paint = paint_of(self._scene.look, self._scene.terrain is None, round(reach, 2))
        shading.shade(
            self._samples, *cast.rectangle, self._points, self._scene.geometry, cast.instances, cast.rotations,
            view.camera, sun, paint, picture,
        )  # fmt: skip
        return picture

    def segmentation(self, frame: Frame, camera: CameraPose) -> np.ndarray:
        """Which entity each pixel shows, (H, W) int32: its place in `RenderScene.entities`, -1 for ground and sky."""
        cast = self._cover(frame, _View(camera, self.size))
        labels = np.empty((self.size[1], self.size[0]), np.int32)
        shading.label(self._samples, *cast.rectangle, cast.instances, labels)
        return labels

    def _cover(self, frame: Frame, view: _View) -> _Cast:
        """Find what every sample sees."""
        cast = _Cast.of(list(self._stand(frame, view)))
        self._reserve(cast.num_points)
        for actor, start in zip(cast.actors, cast.instances.point, strict=True):
            stop = start + len(actor.surface.vertices)
            points, projected = self._points[start:stop], self._projected[start:stop]
            transforms.place(actor.surface.vertices, actor.surface.links, actor.poses_before(view), points)
            transforms.project(points, *view.lens, projected)
        cast.rectangle = self._rectangle(self._projected[: cast.num_points])
        coverage.clear(self._samples, *cast.rectangle)
        for actor, start, number in zip(cast.actors, cast.instances.point, cast.instances.first_number, strict=False):
            stop = start + len(actor.surface.vertices)
            for first, last in actor.runs:
                coverage.cover(
                    self._points[start:stop], self._projected[start:stop], actor.surface.triangles[first:last],
                    number + first, np.float32(NEAR), *view.lens[:3], self._samples,
                )  # fmt: skip
        return cast

    def _stand(self, frame: Frame, view: _View) -> Iterator[_Actor]:
        """What of a frame may be seen, entity by entity and env by env, then the terrain."""
        for index, name in enumerate(self._scene.entities):
            levels = self._scene.levels[name]
            poses = _relative(frame.entities[name], view.position)
            depths = view.nearest(levels.full, poses)
            for env in np.flatnonzero(np.isfinite(depths)):
                cell = _DETAIL * max(float(depths[env]), NEAR) / float(view.camera.focal)
                surface = levels.at(cell)
                runs = [(0, len(surface.triangles))]
                yield _Actor(index, self._scene.place_of(surface), poses[env], runs, levels, cell)
        terrain = self._scene.terrain
        if terrain is not None:
            pose = np.concatenate([np.eye(3), -view.position[:, None]], axis=1)[None].astype(np.float32)
            yield _Actor(-1, self._scene.place_of(terrain), pose, view.visible_runs(terrain), None, 0.0)

    def _reserve(self, count: int) -> None:
        if count > len(self._points):
            self._points = np.zeros((count + count // 4, 3), np.float32)
            self._projected = np.zeros_like(self._points)

    def _rectangle(self, projected: np.ndarray) -> tuple[int, int, int, int]:
        """Left, top, right and bottom [px] of what is covered by points in the picture."""
        width, height = self.size
        if not len(projected):
            return 0, 0, 0, 0
        left, top, right, bottom, is_too_near = transforms.extent(projected)
        if is_too_near:  # What is cut there may be anywhere in the picture.
            return 0, 0, width, height
        left, right = np.clip([math.floor(left), math.floor(right) + 1], 0, width).tolist()
        top, bottom = np.clip([math.floor(top), math.floor(bottom) + 1], 0, height).tolist()
        return left, top, right, bottom

    # -- the sun --------------------------------------------------------------

    def _sun(self, cast: _Cast, view: _View) -> Sun:
        """Find what the sun sees of the bodies in the picture."""
        self._grid.fill(shadows.NOTHING)
        bodies = [actor for actor in cast.actors if actor.levels is not None]
        axes, cell = _sun_axes(bodies, view)
        for actor in bodies:
            surface = actor.coarse(_SHADOW_DETAIL * cell)
            seen = np.empty_like(surface.vertices)
            transforms.place(surface.vertices, surface.links, _through(axes, actor.poses), seen)
            shadows.cast(seen, surface.triangles, self._grid)
        shadows.mark_tiles(self._grid, self._tiles)
        return Sun(_unit(_SUN_DIRECTION).astype(np.float32), axes, np.float32(cell), self._grid, self._tiles)


class _View:
    """A camera pose as the rasteriser takes it, and what can be in its picture.

    position (3,) float64. distance [m] to what is looked at. lens: focal length, centre [px], near plane.
    """

    def __init__(self, pose: CameraPose, size: tuple[int, int]) -> None:
        width, height = size
        self.position = np.asarray(pose.position, np.float64)
        ahead = np.asarray(pose.look_at, np.float64) - self.position
        self.distance = float(np.linalg.norm(ahead))
        ahead = _unit(ahead)
        right = _unit(np.cross(ahead, pose.up))
        focal = np.float32(height / 2 / math.tan(pose.fov / 2))
        east, north = (float(x) for x in self.position[:2] % (2 * SQUARE))
        self.camera = Camera(
            rotation=np.array([right, np.cross(ahead, right), ahead], np.float32),
            focal=focal,
            center_x=np.float32(width / 2),
            center_y=np.float32(height / 2),
            height=np.float32(self.position[2]),
            east=np.float32(east),
            north=np.float32(north),
        )
        self.lens = (focal, self.camera.center_x, self.camera.center_y, np.float32(NEAR))
        self._planes = _side_planes(width / 2 / float(focal), height / 2 / float(focal))

    def nearest(self, surface: Surface, poses: np.ndarray) -> np.ndarray:
        """Depth [m] of the nearest thing that may be in the picture, of poses (E, L, 3, 4): (E,), infinite if none."""
        drawn = np.flatnonzero(surface.radii >= 0)
        centers = _transformed(poses[:, drawn], surface.centers[drawn])
        before, radii = self._before(centers), surface.radii[drawn]
        seen = self._seen(before, radii)
        return np.where(seen, before[..., 2] - radii, np.inf).min(axis=-1, initial=np.inf)

    def visible_runs(self, surface: Surface) -> list[tuple[int, int]]:
        """First and last triangle + 1 of each run of blocks that may be in the picture, of a surface in the world."""
        before = self._before((surface.block_centers - self.position).astype(np.float32))
        seen = self._seen(before, surface.block_radii)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
        return [(int(surface.blocks[a, 0]), int(surface.blocks[b - 1, 1])) for a, b in edges.reshape(-1, 2)]

    def _before(self, points: np.ndarray) -> np.ndarray:
        return points @ self.camera.rotation.T

    def _seen(self, before: np.ndarray, radii: np.ndarray) -> np.ndarray:
        """Whether spheres before the camera reach into the picture."""
        return (before[..., 2] > NEAR - radii) & (before @ self._planes > -radii[..., None]).all(axis=-1)


@dataclass(frozen=True, eq=False)
class _Actor:
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

    def poses_before(self, view: _View) -> np.ndarray:
        """Poses of the links in the camera's axes."""
        return np.ascontiguousarray(view.camera.rotation @ self.poses)


class _Cast:
    """All actors of a picture, and the tables about them. rectangle: of the picture, that they are in [px]."""

    rectangle: tuple[int, int, int, int]

    def __init__(self, actors: list[_Actor], instances: Instances, rotations: np.ndarray, num_points: int) -> None:
        self.actors, self.instances, self.rotations, self.num_points = actors, instances, rotations, num_points

    @classmethod
    def of(cls, actors: list[_Actor]) -> _Cast:
        points = np.cumsum([0, *(len(a.surface.vertices) for a in actors)])
        links = np.cumsum([0, *(len(a.poses) for a in actors)])
        instances = Instances(
            first_number=np.cumsum([0, *(len(a.surface.triangles) for a in actors)]).astype(np.int64),
            triangle=np.array([a.place.triangle for a in actors], np.int64),
            vertex=np.array([a.place.vertex for a in actors], np.int64),
            point=points[:-1].astype(np.int64),
            rotation=links[:-1].astype(np.int64),
            entity=np.array([a.entity for a in actors], np.int64),
        )
        poses = [a.poses[..., :3] for a in actors]
        rotations = np.ascontiguousarray(np.concatenate(poses)) if poses else np.zeros((0, 3, 3), np.float32)
        return cls(actors, instances, rotations, int(points[-1]))


def _relative(poses: EntityPoses, origin: np.ndarray) -> np.ndarray:
    """Poses (E, L, 3, 4) of links relative to a place (3,) in the world; in between in float64, far from the origin."""
    rotations = to_matrix(poses.link_wxyz)
    positions = poses.link_positions.astype(np.float64) - origin
    return np.concatenate([rotations, positions[..., None]], axis=-1).astype(np.float32)


def _transformed(poses: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (L, 3) under poses (E, L, 3, 4): (E, L, 3)."""
    return (poses[..., :3] @ points[..., None])[..., 0] + poses[..., 3]


def _through(axes: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """Poses (L, 3, 4) followed by axes (3, 4)."""
    moved = axes[:, :3] @ poses
    moved[..., 3] += axes[:, 3]
    return np.ascontiguousarray(moved, np.float32)


def _sun_axes(bodies: list[_Actor], view: _View) -> tuple[np.ndarray, float]:
    """Axes (3, 4) of the sun's space about the bodies in the picture, and the size of its cells [m].

    The grid keeps its places in the world while the camera moves, so that the edges of shadows do not crawl.
    """
    direction = _unit(_SUN_DIRECTION)
    u = _unit(np.cross(direction, [0.0, 1.0, 0.0]))
    axes = np.array([u, np.cross(direction, u), direction])
    low, high = _extent(bodies, axes[:2])
    room = _GRID - 2 * _MARGIN - 1
    needed = max(float((high - low).max()) / room, _FINEST_CELL)
    cell = _FINEST_CELL * 2 ** (math.ceil(4 * math.log2(needed / _FINEST_CELL)) / 4)
    offset = axes[:2] @ view.position / cell
    corner = np.floor(offset + (low + high) / 2 / cell) - _GRID // 2
    scaled = np.concatenate([axes[:2] / cell, axes[2:]])
    return np.column_stack([scaled, [*(offset - corner), 0.0]]).astype(np.float32), cell


def _extent(bodies: list[_Actor], axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest place (2,) along axes (2, 3) that bodies reach, relative to the camera."""
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    for body in bodies:
        drawn = np.flatnonzero(body.surface.radii >= 0)
        centers = _transformed(body.poses[drawn], body.surface.centers[drawn]) @ axes.T
        radii = body.surface.radii[drawn, None]
        low, high = np.minimum(low, (centers - radii).min(axis=0)), np.maximum(high, (centers + radii).max(axis=0))
    return (low, high) if bodies else (np.zeros(2), np.zeros(2))


def _side_planes(right: float, down: float) -> np.ndarray:
    """Inward normals (3, 4) of the four planes at the edges of a picture, by the tangents of its half angles."""
    normals = np.array([[-1, 0, right], [1, 0, right], [0, -1, down], [0, 1, down]])
    return (normals / np.linalg.norm(normals, axis=1, keepdims=True)).T.astype(np.float32)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
