"""Framing: from where several places are seen at once, for browsers and for films alike."""

from __future__ import annotations

import math

import numpy as np

from .presets import CameraPose

# How steep a camera looks down at many, as the height of its direction; room for them around their middles.
_BIRD, _ROOM = 0.45, 1.25


def middle_of(points: np.ndarray) -> np.ndarray:
    """The middle (..., 3) of the box around points (..., K, 3)."""
    return (points.min(axis=-2) + points.max(axis=-2)) / 2


def distance_to_see(
    offsets: np.ndarray,
    away: np.ndarray,
    right: np.ndarray,
    slope: float,
    aspect: float,
    room: float = 1.0,
    margins: np.ndarray | float = 0.0,
) -> np.ndarray:
    """How far from what it looks at a camera has to be to see places around that [m], (...,); 0 without any.

    Args:
        offsets: (..., K, 3) [m], from what it looks at.
        away: unit vector (3,) from there to the camera.
        right: unit vector (3,) to the right in the picture.
        slope: half of the picture's height at a distance of 1.
        aspect: width of the picture over its height.
        room: so many times as far from the middle of the picture a place might be and would still be seen.
        margins: how much is to be seen around each place, (K,) or one for all [m].
    """
    beside = (room * np.abs(offsets @ right) + margins) / (slope * aspect)
    above = (room * np.abs(offsets @ np.cross(away, right)) + margins) / slope
    return (np.maximum(beside, above) + offsets @ away).max(axis=-1, initial=0.0)


def distant_view(pose: CameraPose, points: np.ndarray, aspect: float) -> CameraPose | None:
    """A camera that sees points (K, 3) as well, farther away and not lower than a bird; None if it sees them already.

    It looks at the middle between them and what it looked at, so that all are as large as they can be.
    aspect: the picture's width over its height.
    """
    away = pose.position - pose.look_at
    distance = float(np.linalg.norm(away))
    yaw, height = np.arctan2(away[1], away[0]), max(away[2] / distance, _BIRD)
    flat, right = np.array([np.cos(yaw), np.sin(yaw), 0.0]), np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    away = (1 - height**2) ** 0.5 * flat + [0.0, 0.0, height]
    slope = math.tan(pose.fov / 2)
    if distance_to_see(points - pose.look_at, away, right, slope, aspect, _ROOM) <= distance:
        return None
    offsets = np.concatenate([np.zeros((1, 3)), points - pose.look_at])
    middle = np.zeros(3)
    for axis in (flat, right):
        places = offsets @ axis
        middle += (places.min() + places.max()) / 2 * axis
    needed = float(distance_to_see(offsets - middle, away, right, slope, aspect, _ROOM))
    look_at = pose.look_at + middle
    return pose._replace(position=look_at + max(needed, distance) * away, look_at=look_at)


def framing_view(pose: CameraPose, points: np.ndarray, aspect: float, nearest: float) -> CameraPose:
    """A camera of the same direction that looks at the middle of points (K, 3), all of which it sees.

    aspect: the picture's width over its height. nearest: how near it comes [m].
    """
    away = pose.position - pose.look_at
    away /= np.linalg.norm(away)
    yaw = np.arctan2(away[1], away[0])
    middle = middle_of(points)
    right = np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    needed = float(distance_to_see(points - middle, away, right, math.tan(pose.fov / 2), aspect, _ROOM))
    distance = max(needed, nearest)
    return pose._replace(position=middle + distance * away, look_at=middle)
