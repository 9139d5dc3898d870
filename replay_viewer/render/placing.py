"""Poses of links as matrices (..., 3, 4): a rotation and a place."""

from __future__ import annotations

import numpy as np

from ..replay.frames import EntityPoses
from ..rotations import to_matrix

# What is farther from the camera than this along an axis is drawn there [m]. Simulations that blow up reach 1e38,
# where nothing can be computed with any more.
FARTHEST = 1e6


def relative_poses(poses: EntityPoses, origin: np.ndarray) -> np.ndarray:
    """Poses (E, L, 3, 4) of links relative to a place (3,) in the world."""
    positions = relative(poses.link_positions, origin)
    return np.concatenate([to_matrix(poses.link_wxyz), positions[..., None]], axis=-1).astype(np.float32)


def relative(points: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Points (..., 3) relative to a place (3,), float32; in between in float64, far from the origin."""
    return (points.astype(np.float64) - origin).clip(-FARTHEST, FARTHEST).astype(np.float32)


def transformed(poses: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (L, 3) under poses (E, L, 3, 4): (E, L, 3)."""
    return (poses[..., :3] @ points[..., None])[..., 0] + poses[..., 3]


def through(axes: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """Poses (L, 3, 4) followed by axes (3, 4)."""
    moved = turned(axes[:, :3], poses)
    moved[..., 3] += axes[:, 3]
    return moved


def turned(rotation: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """Poses (L, 3, 4) followed by a rotation (3, 3), float32.

    Products of float32 differ between processors, which may or may not round in between. Here they are rounded once.
    """
    return (rotation.astype(np.float64) @ poses).astype(np.float32)
