"""Where cameras see points, computed apart from any renderer."""

from __future__ import annotations

import math

import numpy as np

from replay_viewer.camera.presets import CameraPose


def project(camera: CameraPose, points: np.ndarray) -> np.ndarray:
    """Where a pinhole camera sees points (..., 3): right and up in the picture (..., 2), -1 to 1 is its height.

    Of a point beside or behind the camera, infinity.
    """
    right, up, ahead = axes(camera)
    way = points - camera.position
    depth = way @ ahead
    places = np.stack([way @ right, way @ up], axis=-1)
    seen = np.where(depth > 0, depth, np.nan)[..., None]
    return np.where(np.isnan(seen), np.inf, places / seen / math.tan(camera.fov / 2))


def pixels(camera: CameraPose, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The same in pixels (..., 2) from the upper left corner of a picture of (width, height), right and down."""
    width, height = size
    return np.array([width, height]) / 2 + project(camera, points) * height / 2 * [1, -1]


def rays(camera: CameraPose, size: tuple[int, int], at: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    """Directions (H, W, 3) of depth 1 in which a camera sees the same place of every pixel, by default its middle."""
    (width, height), (right, up, ahead) = size, axes(camera)
    step = math.tan(camera.fov / 2) * 2 / height
    across = (np.arange(width) + at[0] - width / 2) * step
    down = (np.arange(height) + at[1] - height / 2) * step
    return ahead + across[:, None] * right - down[:, None, None] * up


def axes(camera: CameraPose) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors (3,) to the right of the picture, up in it, and ahead."""
    ahead = _unit(camera.look_at - camera.position)
    right = _unit(np.cross(ahead, camera.up))
    return right, np.cross(right, ahead), ahead


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
