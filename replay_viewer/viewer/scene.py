"""The drawn world: ground or terrain, light and robots, as nodes of the page that `Scene.show` moves to frames.

Only handles: nothing here decides what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import viser

from ..rollout.rollout import Terrain
from ..theme import FLOOR_COLORS, GROUND, TERRAIN, TERRAIN_LINES, WORLD
from .ghosts import Ghost, move_links
from .wire.server import move_node, unplaced

if TYPE_CHECKING:
    import trimesh

    from ..replay.frames import Frame
    from ..replay.world import World
    from ..robot import Robot

# Carries the position in steps to the page, in the same message batch as the poses that belong to it.
PLAYHEAD = "/playhead"

_UNTURNED = [1.0, 0.0, 0.0, 0.0]
# Spacings [m] to choose from; of a large terrain the finest that does not take more segments than this is drawn.
_SPACINGS = (0.5, 1.0, 2.0, 5.0, 10.0)
_MAX_SEGMENTS = 60_000
# So far above the triangles [m], so that neither hides the other.
_LIFT = 0.008


class Scene:
    """Ground or terrain and light, one node per link and entity of the lead, and the ghosts of the others.

    All are below a world frame. The ground is the lead's; the others stand on it where they were recorded.
    The world moves instead of the cameras: with its origin kept at the robot, every browser's own orbit stays what it
    is, and coordinates stay small however far the robot walks.
    """

    def __init__(self, server: viser.ViserServer, world: World, *, shadows: bool = True) -> None:
        self._world = unplaced(server.scene.add_frame(WORLD, show_axes=False))
        self._playhead = unplaced(server.scene.add_frame(PLAYHEAD, show_axes=False))
        server.scene.configure_default_lights(cast_shadow=shadows)
        _add_light(server)
        lead = world.lead.replay
        _add_floor(server, lead.rollout.terrain)
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


def _add_light(server: viser.ViserServer) -> None:
    server.scene.configure_environment_map("city", environment_intensity=0.55)


def _add_floor(server: viser.ViserServer, terrain: Terrain | None) -> None:
    """Ground or terrain in its light colours; pages that are dark change them."""
    colors = FLOOR_COLORS["light"]
    if terrain is None:
        server.scene.add_grid(
            GROUND,
            infinite_grid=True,
            cell_size=0.5,
            section_size=2.0,
            cell_thickness=0.6,
            section_thickness=0.9,
            plane_opacity=1.0,
            shadow_opacity=0.35,
            fade_distance=40.0,
            plane_color=colors[GROUND]["plane_color"],
            cell_color=colors[GROUND]["cell_color"],
            section_color=colors[GROUND]["section_color"],
        )
        return
    server.scene.add_mesh_simple(
        TERRAIN,
        vertices=terrain.vertices.astype(np.float32),
        faces=terrain.triangles.astype(np.uint32),
        flat_shading=True,
        cast_shadow=False,
        color=colors[TERRAIN]["color"],
    )
    lines = grid_lines(terrain).astype(np.float32)
    if len(lines):
        server.scene.add_line_segments(TERRAIN_LINES, lines, colors[TERRAIN_LINES]["colors"], thickness=0.012)


def grid_lines(terrain: Terrain) -> np.ndarray:
    """Lines on a terrain, by which one sees how fast and where a robot walks.

    Segments (S, 2, 3) [m] in which planes of constant x and y, a round distance apart, cut the triangles.

    Empty for a terrain of which even the widest grid has too many.
    """
    corners = terrain.vertices[terrain.triangles].astype(np.float64)
    for spacing in _SPACINGS:
        if sum(int(_counts(corners[..., axis] / spacing)[1].sum()) for axis in (0, 1)) <= _MAX_SEGMENTS:
            return np.concatenate([_cuts(corners, axis, spacing) for axis in (0, 1)])
    return np.zeros((0, 2, 3))


def _counts(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first whole number from the lowest of each triangle's corners (F, 3) on, and how many up to the highest."""
    first = np.ceil(places.min(axis=1))
    return first, (np.ceil(places.max(axis=1)) - first).astype(np.int64)


def _cuts(corners: np.ndarray, axis: int, spacing: float) -> np.ndarray:
    """Segments (S, 2, 3) in which triangles (F, 3, 3) meet the planes across an axis."""
    first, counts = _counts(corners[..., axis] / spacing)
    triangle = np.repeat(np.arange(len(corners)), counts)
    nth = np.arange(len(triangle)) - np.repeat(np.cumsum(counts) - counts, counts)
    a = corners[triangle]
    b = np.roll(a, -1, axis=1)
    plane = ((first[triangle] + nth) * spacing)[:, None]
    before, after = a[..., axis] - plane, b[..., axis] - plane
    # Of the three edges exactly two lead from one side to the other; a corner in the plane counts to its lower side.
    crosses = (before <= 0) != (after <= 0)
    share = np.divide(before, before - after, out=np.zeros_like(before), where=crosses)
    points = a + share[..., None] * (b - a)
    points[..., 2] += _LIFT
    segments = points[crosses].reshape(-1, 2, 3)
    return segments[(segments[:, 0] != segments[:, 1]).any(axis=1)]  # Not where only a corner meets the plane.
