"""Layers that hang on the robots' links: coordinate frames with the joints' axes, and collision shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import viser

from ...rotations import conjugate, multiply, rotate
from ..scene import link_node
from .layer import BuiltinLayer, css
from .shapes import skin

if TYPE_CHECKING:
    from ...replay.replay import Replay
    from ...robot import Robot

_AXIS_COLOR = (217, 70, 239)
_COLLISION_COLOR, _COLLISION_OPACITY = (8, 145, 178), 0.45


class LinkFrames(BuiltinLayer):
    """Nodes that hang on the links' own, and so cost nothing while they move."""

    name = "frames"
    title = "Frames and joint axes"
    hint = "Each link's coordinates, each joint's axis"

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._replay = replay

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        return (
            ("#ff0000", "x"),
            ("#00c000", "y"),
            ("#0000ff", "z"),
            (css(_AXIS_COLOR), "axis of the joint before the link"),
        )

    def setup(self, server: viser.ViserServer) -> None:
        for entity, robot in self._replay.robots.items():
            for body in range(robot.num_bodies):
                self._add_frames(server, entity, robot, body)

    def _add_frames(self, server: viser.ViserServer, entity: str, robot: Robot, body: int) -> None:
        """The frames of a moving link and of those fixed to it, and the axis that it moves about or along."""
        node = link_node(entity, robot.link_names[body])
        positions, wxyz = poses_on(robot, body)
        length = 0.22 * robot.radius
        axes = server.scene.add_batched_axes(
            f"{node}/frames", wxyz, positions, axes_length=length, axes_radius=0.03 * length
        )
        self._roots.append(axes)
        if body:
            axis = robot.joints[body - 1].axis * length * 1.3
            ends = np.stack([-axis, axis])[None].astype(np.float32)
            arrow = server.scene.add_arrows(
                f"{node}/axis",
                ends,
                _AXIS_COLOR,
                shaft_radius=0.035 * length,
                head_radius=0.09 * length,
                head_length=0.25 * length,
            )
            self._roots.append(arrow)


def poses_on(robot: Robot, body: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions (K, 3) [m] and rotations (K, 4), on a moving link, of itself and of all links fixed to it."""
    links = [link for link in range(robot.num_links) if robot.body_of(link) == body]
    positions, wxyz = robot.forward_kinematics(np.zeros(robot.num_joints))
    back = conjugate(wxyz[body])
    return rotate(back, positions[links] - positions[body]), multiply(back, wxyz[links])


class CollisionShapes(BuiltinLayer):
    """Nodes that hang on the links' own, and so cost nothing while they move."""

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
    def legend(self) -> tuple[tuple[str, str], ...]:
        return ((css(_COLLISION_COLOR), "collision shape"),)

    def setup(self, server: viser.ViserServer) -> None:
        for entity, robot in self._robots.items():
            if robot.collisions is not None:
                self._add_shapes(server, entity, robot.collisions)

    def _add_shapes(self, server: viser.ViserServer, entity: str, robot: Robot) -> None:
        for link in sorted({visual.link for visual in robot.visuals}):
            mesh = skin([visual for visual in robot.visuals if visual.link == link], 0.001 * robot.radius)
            node = server.scene.add_mesh_simple(
                f"{link_node(entity, robot.link_names[link])}/collision",
                mesh.vertices.astype(np.float32),
                mesh.faces.astype(np.uint32),
                color=_COLLISION_COLOR,
                opacity=_COLLISION_OPACITY,
                flat_shading=True,
                cast_shadow=False,
                receive_shadow=False,
            )
            self._roots.append(node)
