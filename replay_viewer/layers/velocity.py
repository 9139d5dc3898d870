"""Commanded against actual velocity: arrows above each robot, and arcs for the rate of turning."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import trimesh

from ..camera.presets import heading_vectors
from ..rollout.signals import is_of_base, sampled_velocities
from ..rollout.states import StepValues, samples
from ..rotations import rotate, to_matrix
from ..theme import Rgb
from .arcs import arc_segments
from .layer import BuiltinLayer, Meaning
from .places import Pose
from .shapes import Arrows, Lines, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..replay.frames import EntityPoses, Frame
    from ..replay.replay import Replay
    from ..robot import Robot

# As Isaac Lab draws them.
_COMMANDED, _ACTUAL = (22, 163, 74), (37, 99, 235)
# A command is a velocity of the base where it has so many numbers: forward, left, turn, and maybe a heading.
_COMMAND_SIZES = (2, 3, 4)
# The fastest that is usual in a recording is drawn as an arrow of so many radii of the robot; below this speed [m/s]
# nothing is taken for usual.
_LENGTH, _LEAST_SPEED = 1.3, 0.5
# Where the velocity is not recorded, it is that of the base over so long a time to each side [s].
_HALF_WINDOW = 0.06
# Such a percentile of all speeds: resets, which look like jumps where only positions are recorded, stay above it.
_USUAL = 80
_COLORS: tuple[Rgb, Rgb] = (_COMMANDED, _ACTUAL)
# Of a robot's radius: the thickness of arrows and arcs, the arcs' radii, and how far the pairs are one above the other,
# so that equal ones are both seen.
_ARROW, _ARC, _ARC_RADII, _LEVELS = 0.022, 0.014, (0.62, 0.5), (0.1, 0.0)
_BARB = 0.09


class Velocity(BuiltinLayer):
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
    def legend(self) -> tuple[Meaning, ...]:
        commanded = "commanded" if self._command else _command_lack(self._replay)
        sources = ", ".join(dict.fromkeys(mover.source for mover in self._movers if mover.source))
        return (
            Meaning((_COMMANDED,), commanded),
            Meaning((_ACTUAL,), f"actual, {sources}" if sources else "actual"),
            Meaning((), "; ".join(dict.fromkeys(f"1 m/s is {mover.scale:.2g} m long" for mover in self._movers))),
        )

    def shapes(self, frame: Frame) -> list[Shape]:
        return [shape for mover in self._movers for shape in mover.shapes(frame)]


class _Mover:
    """The arrows of one robot."""

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

    @cached_property
    def is_of_base(self) -> bool:
        """Whether it is recorded in the base's coordinates."""
        return self.is_recorded and is_of_base(self._replay.rollout, self._entity)

    @cached_property
    def scale(self) -> float:
        """How long [m] 1 m/s is drawn."""
        return _LENGTH * self._size / self._usual_speed()

    @cached_property
    def _height(self) -> float:
        """Of the lower pair above the base [m]."""
        return _top(self._replay.robots[self._entity]) + 0.12 * self._size

    @property
    def source(self) -> str:
        """What the actual velocity is taken from where it is not simply recorded."""
        if not self.is_recorded:
            return "from the base's positions"
        return "recorded in the base's coordinates" if self.is_of_base else ""

    def shapes(self, frame: Frame) -> Iterator[Shape]:
        """Two arrows and two arcs, as commanded and as it is, in the level plane of the heading."""
        poses = frame.entities[self._entity]
        forward, left = heading_vectors(poses.base_wxyz[0]).tolist()
        heading = math.atan2(left, forward)
        place = self._place(poses, heading)
        both = (self._commanded(frame), self._actual(frame, heading))
        for (ahead, sideways, turn), color, radius, level in zip(both, _COLORS, _ARC_RADII, _LEVELS, strict=True):
            height, scale, size = level * self._size, self.scale, self._size
            vector = scale * np.array([ahead, sideways, 0.0])
            yield Arrows(np.array([[0, 0, height]]), vector[None], color, _ARROW * size, place)
            yield Lines(arc_segments(radius * size, turn, height, _BARB * size), color, _ARC * size, place)

    def _place(self, poses: EntityPoses, heading: float) -> Pose:
        """Above the robot, turned as it is headed."""
        turned = np.array([math.cos(heading / 2), 0.0, 0.0, math.sin(heading / 2)])
        return Pose(poses.base_pos[0] + np.array([0, 0, self._height], np.float32), turned)

    def _commanded(self, frame: Frame) -> tuple[float, float, float]:
        """Velocity ahead and to the left [m/s] and rate of turning [rad/s] as commanded; zero where nothing is."""
        if self._command is None:
            return 0.0, 0.0, 0.0
        value = self._command.at(frame.position, frame.envs[0])
        ahead, left, *turn = (value if value.ndim == 1 else value[self._agent]).tolist()
        return ahead, left, turn[0] if turn else 0.0

    def _actual(self, frame: Frame, heading: float) -> tuple[float, float, float]:
        """The same of the base as it moves."""
        x, y = self._level_velocity(frame)
        turn = 0.0 if self._ang_vel is None else float(self._ang_vel.at(frame.position, frame.envs[0])[2])
        cosine, sine = math.cos(heading), math.sin(heading)
        return cosine * x + sine * y, cosine * y - sine * x, turn

    def _level_velocity(self, frame: Frame) -> tuple[float, float]:
        """Velocity of the base along the world's x and y [m/s]."""
        if self._lin_vel is None:
            return self._derived(frame)
        velocity = self._lin_vel.at(frame.position, frame.envs[0])
        if self.is_of_base:
            velocity = rotate(frame.entities[self._entity].base_wxyz[0], velocity)
        return velocity[0], velocity[1]

    def _derived(self, frame: Frame) -> tuple[float, float]:
        """The same from the base's positions around the frame, within the episode."""
        rollout, env = self._replay.rollout, frame.envs[0]
        episode = rollout.episode_at(env, int(frame.position))
        reach = max(1, round(_HALF_WINDOW / rollout.control_dt))
        first = max(int(frame.position) - reach, episode.first_step)
        last = min(int(frame.position) + reach, episode.last_step)
        if first == last:
            return 0.0, 0.0
        track = self._replay.frames.link_positions(self._entity, [0], range(first, last + 1), env)[:, 0, :2]
        x, y = ((track[-1] - track[0]) / ((last - first) * rollout.control_dt)).tolist()
        return x, y

    def _usual_speed(self) -> float:
        """The fastest that is usual [m/s]."""
        rollout = self._replay.rollout
        velocities = [sampled_velocities(rollout, self._entity)]
        if self._command is not None:
            velocities.append(samples(rollout, "command")[..., :2])
        speeds = [float(np.percentile(np.linalg.norm(v, axis=-1), _USUAL)) for v in velocities if v.size]
        return max([_LEAST_SPEED, *speeds])


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
