"""Camera presets as pure functions of the base pose, for the viewer and for the renderer alike."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..errors import UnknownName
from ..view_names import OTHER_NAMES, PRESETS

FOV = math.radians(45)

# Azimuth from the robot's heading, counter-clockwise seen from above, and elevation above the base, in degrees.
# The side camera stands at the robot's right, so that the robot walks to the right in the picture.
_DIRECTIONS = {"top": (180, 90), "side": (-90, 6), "front": (0, 6), "follow": (-150, 25)}

# A robot whose meshes are all missing has no size, and a camera cannot stand on the point that it looks at.
MIN_SIZE = 0.05
# In a sliver of a picture the robot would be a dot.
_MIN_ASPECT = 0.2


class CameraPose(NamedTuple):
    """A perspective camera in the world frame.

    Attributes:
        position: (3,) [m].
        look_at: (3,) [m].
        up: (3,) unit vector, never along the line of sight.
        fov: vertical, in radians.
    """

    position: np.ndarray
    look_at: np.ndarray
    up: np.ndarray
    fov: float


def heading_vectors(wxyz: np.ndarray) -> np.ndarray:
    """Headings of (..., 4) rotations as level vectors (..., 2), the shorter the less there is of a heading.

    The heading is the rotation about the world's z axis, without the tilt (the twist of swing and twist). Unlike the
    direction of the body's x axis it stays the same while a robot falls on its face or its back, where that axis is
    vertical. A vector is as long as the squared cosine of half the tilt: a robot upside down, whose heading may be
    anything, counts for nothing in a mean.
    """
    w, z = wxyz[..., 0], wxyz[..., 3]
    return np.stack([w * w - z * z, 2 * w * z], axis=-1)


def preset(
    name: str, base_pos: np.ndarray, forward: float, size: float, aspect: float = 1.0, fov: float = FOV
) -> CameraPose:
    """The camera that looks at a robot's base from a preset direction.

    The robot fills half of the picture's height, or of its width where that is less.

    Args:
        name: "top" (straight down, the robot's heading points up in the picture), "side", "front" or "follow"
            (from behind, above and a little to the right).
        base_pos: (3,) [m].
        forward: the robot's heading [rad]. Nothing else of its rotation counts, so that a fallen robot is still seen.
        size: radius of the robot about its base [m].
        aspect: width of the picture over its height.
        fov: vertical, in radians.

    Raises:
        UnknownName: if there is no such preset.
    """
    azimuth, elevation = preset_direction(name)
    distance = viewing_distance(size, aspect, fov)
    return look_from(forward + azimuth, elevation, base_pos, distance, fov)


def preset_direction(name: str) -> tuple[float, float]:
    """Azimuth from the robot's heading and elevation of a preset, in radians; raises UnknownName."""
    azimuth, elevation = _DIRECTIONS[preset_named(name)]
    return math.radians(azimuth), math.radians(elevation)


def preset_named(name: str) -> str:
    """The preset that a name means, in whatever case: of "Behind", "follow". Raises UnknownName."""
    found = OTHER_NAMES.get(name.lower(), name.lower())
    if found not in _DIRECTIONS:
        raise UnknownName("camera preset", name, (*PRESETS, *OTHER_NAMES), where="this version")
    return found


def viewing_distance(size: float, aspect: float = 1.0, fov: float = FOV) -> float:
    """Distance [m] from which something of this radius [m] fills half of the picture's height, or width if less."""
    return 2 * max(size, MIN_SIZE) / math.tan(fov / 2) / min(max(aspect, _MIN_ASPECT), 1.0)


def look_from(azimuth: float, elevation: float, look_at: np.ndarray, distance: float, fov: float = FOV) -> CameraPose:
    """The camera that looks at a point (3,) from a direction, in radians, and a distance [m].

    Args:
        azimuth: from the world's x axis, counter-clockwise seen from above.
        elevation: above the point. At the zenith the picture's up is away from the azimuth.
        look_at: (3,) [m].
        distance: from there [m].
        fov: vertical, in radians.
    """
    target = np.asarray(look_at, dtype=np.float64)
    position = target + distance * _direction(azimuth, elevation)
    return CameraPose(position, target, _direction(azimuth, elevation + math.pi / 2), fov)


def _direction(azimuth: float, elevation: float) -> np.ndarray:
    """Unit vector (3,) towards an azimuth and an elevation in radians."""
    level = math.cos(elevation)
    return np.array([level * math.cos(azimuth), level * math.sin(azimuth), math.sin(elevation)])
