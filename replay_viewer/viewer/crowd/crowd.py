"""The drawn crowd: one node for each link's mesh, with an instance for each env, and a mark above the env watched."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import viser

from ...theme import LIGHT
from ..scene import WORLD
from ..session import Session
from ..settings import CrowdChoice
from ..wire.server import move_node
from .coloring import Coloring
from .picking import first_hit
from .state import ColorBy, CrowdState

# Kinematics and meshes take a second to import, and the page is served before them.
if TYPE_CHECKING:
    from ...replay.frames import Frame, FrameCache
    from ...robot import Robot
    from .meshes import Bodies, LinkMesh

# The node that all others of the crowd are below.
CROWD = f"{WORLD}/crowd"

# Instances whose poses a browser takes at 60 frames a second; of more, every second frame is sent, every third, ...
# 1024 robots of 13 links are just within it.
_PER_FRAME = 14_000
# So many of the others are looked at when the crowd comes.
_NEAREST = 12
# Colours change so many times more seldom than poses.
_PAINT_STRIDE = 6
# The mark over the robot: how high [its radii], how large.
_MARK_HEIGHT, _MARK_SIZE = 0.9, 0.13
_UPRIGHT = [1.0, 0.0, 0.0, 0.0]


class _Moment(NamedTuple):
    """What is drawn: a position in steps, of the envs around one, in some kind of colours."""

    position: float
    env_index: int
    color_by: ColorBy


class Crowd:
    """The envs around the one that is watched, drawn while `state.is_on`.

    Instances are moved in world coordinates below the world's node, which follows the watched robot.

    Attributes:
        state: what is shown.
    """

    def __init__(self, server: viser.ViserServer, session: Session, kept: CrowdChoice | None = None) -> None:
        """kept: how it was shown before; kept up to date."""
        self.state = CrowdState(session, kept)
        self._server, self._session = server, session
        self._frames: FrameCache | None = None
        self._num_steps = session.replay.rollout.num_steps
        self._meshes: dict[Robot, list[LinkMesh]] = {}
        self._bodies: dict[str, Bodies] = {}
        self._root: viser.FrameHandle | None = None
        self._mark: viser.MeshHandle | None = None
        self._moved: _Moment | None = None
        self._painted: tuple[int, Coloring | None] | None = None
        self._since_moved = self._since_painted = 0  # In frames.
        self._drawn: Frame | None = None

    @property
    def is_coming(self) -> bool:
        """Whether the next `show` brings it to the page, which may take a second."""
        return self.state.is_on and not self._bodies

    def show(self) -> None:
        """Draw the crowd at the session's position, or nothing of it. Of a large crowd not every frame is drawn."""
        if not self.state.is_on:
            self.close()
            return
        if not self._bodies:
            self._build()
        self._move_mark()
        wanted = _Moment(self._session.player.position, self._session.env_index, self.state.color_by)
        is_urgent = self._moved is None or wanted[1:] != self._moved[1:] or not self._session.animating
        self._since_moved, self._since_painted = self._since_moved + 1, self._since_painted + 1
        if wanted != self._moved and (is_urgent or self._since_moved >= self._stride):
            self._moved, self._since_moved = wanted, 0
            self._move()
        if is_urgent or self._since_painted >= _PAINT_STRIDE * self._stride:
            self._since_painted = 0
            self._paint()

    def nearest(self) -> np.ndarray:
        """Where those envs are drawn that are nearest to the one watched, (K, 3) [m] in the world."""
        places = self.places()
        if not len(places):
            return places
        first = next(iter(self._bodies))
        distances = np.linalg.norm(places - self._session.frame.entities[first].base_pos[0], axis=1)
        return places[np.argsort(distances, kind="stable")[:_NEAREST]]

    def places(self) -> np.ndarray:
        """Where the other envs are drawn, (N, 3) [m] in the world; none while they are not."""
        if self._drawn is None:
            return np.zeros((0, 3))
        first = next(iter(self._bodies))
        return self._drawn.entities[first].base_pos[self.state.others] + self.state.offsets[self.state.others]

    def pick(self, origin: np.ndarray, direction: np.ndarray) -> int | None:
        """The env, a position in the recording, whose robot a ray hits first: (3,) [m] in the world and (3,)."""
        if self._drawn is None:
            return None
        hits = []
        for name, bodies in self._bodies.items():
            poses = self._drawn.entities[name]
            placed = poses.link_positions + self.state.offsets[:, None]
            hits.append(first_hit(origin, direction, placed, poses.link_wxyz, bodies.boxes))
        nearest = min(filter(None, hits), key=lambda hit: hit[1], default=None)
        return None if nearest is None else self.state.envs[nearest[0]]

    def close(self) -> None:
        """Take it off the page; it comes back with the next `show`."""
        if self._root is not None:
            self._root.remove()  # With all that is below it.
        self._root, self._mark, self._bodies = None, None, {}
        self._moved, self._painted, self._drawn = None, None, None

    # -- drawing --------------------------------------------------------------

    @property
    def _stride(self) -> int:
        """Poses are sent with every so many frames."""
        instances = sum(bodies.num_handles for bodies in self._bodies.values()) * len(self.state.envs)
        return stride(instances)

    def _build(self) -> None:
        from .meshes import Bodies

        self._root = self._server.scene.add_frame(CROWD, show_axes=False)
        for name, robot in self._session.replay.robots.items():
            meshes, count = self._meshes_of(robot), len(self.state.envs)
            self._bodies[name] = Bodies(self._server, f"{CROWD}/{name}", robot, meshes, count)
        self._mark = _add_mark(self._server, self._session.size)

    def _meshes_of(self, robot: Robot) -> list[LinkMesh]:
        """Made once: it takes a while, and entities of one description share them."""
        from .meshes import link_meshes

        if robot not in self._meshes:
            self._meshes[robot] = link_meshes(robot, len(self.state.envs))
        return self._meshes[robot]

    def _move(self) -> None:
        frame = self._drawn = self._frame()
        others, offsets = self.state.others, self.state.offsets
        for name, bodies in self._bodies.items():
            poses = frame.entities[name]
            positions = poses.link_positions[others] + offsets[others, None]
            bodies.move(positions, poses.link_wxyz[others])

    def _move_mark(self) -> None:
        """Keep it above the first robot of the env that is watched."""
        assert self._mark is not None
        x, y, z = self._session.frame.entities[next(iter(self._bodies))].base_pos[0].tolist()
        move_node(self._mark, [x, y, z + _MARK_HEIGHT * self._session.size], _UPRIGHT)

    def _frame(self) -> Frame:
        """All envs at the position; of a large crowd, whose frames are some time apart, at the step before it."""
        replay, position = self._session.replay, self._session.player.position
        if self._frames is None:
            from ...replay.frames import FrameCache

            self._frames = FrameCache(replay.rollout, replay.robots, bodies_only=True)
        if replay.rollout.num_steps != self._num_steps:
            self._frames.forget_from(self._num_steps - 1)
            self._num_steps = replay.rollout.num_steps
        return self._frames.frame_at(position if self._stride == 1 else int(position), self.state.envs)

    def _paint(self) -> None:
        """Give the robots and the mark their colours, if they have others."""
        watched, coloring = self._session.env_index, self.state.coloring
        if self._painted == (watched, coloring):
            return
        self._painted = (watched, coloring)
        others = self.state.others
        for bodies in self._bodies.values():
            bodies.paint(None if coloring is None else coloring.colors[others])
        if coloring is not None and watched < len(coloring.colors):
            color = 255 * coloring.colors[watched]
        else:
            color = np.array(LIGHT.accent)
        assert self._mark is not None
        self._mark.color = tuple(np.round(color).astype(int).tolist())


def stride(num_instances: int) -> int:
    """With every so many frames the poses of so many instances are sent."""
    return max(1, math.ceil(num_instances / _PER_FRAME))


def _add_mark(server: viser.ViserServer, size: float) -> Any:
    """A small pin that points down at the robot of the env that is watched."""
    half = _MARK_SIZE * size
    vertices = half * np.array([[0, 0, 0], [1, 0, 2], [0, 1, 2], [-1, 0, 2], [0, -1, 2]], np.float32)
    faces = np.array([[0, 2, 1], [0, 3, 2], [0, 4, 3], [0, 1, 4], [1, 2, 3], [1, 3, 4]], np.uint32)
    return server.scene.add_mesh_simple(
        f"{CROWD}/mark", vertices=vertices, faces=faces, flat_shading=True, cast_shadow=False
    )
