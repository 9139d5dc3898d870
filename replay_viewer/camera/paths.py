"""Camera paths: from what a user asks for to the camera at each moment of a film."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..errors import UnknownName
from .outline import Outline, distance_to_see
from .presets import FOV, CameraPose, look_from, preset_direction, preset_named, viewing_distance
from .smooth_base import SmoothBase

if TYPE_CHECKING:
    from ..replay.frames import Frame
    from ..replay.replay import Replay
    from ..rollout.episodes import Episode


class CameraPath(Protocol):
    """Where the camera is at each moment of a film: a pure function of it, in whatever order it is asked."""

    def at(self, frame: Frame, episode: Episode) -> CameraPose:
        """The camera for a frame; episode: of the first of its envs, in which its position lies."""
        ...


@dataclass(frozen=True)
class Orbit:
    """A camera in a fixed direction from the robot, that moves along with it.

    Attributes:
        azimuth_degrees: from the robot's heading at the episode's first step, counter-clockwise seen from above, as
            the presets have it: 0 is its front, -90 its right side.
        elevation_degrees: above the robot.
        distance: [m] from the smoothed base; None so that it fills half of the picture.
    """

    azimuth_degrees: float
    elevation_degrees: float
    distance: float | None = None


@dataclass(frozen=True)
class Free:
    """A camera that stays where it is in the world."""

    pose: CameraPose


@dataclass(frozen=True)
class Carried:
    """A camera that moves along with the robot over the ground and does not turn.

    Attributes:
        pose: seen from the point at height 0 below the smoothed base, with the axes of the world.
    """

    pose: CameraPose


# What may be asked for: a preset's name, one of the cameras above, or a path of one's own.
Camera = str | Orbit | Free | Carried | CameraPath


def camera_path(
    camera: Camera, replay: Replay, *, entity: str | None = None, aspect: float, fov: float | None = None
) -> CameraPath:
    """The path of a camera over a replay. Of several envs in one picture it sees them all.

    Args:
        camera: "follow", or "behind", turns with the robot; "top", "side" and "front" keep the direction that the
            robot had at the episode's first step. All move along with the smoothed base.
        replay: what is filmed.
        entity: whom to look at; None for the first robot.
        aspect: width of the picture over its height.
        fov: vertical, in radians; None for 45 degrees, or what a given pose has.

    Raises:
        UnknownName: if there is no such preset or no such entity.
    """
    if not isinstance(camera, (str, Orbit, Free, Carried)):
        return camera
    if isinstance(camera, Free):
        return _StillPath(_with_fov(camera.pose, fov))
    entities = tuple(replay.rollout.entities)
    name = entities[0] if entity is None else entity
    if name not in entities:
        raise UnknownName("entity", name, entities)
    size = replay.robots[name].radius
    base = SmoothBase(replay.rollout, name, size)
    if isinstance(camera, Carried):
        return _CarriedPath(base, _with_fov(camera.pose, fov))
    picture = _Picture(size, aspect, FOV if fov is None else fov)
    return _OrbitPath(base, Outline(replay.rollout, name), _direction(camera), picture)


@dataclass(frozen=True)
class _Direction:
    """From where to look.

    Attributes:
        azimuth: from the robot's heading [rad].
        elevation: above the robot [rad].
        distance: [m], None to see all of it.
        turns: whether it turns with the robot.
    """

    azimuth: float
    elevation: float
    distance: float | None = None
    turns: bool = False


def _direction(camera: str | Orbit) -> _Direction:
    if isinstance(camera, Orbit):
        return _Direction(math.radians(camera.azimuth_degrees), math.radians(camera.elevation_degrees), camera.distance)
    return _Direction(*preset_direction(camera), turns=preset_named(camera) == "follow")


def _with_fov(pose: CameraPose, fov: float | None) -> CameraPose:
    return pose if fov is None else pose._replace(fov=fov)


@dataclass(frozen=True)
class _Picture:
    """What has to fit into which picture.

    Attributes:
        size: radius of the robot [m].
        aspect: width of the picture over its height.
        fov: vertical [rad].
    """

    size: float
    aspect: float
    fov: float


class _OrbitPath:
    """Looks at the smoothed base, or at all envs, from a direction that turns with the robot or does not."""

    def __init__(self, base: SmoothBase, outline: Outline, direction: _Direction, picture: _Picture) -> None:
        self._base, self._outline, self._direction, self._picture = base, outline, direction, picture

    def at(self, frame: Frame, episode: Episode) -> CameraPose:
        return self._at_many(frame, episode) if len(frame.envs) > 1 else self._at_robot(frame.position, episode)

    def _at_robot(self, position: float, episode: Episode) -> CameraPose:
        picture, aim = self._picture, self._base.in_episode(position, episode)
        heading = aim.heading if self._direction.turns else self._base.in_episode(episode.first_step, episode).heading
        distance = self._direction.distance or viewing_distance(picture.size, picture.aspect, picture.fov)
        azimuth = heading + self._direction.azimuth
        return look_from(azimuth, self._direction.elevation, aim.position, distance, picture.fov)

    def _at_many(self, frame: Frame, episode: Episode) -> CameraPose:
        """Of many envs, which have no heading to turn with, the direction stays."""
        picture, box = self._picture, self._outline.box(frame.position, frame.envs, episode)
        azimuth = self._outline.heading(episode.first_step, frame.envs) + self._direction.azimuth
        pose = look_from(azimuth, self._direction.elevation, box.mean(axis=0), 1.0, picture.fov)
        distance = self._direction.distance or distance_to_see(box, pose, picture.size, picture.aspect)
        return pose._replace(position=pose.look_at + distance * (pose.position - pose.look_at))


class _CarriedPath:
    """Moves along with the smoothed base over the ground."""

    def __init__(self, base: SmoothBase, pose: CameraPose) -> None:
        self._base, self._pose = base, pose

    def at(self, frame: Frame, episode: Episode) -> CameraPose:
        origin = self._base.in_episode(frame.position, episode).position * (1.0, 1.0, 0.0)
        return self._pose._replace(position=origin + self._pose.position, look_at=origin + self._pose.look_at)


class _StillPath:
    """Stays where it is."""

    def __init__(self, pose: CameraPose) -> None:
        self._pose = pose

    def at(self, frame: Frame, episode: Episode) -> CameraPose:
        return self._pose
