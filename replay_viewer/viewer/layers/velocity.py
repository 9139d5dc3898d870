"""Commanded against actual velocity: arrows above each robot, and arcs for the rate of turning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import trimesh
import viser

from ...cameras import heading_vectors
from ...rotations import to_matrix
from ...step_values import StepValues, samples
from ..scene import WORLD
from ..server import move_node
from .arrows import Arrows
from .layer import Overlay, Rgb, css

if TYPE_CHECKING:
    from ...frames import Frame
    from ...replay import Replay
    from ...robot import Robot
    from ...rollout import Rollout

# As Isaac Lab draws them.
_COMMANDED, _ACTUAL = (22, 163, 74), (37, 99, 235)
# A command is a velocity of the base where it has so many numbers: forward, left, turn, and maybe a heading.
_COMMAND_SIZES = (2, 3, 4)
# The fastest that is usual in a recording is drawn as an arrow of so many radii of the robot; below this speed [m/s]
# nothing is taken for usual.
_LENGTH, _LEAST_SPEED = 1.3, 0.5
# Where the velocity is not recorded, it is that of the base over so long a time to each side [s].
_HALF_WINDOW = 0.06
_SAMPLED_STEPS, _SAMPLED_ENVS = 256, 16
# Such a percentile of all speeds: resets, which look like jumps where only positions are recorded, stay above it.
_USUAL = 80
# An arc is the turn of so many seconds, with a gap left before it would close.
_TURN_SECONDS, _MOST_TURN, _LEAST_TURN = 1.0, 5.5, 0.08
_ARC_POINTS = 25


class Velocity(Overlay):
    """Two arrows and two arcs above each robot."""

    name = "velocity"
    title = "Velocity"
    hint = "Commanded and actual velocity, and rate of turning"

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        names = [robot.name for robot in replay.rollout.robots]
        self._command = _velocity_command(replay)
        self._replay = replay
        self._movers = [_Mover(replay, name, agent, self._command) for agent, name in enumerate(names)]
        if not names:
            self.lack = "needs a robot: this recording has objects only"

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        commanded = "commanded" if self._command else _command_lack(self._replay)
        recorded = all(mover.is_recorded for mover in self._movers)
        return (
            (css(_COMMANDED), commanded),
            (css(_ACTUAL), "actual" if recorded else "actual, from the base's positions"),
            ("", "; ".join(dict.fromkeys(f"1 m/s is {mover.scale:.2g} m long" for mover in self._movers))),
        )

    def setup(self, server: viser.ViserServer) -> None:
        for mover in self._movers:
            self._roots.append(mover.setup(server))

    def show(self, frame: Frame) -> None:
        for mover in self._movers:
            mover.show(frame)


class _Mover:
    """The arrows of one robot.

    Attributes:
        scale: how long [m] 1 m/s is drawn, once set up.
    """

    def __init__(self, replay: Replay, entity: str, agent: int, command: str | None) -> None:
        """agent: which robot it is, where a command has one for each."""
        self._replay, self._entity, self._agent = replay, entity, agent
        self._command = None if command is None else StepValues(replay.rollout, command)
        self._lin_vel = _values(replay, f"{entity}.base_lin_vel")
        self._ang_vel = _values(replay, f"{entity}.base_ang_vel")
        self._size = replay.robots[entity].radius

    @property
    def is_recorded(self) -> bool:
        """Whether the actual velocity is recorded."""
        return self._lin_vel is not None

    def setup(self, server: viser.ViserServer) -> viser.FrameHandle:
        """Add the node that stays above the robot, with the arrows below it."""
        node = f"{WORLD}/overlays/velocity/{self._entity}"
        self._node = server.scene.add_frame(node, show_axes=False)
        self._height = _top(self._replay.robots[self._entity]) + 0.12 * self._size
        self.scale = _LENGTH * self._size / self._usual_speed()
        self._arrows = [Arrows(server, f"{node}/{i}", color, self._size) for i, color in enumerate(_COLORS)]
        self._arcs = [_Arc(server, f"{node}/arc{i}", color, self._size, i) for i, color in enumerate(_COLORS)]
        return self._node

    def show(self, frame: Frame) -> None:
        """Bring the arrows to a frame."""
        poses = frame.entities[self._entity]
        position = poses.base_pos[0] + (0, 0, self._height)
        move_node(self._node, position.tolist(), [1.0, 0.0, 0.0, 0.0])
        vector = heading_vectors(poses.base_wxyz[0])
        heading = float(np.arctan2(vector[1], vector[0]))
        levels = (0.1 * self._size, 0.0)  # One above the other, so that equal ones are both seen.
        both = (self._commanded(frame, heading), self._actual(frame))
        for (velocity, turn), arrows, arc, level in zip(both, self._arrows, self._arcs, levels, strict=True):
            arrows.show(np.array([[0, 0, level]]), np.array([[*velocity, 0.0]]) * self.scale)
            arc.show(turn, heading, level)

    def _commanded(self, frame: Frame, heading: float) -> tuple[np.ndarray, float]:
        """Velocity (2,) [m/s] in the world and rate of turning [rad/s] that are commanded; zero where nothing is."""
        if self._command is None:
            return np.zeros(2), 0.0
        value = self._command.at(frame.position, frame.envs[0])
        forward, left, *turn = value if value.ndim == 1 else value[self._agent]
        cosine, sine = np.cos(heading), np.sin(heading)
        return np.array([cosine * forward - sine * left, sine * forward + cosine * left]), turn[0] if turn else 0.0

    def _actual(self, frame: Frame) -> tuple[np.ndarray, float]:
        """Velocity (2,) [m/s] and rate of turning [rad/s] of the base, level in the world."""
        turn = 0.0 if self._ang_vel is None else self._ang_vel.at(frame.position, frame.envs[0])[2]
        if self._lin_vel is None:
            return self._derived(frame), turn
        return self._lin_vel.at(frame.position, frame.envs[0])[:2], turn

    def _derived(self, frame: Frame) -> np.ndarray:
        """Velocity (2,) [m/s] from the base's positions around the frame, within the episode."""
        rollout, env = self._replay.rollout, frame.envs[0]
        episode = rollout.episode_at(env, int(frame.position))
        reach = max(1, round(_HALF_WINDOW / rollout.control_dt))
        first = max(int(frame.position) - reach, episode.first_step)
        last = min(int(frame.position) + reach, episode.last_step)
        if first == last:
            return np.zeros(2)
        track = self._replay.frames.link_positions(self._entity, [0], range(first, last + 1), env)[:, 0, :2]
        return (track[-1] - track[0]) / ((last - first) * rollout.control_dt)

    def _usual_speed(self) -> float:
        """The fastest that is usual [m/s]."""
        rollout = self._replay.rollout
        velocities = [_sampled_velocities(rollout, self._entity)]
        if self._command is not None:
            velocities.append(samples(rollout, "command")[..., :2])
        speeds = [float(np.percentile(np.linalg.norm(v, axis=-1), _USUAL)) for v in velocities if v.size]
        return max([_LEAST_SPEED, *speeds])


