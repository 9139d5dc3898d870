"""A check that pictures move where the robots do: two equal pictures of a robot that moves are a bug of ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from ..camera.presets import CameraPose
from ..replay.frames import Frame
from .raster.lens import normalized

# Motion of less than this may leave every pixel as it is [px].
_LEAST_MOTION = 1.0


class MotionCheck:
    """Looks at the pictures of a shot, one after the other.

    Args:
        size: width and height of the pictures [px].
        robots: names of the entities that are looked at.
        is_seen: whether any pixel of a picture shows an entity; asked only where two pictures are equal.
    """

    def __init__(
        self, size: tuple[int, int], robots: Iterable[str], is_seen: Callable[[str, Frame, CameraPose], bool]
    ) -> None:
        self._size, self._robots, self._is_seen = size, tuple(robots), is_seen
        self._last: tuple[Frame, CameraPose, np.ndarray] | None = None

    def forget(self) -> None:
        """The next picture follows upon none."""
        self._last = None

    def see(self, frame: Frame, camera: CameraPose, picture: np.ndarray) -> None:
        """Raise RuntimeError if a picture equals the one before it although a whole robot moved in it.

        A robot counts where each of its links is inside of both pictures and goes further than a pixel: what is
        partly outside may look the same after it moved.
        """
        last, self._last = self._last, (frame, camera, picture)
        if last is None or not np.array_equal(last[2][::8], picture[::8]) or not np.array_equal(last[2], picture):
            return
        for name in self._robots:
            motion = self._motion(name, last[0], last[1], frame, camera)
            if motion > _LEAST_MOTION and self._is_seen(name, frame, camera):
                raise RuntimeError(
                    f"The pictures of positions {last[0].position:g} and {frame.position:g} are equal, but "
                    f"'{name}' moved by {motion:.1f} pixels between them. Please report this bug of the renderer."
                )

    def _motion(self, name: str, a: Frame, camera_a: CameraPose, b: Frame, camera_b: CameraPose) -> float:
        """How far each link of a robot moved at least [px], in the env where it is most; 0 if part of it is outside."""
        before = projected(a.entities[name].link_positions, camera_a, self._size)
        after = projected(b.entities[name].link_positions, camera_b, self._size)
        least = np.linalg.norm(after - before, axis=-1).min(axis=-1)
        return float(np.nan_to_num(least).max())


def projected(points: np.ndarray, camera: CameraPose, size: tuple[int, int]) -> np.ndarray:
    """Where a camera sees points (..., 3) [m] in its picture, (..., 2) [px] from the top left; NaN outside of it."""
    width, height = size
    forward = normalized(camera.look_at - camera.position)
    right = normalized(np.cross(forward, camera.up))
    axes = np.stack([right, np.cross(forward, right), forward], axis=-1)
    x, y, depth = np.moveaxis((points.astype(np.float64) - camera.position) @ axes, -1, 0)
    focal = height / 2 / math.tan(camera.fov / 2)
    depth = np.where(depth > 0, depth, np.nan)
    pixels = np.stack([width / 2 + focal * x / depth, height / 2 + focal * y / depth], axis=-1)
    inside = np.all((pixels >= 0) & (pixels < size), axis=-1, keepdims=True)
    return np.where(inside, pixels, np.nan)
