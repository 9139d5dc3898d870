"""The states in which episodes begin, as mjlab and Isaac Lab draw them: offsets from where a body is by default."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...rotations import conjugate, multiply
from .manager_factors import is_random

# Of poses and velocities, by the names of the simulators' settings; angles are of the turn, first about x.
AXES = ("x", "y", "z", "roll", "pitch", "yaw")


def varied_axes(ranges: Any) -> list[tuple[int, str]]:
    """The axes, with their positions, that are drawn by such settings."""
    found = ranges or {}
    return [(axis, name) for axis, name in enumerate(AXES) if is_random(found.get(name))]


def pose_offsets(
    position: np.ndarray, wxyz: np.ndarray, default_position: np.ndarray, default_wxyz: np.ndarray
) -> np.ndarray:
    """(k, 6) how far poses are moved [m] and turned [rad], in their own frame, from those by default."""
    turn = multiply(conjugate(default_wxyz), wxyz)
    return np.concatenate([position - default_position, _angles(turn)], axis=1)


def _angles(wxyz: np.ndarray) -> np.ndarray:
    """(k, 3) roll, pitch and yaw, -pi to pi, of unit quaternions (k, 4)."""
    w, x, y, z = np.moveaxis(wxyz, -1, 0)
    roll = np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    pitch = np.arcsin(np.clip(2 * (w * y - z * x), -1, 1))
    yaw = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    return np.stack([roll, pitch, yaw], axis=-1)