def _sampled_velocities(rollout: Rollout, entity: str) -> np.ndarray:
    """Level velocities (S, E, 2) [m/s] of an entity as recorded, else those of its first steps."""
    if f"{entity}.base_lin_vel" in rollout.fields:
        return samples(rollout, f"{entity}.base_lin_vel")[..., :2]
    envs = range(min(rollout.num_envs, _SAMPLED_ENVS))
    base_pos = rollout.read(f"{entity}.base_pos", slice(0, _SAMPLED_STEPS), envs)[..., :2].astype(np.float64)
    return np.nan_to_num(np.diff(base_pos, axis=0), posinf=0.0, neginf=0.0) / rollout.control_dt


_COLORS: tuple[Rgb, Rgb] = (_COMMANDED, _ACTUAL)


class _Arc:
    """A curved arrow about the vertical axis, from the heading to where it will be. index: the inner or the outer."""

    def __init__(self, server: viser.ViserServer, name: str, color: Rgb, size: float, index: int) -> None:
        self._radius = (0.62 - 0.12 * index) * size
        self._barb = 0.09 * size
        self._handle = server.scene.add_line_segments(
            name, np.zeros((1, 2, 3), np.float32), color, thickness=0.028 * size, visible=False
        )

    def show(self, rate: float, heading: float, level: float) -> None:
        """The turn at a rate [rad/s] from a heading [rad], at a height [m]; none where it hardly turns."""
        turn = float(np.clip(rate * _TURN_SECONDS, -_MOST_TURN, _MOST_TURN))
        visible = abs(turn) > _LEAST_TURN
        if visible:
            self._handle.points = arc_segments(self._radius, heading, turn, level, self._barb)
        if self._handle.visible != visible:
            self._handle.visible = visible


def arc_segments(radius: float, start: float, turn: float, level: float, barb: float) -> np.ndarray:
    """Segments (S, 2, 3) of an arc about the z axis, with the two barbs of an arrow at its end."""
    angles = start + np.linspace(0, turn, _ARC_POINTS)
    points = np.stack([radius * np.cos(angles), radius * np.sin(angles), np.full_like(angles, level)], axis=-1)
    along = np.sign(turn) * np.array([-np.sin(angles[-1]), np.cos(angles[-1]), 0.0])
    outwards = np.array([np.cos(angles[-1]), np.sin(angles[-1]), 0.0])
    ends = [points[-1] - barb * (along + side * outwards) for side in (0.7, -0.7)]
    barbs = [np.stack([points[-1], end]) for end in ends]
    return np.concatenate([np.stack([points[:-1], points[1:]], axis=1), np.stack(barbs)]).astype(np.float32)


def _velocity_command(replay: Replay) -> str | None:
    """The field of commands, if there is one and its numbers can be a velocity."""
    if "command" not in replay.rollout.fields:
        return None
    *agents, size = replay.rollout.fields["command"].shape or (0,)
    fits = size in _COMMAND_SIZES and (not agents or (len(agents) == 1 and agents[0] >= len(replay.rollout.robots)))
    return "command" if fits else None


def _command_lack(replay: Replay) -> str:
    if "command" in replay.rollout.fields:
        shape = replay.rollout.fields["command"].shape
        return f"no commanded velocity: `command` has the shape {shape}, not (3,) for forward, left and turn"
    return "needs commands: the recorder writes them as `command`"


def _values(replay: Replay, field: str) -> StepValues | None:
    return StepValues(replay.rollout, field) if field in replay.rollout.fields else None


def _top(robot: Robot) -> float:
    """Height [m] of what is drawn of a robot above its base, in the zero pose."""
    positions, wxyz = robot.forward_kinematics(np.zeros(robot.num_joints))
    rows = to_matrix(wxyz)[:, 2]
    heights = [0.0]
    for visual in robot.visuals:
        corners = trimesh.bounds.corners(visual.mesh.bounds) @ visual.origin[:3, :3].T + visual.origin[:3, 3]
        heights.append(float((corners @ rows[visual.link]).max() + positions[visual.link, 2]))
    return max(heights)
