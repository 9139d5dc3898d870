"""The renderer that needs nothing but a processor: see `raster`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ...camera.presets import CameraPose
from ...replay.frames import Frame
from .kernels import coverage, shading, transforms
from .lens import NEAR, Lens, relative, relative_poses, turned
from .scene import Actor, Cast, RenderScene, paint_of
from .sunlight import Sunlight

if TYPE_CHECKING:
    import numpy as np

    from ...camera.presets import CameraPose
    from ...replay.frames import Frame

# Details below this share of a pixel are left out: 55 dB between G1's 290k triangles and the 150k that stay.
_DETAIL = 1.0

# How far the ground is seen: at least so many metres, and so many times the distance to what is looked at.
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
        self._sunlight = Sunlight()
        self._points = np.zeros((0, 3), np.float32)
        self._projected = np.zeros((0, 3), np.float32)

    def render(self, frame: Frame, camera: CameraPose) -> np.ndarray:
        """All envs and entities of a frame as a camera sees them, (H, W, 3) uint8, sRGB."""
        lens = Lens(camera, self.size)
        cast = self._cover(frame, lens)
        sun = self._sunlight.over([actor for actor in cast.actors if actor.levels is not None], lens.position)
        picture = np.empty((self.size[1], self.size[0], 3), np.uint8)
        reach = max(_GROUND_REACH, _GROUND_REACH_OF_DISTANCE * lens.distance)
        paint = paint_of(self._scene.look, self._scene.terrain is None, round(reach, 2))
        shading.shade(
            self._samples, *cast.rectangle, self._points, self._scene.geometry, cast.instances, cast.rotations,
            lens.camera, sun, paint, picture,
        )  # fmt: skip
        return picture

    def segmentation(self, frame: Frame, camera: CameraPose) -> np.ndarray:
        """Which entity each pixel shows, (H, W) int32: its place in `RenderScene.entities`, -1 for ground and sky."""
        cast = self._cover(frame, Lens(camera, self.size))
        labels = np.empty((self.size[1], self.size[0]), np.int32)
        shading.label(self._samples, *cast.rectangle, cast.instances, labels)
        return labels

    def _cover(self, frame: Frame, lens: Lens) -> Cast:
        """Find what every sample sees."""
        cast = Cast(list(self._stand(frame, lens)))
        self._project(cast, lens)
        cast.rectangle = self._rectangle(self._projected[: cast.num_points])
        coverage.clear(self._samples, *cast.rectangle)
        for actor, points, number in zip(cast.actors, cast.slices, cast.instances.first_number, strict=False):
            for first, last in actor.runs:
                coverage.cover(
                    self._points[points], self._projected[points], actor.surface.triangles[first:last],
                    number + first, np.float32(NEAR), *lens.projection[:3], self._samples,
                )  # fmt: skip
        return cast

    def _project(self, cast: Cast, lens: Lens) -> None:
        """Put the vertices of all actors before the camera and into the picture."""
        if cast.num_points > len(self._points):
            self._points = np.zeros((cast.num_points + cast.num_points // 4, 3), np.float32)
            self._projected = np.zeros_like(self._points)
        for actor, points in zip(cast.actors, cast.slices, strict=True):
            before = turned(lens.camera.rotation, actor.poses)
            transforms.place(actor.surface.vertices, actor.surface.links, before, self._points[points])
            transforms.project(self._points[points], *lens.projection, self._projected[points])

    def _stand(self, frame: Frame, lens: Lens) -> Iterator[Actor]:
        """What of a frame may be seen, entity by entity and env by env, then the terrain."""
        for index, name in enumerate(self._scene.entities):
            levels = self._scene.levels[name]
            poses = relative_poses(frame.entities[name], lens.position)
            depths = lens.nearest(levels.full, poses)
            for env in np.flatnonzero(np.isfinite(depths)):
                cell = _DETAIL * max(float(depths[env]), NEAR) / float(lens.camera.focal)
                surface = levels.at(cell)
                runs = [(0, len(surface.triangles))]
                yield Actor(index, self._scene.place_of(surface), poses[env], runs, levels, cell)
        terrain = self._scene.terrain
        if terrain is not None:
            place = relative(np.zeros(3), lens.position)
            pose = np.column_stack([np.eye(3, dtype=np.float32), place])[None]
            yield Actor(-1, self._scene.place_of(terrain), pose, lens.visible_runs(terrain), None, 0.0)

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


class Renderer(Protocol):
    """Draws frames of one size; not for use by several threads."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its pictures [px]."""
        ...

    def render(self, frame: Frame, camera: CameraPose) -> np.ndarray:
        """All envs and entities of a frame as a camera sees them, (H, W, 3) uint8, sRGB."""
        ...
