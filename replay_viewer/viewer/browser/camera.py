"""The camera that a browser has, as cameras are here. What a browser says of it may be anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import viser

from ...camera.presets import CameraPose
from ...errors import ReplayError
from ...rotations import normalize, rotate

# Farther off [m], a picture of float32 numbers would be noise.
_FARTHEST = 1e5
_MIN_FOV, _MAX_FOV = 0.01, 3.0
# Sides of a picture [px].
_SMALLEST, _LARGEST = 64, 4096


class OddCamera(ReplayError):
    """A browser's camera that nothing can be drawn with."""

    def __init__(self) -> None:
        super().__init__("this browser's camera cannot be drawn with; choose a view such as Side, and try again")


def browser_pose(camera: viser.CameraHandle) -> CameraPose:
    """The pose of a browser's camera, in its own space. Raises OddCamera."""
    position, look_at = _vector(camera.position, 3), _vector(camera.look_at, 3)
    ahead = look_at - position
    distance = float(np.linalg.norm(ahead))
    # Its y axis points down. Of the rotation, only what is square to the line of sight counts.
    up = rotate(normalize(_vector(camera.wxyz, 4)), np.array([0.0, -1.0, 0.0]))
    up = up - ahead * (up @ ahead) / max(distance, 1e-12) ** 2
    fov = float(_vector([camera.fov], 1)[0])
    if distance < 1e-6 or np.linalg.norm(up) < 1e-6 or not _MIN_FOV <= fov <= _MAX_FOV:
        raise OddCamera
    return CameraPose(position, look_at, up / np.linalg.norm(up), fov)


def picture_size(sides: Any) -> tuple[int, int]:
    """Width and height of a picture [px], each within bounds, that a browser asks for. Raises OddCamera."""
    if not isinstance(sides, list) or len(sides) != 2:
        raise OddCamera
    if not all(isinstance(side, (int, float)) and 0 <= side < np.inf for side in sides):
        raise OddCamera
    width, height = (round(min(max(side, _SMALLEST), _LARGEST)) for side in sides)
    return width, height


def _vector(numbers: Any, count: int) -> np.ndarray:
    """So many numbers of a sensible size. Raises OddCamera."""
    vector = np.asarray(numbers, dtype=np.float64)
    if vector.shape != (count,) or not (np.abs(vector) <= _FARTHEST).all():
        raise OddCamera
    return vector
