"""What the simulator collides: the URDF's collision shapes, translucent over the robot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import viser

from ..scene import link_node
from .layer import Overlay, css
from .skin import skin

if TYPE_CHECKING:
    from ...replay.replay import Replay
    from ...robot import Robot

_COLOR = (8, 145, 178)
_OPACITY = 0.45


class CollisionShapes(Overlay):
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
        return ((css(_COLOR), "collision shape"),)

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
                color=_COLOR,
                opacity=_OPACITY,
                flat_shading=True,
                cast_shadow=False,
                receive_shadow=False,
            )
            self._roots.append(node)
