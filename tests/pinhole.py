"""Where cameras see points, computed apart from any renderer."""

from __future__ import annotations

import math

import numpy as np

from replay_viewer.cameras import CameraPose


def project(camera: CameraPose, point: np.ndarray) -> np.ndarray:
    """Where a pinhole camera sees a point: (right, up) in the picture, of which -1 to 1 is its height.

    Of a point beside or behind the camera, infinity.
    """
    forward = camera.look_at - camera.position
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, camera.up)
    right = right / np.linalg.norm(right)
    up = np.cross(right, forward)
    ray = point - camera.position
    if ray @ forward <= 0:
        return np.full(2, np.inf)
    return np.array([ray @ right, ray @ up]) / (ray @ forward) / math.tan(camera.fov / 2)
