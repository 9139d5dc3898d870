"""Layers that hang on the robots' links: coordinate frames with the joints' axes, and collision shapes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..rotations import conjugate, multiply, rotate
from .layer import BuiltinLayer, Meaning
from .places import Link
from .shapes import AXIS_COLORS, Arrows, Axes, Mesh, Shape
from .skin import skin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..replay.frames import Frame
    from ..replay.replay import Replay
    from ..robot import Robot

_JOINT_COLOR = (217, 70, 239)
# Length of an axis, of a robot's radius.
_AXIS = 0.22
_COLLISION_COLOR, _COLLISION_OPACITY = (6, 182, 212), 0.6


class LinkFrames(BuiltinLayer):
    """Shapes that hang on the links, and so cost nothing while they move."""

    name = "frames"
    title = "Frames and joint axes"
    hint = "Each link's coordinates, each joint's axis"

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._replay = replay

    @property
    def legend(self) -> tuple[Meaning, ...]:
        axes = (Meaning((color,), name) for color, name in zip(AXIS_COLORS, "xyz", strict=True))
        return (*axes, Meaning((_JOINT_COLOR,), "axis of the joint before the link"))

    @cached_property
    def _shapes(self) -> tuple[Shape, ...]:
        robots = self._replay.robots.items()
        return tuple(
            shape for name, robot in robots for body in range(robot.num_bodies) for shape in _frames(name, robot, body)
        )

    def shapes(self, frame: Frame) -> tuple[Shape, ...]:
        return self._shapes


def _frames(entity: str, robot: Robot, body: int) -> Iterator[Shape]:
    """The frames of a moving link and of those fixed to it, and the axis that it moves about or along."""
    place, length = Link(entity, robot.link_names[body]), _AXIS * robot.radius
    positions, wxyz = poses_on(robot, body)
    yield Axes(positions, wxyz, length, place=place)
    if body:
        axis = robot.joints[body - 1].axis * length * 1.3
        yield Arrows(-axis[None], 2 * axis[None], _JOINT_COLOR, 0.035 * length, place, 0.09 * length, 0.25 * length)


def poses_on(robot: Robot, body: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions (K, 3) [m] and rotations (K, 4), on a moving link, of itself and of all links fixed to it."""
    links = [link for link in range(robot.num_links) if robot.body_of(link) == body]
    positions, wxyz = robot.forward_kinematics(np.zeros(robot.num_joints))
    back = conjugate(wxyz[body])
    return rotate(back, positions[links] - positions[body]), multiply(back, wxyz[links])


def pose_on_body(robot: Robot, link: int) -> tuple[np.ndarray, np.ndarray]:
    """Position (3,) [m] and rotation (4,) of a link on the moving link that it is fixed to."""
    positions, wxyz = robot.forward_kinematics(np.zeros(robot.num_joints))
    body = robot.body_of(link)
    back = conjugate(wxyz[body])
    return rotate(back, positions[link] - positions[body]), multiply(back, wxyz[link])


class CollisionShapes(BuiltinLayer):
    """Shapes that hang on the links, and so cost nothing while they move."""

    name = "collisions"
    title = "Collision shapes"
    hint = "What the URDF lets the simulator collide"

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._robots = {name: robot for name, robot in replay.robots.items() if robot.has_collisions}
        if not self._robots:
            described = any(robot.path for robot in replay.robots.values())
            missing = "the URDF has no collision shapes" if described else "needs a URDF: give one with --urdf"
            self.lack = missing

    @property
    def legend(self) -> tuple[Meaning, ...]:
        return (Meaning((_COLLISION_COLOR,), "collision shape"),)

    @cached_property
    def _shapes(self) -> tuple[Mesh, ...]:
        shown = ((name, robot.collisions) for name, robot in self._robots.items())
        return tuple(mesh for name, robot in shown if robot is not None for mesh in _collision_meshes(name, robot))

    def shapes(self, frame: Frame) -> tuple[Mesh, ...]:
        return self._shapes


def _collision_meshes(entity: str, robot: Robot) -> Iterator[Mesh]:
    """A mesh for each link of a robot whose visuals are its collision shapes."""
    for link in sorted({visual.link for visual in robot.visuals}):
        mesh = skin([visual for visual in robot.visuals if visual.link == link], 0.001 * robot.radius)
        place = Link(entity, robot.link_names[link])
        yield Mesh(mesh.vertices, mesh.faces, _COLLISION_COLOR, _COLLISION_OPACITY, place)
