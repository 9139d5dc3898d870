"""A browser's memory of its view, which it sends when it comes back: anything, until it is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...camera.presets import CameraPose

# A browser keeps lengths in sizes of the robot, so that its camera suits a smaller or larger one.
_FARTHEST = 1e4
_NEAREST = 1e-3
_LARGEST_WORLD = 1e5  # [m]
_MIN_FOV, _MAX_FOV = 0.05, 2.5


@dataclass(frozen=True)
class ViewMemory:
    """A browser's view as it was.

    Attributes:
        shadows: whether the light casts shadows; None where nobody chose.
        camera: in the browser's space, in sizes of the robot; None where it is to be the usual one.
        keeps_all: whether it went along with all that was shown.
        world: where the browser's world (3,) [m] stood still; None where it followed the robot.
    """

    shadows: bool | None = None
    camera: CameraPose | None = None
    world: np.ndarray | None = None
    keeps_all: bool = False


def read_memory(value: Any) -> ViewMemory:
    """What can be used of what a browser sent; the rest counts as forgotten."""
    said: Mapping[str, Any] = value if isinstance(value, dict) else {}
    shadows = said.get("shadows")
    return ViewMemory(
        shadows=shadows if isinstance(shadows, bool) else None,
        camera=_camera(said.get("camera")),
        world=_vector(said.get("world"), _LARGEST_WORLD),
        keeps_all=said.get("keepsAll") is True,
    )


def _camera(said: Any) -> CameraPose | None:
    if not isinstance(said, dict):
        return None
    position, look_at = _vector(said.get("position"), _FARTHEST), _vector(said.get("target"), _FARTHEST)
    fov = said.get("fov")
    if position is None or look_at is None or not isinstance(fov, (int, float)) or not _MIN_FOV <= fov <= _MAX_FOV:
        return None
    if np.linalg.norm(position - look_at) < _NEAREST:
        return None
    return CameraPose(position, look_at, np.array([0.0, 0.0, 1.0]), float(fov))


def _vector(numbers: Any, largest: float) -> np.ndarray | None:
    """Three numbers of a sensible size; None for anything else."""
    if not isinstance(numbers, list) or len(numbers) != 3:
        return None
    if not all(isinstance(number, (int, float)) and abs(number) <= largest for number in numbers):
        return None
    return np.array(numbers, dtype=np.float64)
