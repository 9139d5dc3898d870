"""Frames: where every link of every shown env is at a position of playback, computed from a rollout and its robots."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..robot import Robot
from ..robot.joints import match_joints
from ..rollout.rollout import Rollout
from ..rollout.states import FiniteStates
from ..rotations import slerp

# Robot configurations (steps x envs) per run of forward kinematics: enough to pay for a call, and still a few
# milliseconds, so that a chunk ahead never delays a frame for long.
_CHUNK_CONFIGURATIONS = 4096
_CHUNK_STEPS = 64
# What stands in the place of a pose, in words; nothing where the pose is recorded.
STAND_INS = (
    "",
    "terminal state lost: the step before is shown",
    "no number is recorded for this pose: the last good one is shown",
)


@dataclass(frozen=True)
class EntityPoses:
    """World poses of one entity in E envs, always finite.

    Attributes:
        link_positions: (E, L, 3) [m]; L are all links, or the first `num_bodies` ones, see `FrameCache`.
        link_wxyz: (E, L, 4).
    """

    link_positions: np.ndarray
    link_wxyz: np.ndarray

    @property
    def base_pos(self) -> np.ndarray:
        """Position of the root link [m], (E, 3)."""
        return self.link_positions[..., 0, :]

    @property
    def base_wxyz(self) -> np.ndarray:
        """Rotation of the root link, (E, 4)."""
        return self.link_wxyz[..., 0, :]


@dataclass(frozen=True)
class Frame:
    """What is drawn at a position of playback. Its arrays are shared with a cache: read them only.

    Attributes:
        position: in steps.
        envs: positions in the recording, E of them.
        entities: by name.
        terminal_lost: (E,) bool, the terminal state of this step is lost and the step before stands in for it.
        held: (E,) bool, the recording has NaN, infinity, a number too large to draw or a zero quaternion at this step,
            and the last value that can be drawn stands in for it.
    """

    position: float
    envs: tuple[int, ...]
    entities: Mapping[str, EntityPoses]
    terminal_lost: np.ndarray
    held: np.ndarray

    @property
    def stand_in(self) -> str:
        """What is shown in the place of poses that this step does not have: one of `STAND_INS`."""
        _, lost, held = STAND_INS
        return lost if self.terminal_lost.any() else held if self.held.any() else ""


@dataclass(frozen=True)
class _Chunk:
    """Some steps of some envs: `Frame`'s arrays with an axis of S steps in front.

    Attributes:
        stop: the last step + 1.
        entities: by name.
        terminal_lost: (S, E).
        held: (S, E).
        ends: (S, E), where an episode ends.
    """

    stop: int
    entities: Mapping[str, EntityPoses]
    terminal_lost: np.ndarray
    held: np.ndarray
    ends: np.ndarray

    @property
    def num_bytes(self) -> int:
        return sum(poses.link_positions.nbytes + poses.link_wxyz.nbytes for poses in self.entities.values())


class FrameCache:
    """Frames of a rollout. Kinematics run for many steps and all asked envs at once and are kept while there is room.

    Between two steps positions are interpolated in a straight line and rotations on the shorter arc, but never
    across the end of an episode: its last pose stands until the next step. Not for use by several threads.

    Attributes:
        rollout: what the frames are of.
    """

    def __init__(
        self, rollout: Rollout, robots: Mapping[str, Robot], max_bytes: int = 64 << 20, *, bodies_only: bool = False
    ) -> None:
        """Prepare frames of the entities that `robots` has by name, keeping up to about `max_bytes` of poses.

        bodies_only: leave out links that are fixed to another, on which nothing is drawn: crowds take half the time.
        """
        self.rollout = rollout
        self._robots = dict(robots)
        self._states = FiniteStates(rollout)
        self._mappings = {name: match_joints(robot, rollout.entities[name]) for name, robot in robots.items()}
        self._max_bytes, self._bodies_only = max_bytes, bodies_only
        self._chunks: OrderedDict[tuple[int, tuple[int, ...]], _Chunk] = OrderedDict()

    def frame_at(self, position: float, envs: Sequence[int]) -> Frame:
        """The frame at a position in steps, clamped to the rollout, of these envs (positions in the recording)."""
        chosen = tuple(envs)
        position = min(max(position, 0.0), float(self.rollout.num_steps - 1))
        step = int(position)
        chunk, row = self._chunk_of(step, chosen)
        fractions = np.where(chunk.ends[row], 0, position - step).astype(np.float32)
        entities = {name: _at_row(poses, row) for name, poses in chunk.entities.items()}
        if fractions.any():
            following, next_row = self._chunk_of(step + 1, chosen)
            entities = {
                name: _between(poses, _at_row(following.entities[name], next_row), fractions)
                for name, poses in entities.items()
            }
        return Frame(position, chosen, entities, chunk.terminal_lost[row], chunk.held[row])

    def link_positions(self, entity: str, links: Sequence[int], steps: range, env: int) -> np.ndarray:
        """World positions [m] (S, K, 3) of K links of an entity at whole steps of one env, for traces of its motion."""
        parts, step = [], steps.start
        while step < steps.stop:
            chunk, row = self._chunk_of(step, (env,))
            stop = min(chunk.stop, steps.stop)
            parts.append(chunk.entities[entity].link_positions[row : row + stop - step, 0][:, links])
            step = stop
        return np.concatenate(parts)

    def forget_from(self, step: int) -> None:
        """Forget what was computed of `step` and those after it: the rollout has changed there."""
        for key in [key for key, chunk in self._chunks.items() if chunk.stop > step]:
            del self._chunks[key]

    def _chunk_of(self, step: int, envs: tuple[int, ...]) -> tuple[_Chunk, int]:
        """The chunk that contains a step, and the step's row in it."""
        chunk_steps = min(max(_CHUNK_CONFIGURATIONS // max(len(envs), 1), 1), _CHUNK_STEPS)
        index, row = divmod(step, chunk_steps)
        key = (index, envs)
        if key not in self._chunks:
            start = index * chunk_steps
            self._chunks[key] = self._compute(slice(start, min(start + chunk_steps, self.rollout.num_steps)), envs)
            self._forget()
        self._chunks.move_to_end(key)
        return self._chunks[key], row

    def _forget(self) -> None:
        """Drop the chunks used longest ago until the rest fits; the two that a frame lies between always stay."""
        while len(self._chunks) > 2 and sum(c.num_bytes for c in self._chunks.values()) > self._max_bytes:
            self._chunks.popitem(last=False)

    def _compute(self, steps: slice, envs: tuple[int, ...]) -> _Chunk:
        """Run the kinematics of a chunk."""
        held = np.zeros((steps.stop - steps.start, len(envs)), dtype=bool)
        entities = {name: self._poses(name, steps, envs, held) for name in self._robots}
        ends = np.zeros_like(held)
        for row, column, _ in self.rollout.episode_ends(steps, envs):
            ends[row, column] = True
        return _Chunk(steps.stop, entities, self.rollout.terminal_lost(steps, envs), held, ends)

    def _poses(self, name: str, steps: slice, envs: tuple[int, ...], held: np.ndarray) -> EntityPoses:
        """World poses of an entity over steps and envs; marks in `held` (S, E) where it had to stand in for some."""
        base_pos, held_pos = self._states.read(f"{name}.base_pos", steps, envs)
        base_wxyz, held_wxyz = self._states.read(f"{name}.base_wxyz", steps, envs)
        held |= held_pos | held_wxyz
        joint_pos = self._joint_positions(name, steps, envs, held)
        positions, wxyz = self._robots[name].forward_kinematics(
            joint_pos, base_pos, base_wxyz, bodies_only=self._bodies_only
        )
        return EntityPoses(positions, wxyz)

    def _joint_positions(self, name: str, steps: slice, envs: tuple[int, ...], held: np.ndarray) -> np.ndarray:
        """Joint positions (S, E, D) in the robot's order; joints that are not recorded are zero."""
        joint_pos = np.zeros((*held.shape, self._robots[name].num_joints), dtype=np.float32)
        field = f"{name}.joint_pos"
        if field in self.rollout.fields:
            recorded, held_joints = self._states.read(field, steps, envs)
            held |= held_joints
            self._mappings[name].apply(recorded, joint_pos)
        return joint_pos


def _at_row(poses: EntityPoses, row: int) -> EntityPoses:
    """Poses of one step of a chunk."""
    return EntityPoses(poses.link_positions[row], poses.link_wxyz[row])


def _between(a: EntityPoses, b: EntityPoses, fractions: np.ndarray) -> EntityPoses:
    """Poses between `a` (fraction 0) and `b` (fraction 1) of each env; fractions (E,)."""
    weights = fractions[:, None]
    return EntityPoses(
        link_positions=a.link_positions + weights[..., None] * (b.link_positions - a.link_positions),
        link_wxyz=slerp(a.link_wxyz, b.link_wxyz, weights),
    )
