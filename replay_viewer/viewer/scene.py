"""The drawn world: ground or terrain, light and robots, as nodes of the page that `Scene.show` moves to frames.

Only handles: nothing here decides what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import viser

from ..theme import WORLD
from .ghosts import Ghost, move_links
from .land import Land, add_lights
from .wire.server import move_node, unplaced

if TYPE_CHECKING:
    import trimesh

    from ..replay.frames import Frame
    from ..replay.world import World
    from ..robot import Robot

# Carries the position in steps to the page, in the same message batch as the poses that belong to it.
PLAYHEAD = "/playhead"

_UNTURNED = [1.0, 0.0, 0.0, 0.0]


class Scene:
    """Ground or terrain and light, one node per link and entity of the lead, and the ghosts of the others.

    All are below a world frame. The ground is the lead's; the others stand on it where they were recorded.
    The world moves instead of the cameras: with its origin kept at the robot, every browser's own orbit stays what it
    is, and coordinates stay small however far the robot walks.
    """

    def __init__(self, server: viser.ViserServer, world: World, *, shadows: bool = True) -> None:
        self._world = unplaced(server.scene.add_frame(WORLD, show_axes=False))
        self._playhead = unplaced(server.scene.add_frame(PLAYHEAD, show_axes=False))
        add_lights(server.scene, shadows=shadows)
        lead = world.lead.replay
        self._land = Land(server.scene, lead.rollout.terrain)
        self._links = {name: _add_robot(server, name, robot) for name, robot in lead.robots.items()}
        self._ghosts = [Ghost(server, take) for take in world.others]
        self.arrange(world)

    def arrange(self, world: World) -> None:
        """Put the others where they stand in the world's mode."""
        for ghost, offset in zip(self._ghosts, world.offsets, strict=True):
            ghost.place(offset, is_solid=world.mode == "side")

    def show(self, frame: Frame, origin: np.ndarray, beside: Sequence[Frame] = ()) -> None:
        """Draw a frame of one env of the lead, and one of each of the others.

        origin: the world point (3,) [m] at the middle of the page's space.
        """
        move_node(self._world, (-origin).tolist(), _UNTURNED)
        self._land.keep_below(origin)
        move_node(self._playhead, [frame.position, 0.0, 0.0], _UNTURNED)
        for name, links in self._links.items():
            move_links(links, frame, name)
        for ghost, other in zip(self._ghosts, beside, strict=True):
            ghost.show(other)

    @property
    def nodes(self) -> dict[str, dict[int, str]]:
        """The names of the lead's nodes, by entity and by index of the link."""
        return {name: {link: handle.name for link, handle in links.items()} for name, links in self._links.items()}

    def close(self) -> None:
        """Take everything out of the scene but the light."""
        self._world.remove()
        self._playhead.remove()


def link_node(entity: str, link: str) -> str:
    """The name of a link's node; what hangs on it moves with the link."""
    return f"{WORLD}/{entity}/{link}"


def _add_robot(server: viser.ViserServer, name: str, robot: Robot) -> dict[int, Any]:
    """One node per link that moves or has something to draw, flat below the world: link index -> handle."""
    handles = {}
    for link, link_name in enumerate(robot.link_names):
        mesh = robot.link_mesh(link)
        if mesh is not None:
            handles[link] = server.scene.add_glb(link_node(name, link_name), _glb(mesh))
        elif link < robot.num_bodies:
            handles[link] = server.scene.add_frame(link_node(name, link_name), show_axes=False)
    return {link: unplaced(handle) for link, handle in handles.items()}


def _glb(mesh: trimesh.Scene) -> bytes:
    data = mesh.export(file_type="glb")
    assert isinstance(data, bytes)
    return data
