"""Ghosts: the takes beside the lead, each in one colour, by which they are told apart.

Only handles: nothing here decides what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import viser

from ..theme import TAKE_OPACITY, WORLD, Rgb
from .wire.server import move_node, unplaced

# Kinematics and meshes take a second to import, and most worlds have one take.
if TYPE_CHECKING:
    from ..replay.frames import Frame
    from ..replay.take import Take
    from ..robot import Robot, Visual

# Details smaller than one in so many along the robot are left out: G1 keeps a third of its triangles.
_DETAILS = 200


class Ghost:
    """One take: a node for each of its links, in its recording's coordinates below a node that places it.

    viser's GLB meshes have no opacity, so its links are drawn as plain meshes.
    """

    def __init__(self, server: viser.ViserServer, take: Take) -> None:
        self._stand = server.scene.add_frame(take_node(take.key), show_axes=False)
        assert take.tint is not None, "whoever is beside the lead has a colour"
        self._links = {
            name: _add_robot(server, f"{take_node(take.key)}/{name}", robot, take.tint)
            for name, robot in take.replay.robots.items()
        }
        handles = [handle for links in self._links.values() for handle in links.values()]
        self._meshes = [handle for handle in handles if isinstance(handle, viser.MeshHandle)]

    def place(self, offset: np.ndarray, *, is_solid: bool) -> None:
        """Move all of it to an offset (3,) [m] from where it was recorded; what is solid hides what is behind it."""
        move_node(self._stand, offset.tolist(), [1.0, 0.0, 0.0, 0.0])
        for handle in self._meshes:
            # Ghosts are where the lead is: their shadows would fall on it, and its own hide their colours.
            handle.opacity = None if is_solid else TAKE_OPACITY
            handle.cast_shadow = handle.receive_shadow = is_solid

    def show(self, frame: Frame) -> None:
        """Draw a frame of the take."""
        for name, links in self._links.items():
            move_links(links, frame, name)


def take_node(key: str) -> str:
    """The name of the node that a take's own are below; the lead's are below the world's."""
    return f"{WORLD}/{key}" if key else WORLD


def move_links(links: dict[int, Any], frame: Frame, entity: str) -> None:
    """Put the nodes of an entity's links, by their indices, where the frame's first env has them."""
    positions = frame.entities[entity].link_positions[0].tolist()
    rotations = frame.entities[entity].link_wxyz[0].tolist()
    for link, handle in links.items():
        move_node(handle, positions[link], rotations[link])


def _add_robot(server: viser.ViserServer, name: str, robot: Robot, tint: Rgb) -> dict[int, Any]:
    """One node per link that moves or has something to draw: link index -> handle."""
    handles: dict[int, Any] = {}
    for link, link_name in enumerate(robot.link_names):
        visuals = [visual for visual in robot.visuals if visual.link == link and visual.rgba[3] > 0]
        if visuals:
            vertices, triangles = _coarse(visuals, robot.radius / _DETAILS)
            handles[link] = server.scene.add_mesh_simple(
                f"{name}/{link_name}", vertices=vertices, faces=triangles, color=tint, opacity=TAKE_OPACITY,
                flat_shading=True, cast_shadow=False, receive_shadow=False,
            )  # fmt: skip
        elif link < robot.num_bodies:
            handles[link] = server.scene.add_frame(f"{name}/{link_name}", show_axes=False)
    return {link: unplaced(handle) for link, handle in handles.items()}


def _coarse(visuals: Sequence[Visual], cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Visuals as one mesh in link coordinates, (V, 3) float32 [m] and (F, 3) uint32, without details of `cell` [m].

    All vertices in a cell of a grid become one (J. Rossignac and P. Borrel, 1993).
    """
    from ..robot.link_scene import outward_faces
    from ..robot.weld import unique_rows

    placed = [visual.mesh.vertices @ visual.origin[:3, :3].T + visual.origin[:3, 3] for visual in visuals]
    starts = np.cumsum([0, *map(len, placed[:-1])])
    triangles = np.concatenate([outward_faces(v) + start for v, start in zip(visuals, starts, strict=True)])
    vertices = np.concatenate(placed)
    first, cells = unique_rows(np.floor(vertices / cell))
    triangles = cells[triangles]
    is_flat = (triangles == np.roll(triangles, 1, axis=1)).any(axis=1)
    return vertices[first].astype(np.float32), triangles[~is_flat].astype(np.uint32)
