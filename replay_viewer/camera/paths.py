"""Camera paths: from what a user asks for to the camera at each moment of a film."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..errors import UnknownName
from ..view_names import ALL, check_camera
from .bases import EnvBases, TakeBases
from .outline import Outline
from .presets import (
    FOV,
    CameraPose,
    look_from,
    preset_direction,
    preset_named,
    viewing_distance,
)
from .smooth_base import SmoothBase

if TYPE_CHECKING:
    from ..replay.frames import Frame
    from ..replay.world import World
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


@dataclass(frozen=True)
class KeepAll:
    """A camera in a fixed direction from the middle of all takes, that goes along with them, and back as they part.

    Attributes:
        azimuth_degrees: as of an `Orbit`, of the one that leads; from the world's x axis with `in_world`.
        elevation_degrees: above their middle.
        nearest: how near to it the camera comes [m]; None so that a single robot fills half of the picture.
        in_world: whether the direction does not depend on where the lead heads.
    """

    azimuth_degrees: float = -150.0
    elevation_degrees: float = 25.0
    nearest: float | None = None
    in_world: bool = False


# What may be asked for: a name, one of the cameras above, or a path of one's own.
Camera = str | Orbit | Free | Carried | KeepAll | CameraPath


def camera_path(
    camera: Camera | None, world: World, *, entity: str | None = None, aspect: float, fov: float | None = None
) -> CameraPath:
    """The path of a camera over a world. Of several envs in one picture it sees them all.

    Args:
        camera: "all" keeps all takes in view, see `KeepAll`. "follow", or "behind", turns with the lead's robot; "top",
            "side" and "front" keep the direction that it had at the episode's first step, and all of these move along
            with its smoothed base. None for "all" where there are several takes, else for "follow".
        world: what is filmed.
        entity: whom of the lead to look at; None for the first robot.
        aspect: width of the picture over its height.
        fov: vertical, in radians; None for 45 degrees, or what a given pose has.

    Raises:
        UnknownName: if there is no such preset or no such entity.
    """
    if camera is None:
        camera = ALL if world.others else "follow"
    if isinstance(camera, str):
        check_camera(camera)
        camera = KeepAll() if camera.lower() == ALL else camera
    if not isinstance(camera, (str, Orbit, Free, Carried, KeepAll)):
        return camera
    if isinstance(camera, Free):
        return _StillPath(_with_fov(camera.pose, fov))
    replay = world.lead.replay
    entities = tuple(replay.rollout.entities)
    name = entities[0] if entity is None else entity
    if name not in entities:
        raise UnknownName("entity", name, entities)
    size = replay.robots[name].radius
    base = SmoothBase(replay.rollout, name, size)
    if isinstance(camera, Carried):
        return _CarriedPath(base, _with_fov(camera.pose, fov))
    picture, control_dt = _Picture(size, aspect, FOV if fov is None else fov), replay.rollout.control_dt
    if isinstance(camera, KeepAll):
        return _KeepAllPath(Outline(TakeBases(world), control_dt), camera, picture)
    outline = Outline(EnvBases(replay.rollout, name, size), control_dt)
    return _OrbitPath(base, outline, _direction(camera), picture)


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
        picture, direction = self._picture, self._direction
        azimuth = self._outline.heading(episode.first_step, frame.envs) + direction.azimuth
        pose = self._outline.seen_from(
            azimuth,
            direction.elevation,
            frame.position,
            frame.envs,
            episode,
            aspect=picture.aspect,
            fov=picture.fov,
        )
        if not direction.distance:
            return pose
        return look_from(azimuth, direction.elevation, pose.look_at, direction.distance, picture.fov)


class _KeepAllPath:
    """See KeepAll."""

    def __init__(self, outline: Outline, camera: KeepAll, picture: _Picture) -> None:
        self._outline, self._picture = outline, picture
        self._azimuth, self._elevation = math.radians(camera.azimuth_degrees), math.radians(camera.elevation_degrees)
        usual = viewing_distance(picture.size, picture.aspect, picture.fov)
        self._nearest, self._in_world = usual if camera.nearest is None else camera.nearest, camera.in_world

    def at(self, frame: Frame, episode: Episode) -> CameraPose:
        outline, picture = self._outline, self._picture
        ahead = 0.0 if self._in_world else outline.heading(episode.first_step, frame.envs)
        return outline.seen_from(
            ahead + self._azimuth,
            self._elevation,
            frame.position,
            frame.envs,
            episode,
            aspect=picture.aspect,
            fov=picture.fov,
            nearest=self._nearest,
        )


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
