"""The base poses of a plain npz, and samples of them from which the order of the quaternions is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ... import rotations
from ...rollout.rollout import Verdict
from ..format import LowestPoint, QuatOrder
from ..npz_joints import Joints
from .columns import Column, MappedColumn
from .doubts import without_bad_rotations, without_bad_values
from .layout import NpzLayout, of_agent
from .quaternion_order import PoseSamples, to_wxyz

VELOCITIES = ("base_lin_vel", "base_ang_vel")
_MAX_SAMPLES = 50_000
_MAX_SAMPLED_ENVS = 128


@dataclass(frozen=True)
class RobotPose:
    """One robot's base: pos (T, N, 3) [m], quat (T, N, 4) in the file's order. agent: its number, or None."""

    name: str
    agent: int | None
    pos: Column
    quat: Column

    def wxyz(self, order: QuatOrder) -> Column:
        """Unit quaternions, wxyz."""
        return MappedColumn(self.quat, lambda quats: rotations.normalize(to_wxyz(quats, order)))


def read_poses(layout: NpzLayout, env_ids: Sequence[int]) -> tuple[list[RobotPose], list[Verdict]]:
    """One pose per robot: "robot", or "robot_0", "robot_1", ... where the arrays have an agents axis.

    Raises BadField for misshapen arrays.
    """
    pos, quat = layout.pose("base_pos", 3), layout.pose("base_quat", 4)
    agents = (None,) if layout.num_agents is None else range(layout.num_agents)
    poses, verdicts = [], []
    for agent in agents:
        suffix = "" if agent is None else f"_{agent}"
        label = "" if agent is None else f"robot{suffix} "
        good_pos, found = without_bad_values(f"{label}base_pos", of_agent(pos, agent), env_ids)
        good_quat, found_quat = without_bad_rotations(f"{label}base_quat", of_agent(quat, agent), env_ids)
        verdicts += found + found_quat
        poses.append(RobotPose(f"robot{suffix}", agent, good_pos, good_quat))
    return poses, verdicts


def draw_samples(
    poses: Sequence[RobotPose],
    joints: Joints,
    ang_vel: Column | None,
    jumps: np.ndarray,
    control_dt: float,
    lowest_point: LowestPoint | None,
) -> PoseSamples:
    """Pairs of neighbouring steps, evenly over steps and envs, without those between which the base jumps.

    Args:
        poses: the robots.
        joints: theirs, for `lowest_point`.
        ang_vel: (T, N[, A], 3), or None.
        jumps: keys `env * T + step`.
        control_dt: seconds per step.
        lowest_point: the robot's, or None.
    """
    num_steps, num_envs = poses[0].pos.shape[:2]
    envs = np.unique(np.linspace(0, num_envs - 1, min(num_envs, _MAX_SAMPLED_ENVS)).astype(int))
    stride = max(1, num_steps * len(envs) * len(poses) // _MAX_SAMPLES)
    steps = slice(0, max(1, num_steps - 1), stride)
    signals = [_signals_of(pose, joints, ang_vel, steps, envs.tolist()) for pose in poses]
    rows = {name: np.concatenate([of_robot[name] for of_robot in signals]) for name in signals[0]}
    keys = envs * num_steps + np.arange(num_steps)[steps][:, None]
    has_rotation = np.logical_and(*(np.any(rows[name] != 0, axis=-1) for name in ("quat", "next_quat")))
    usable = has_rotation & np.tile(~np.isin(keys, jumps).ravel(), len(poses))
    env = (np.arange(len(poses))[:, None, None] * num_envs + np.broadcast_to(envs, keys.shape)).ravel()
    kept = {name: values[usable] for name, values in rows.items()}
    kept |= {name: rotations.normalize(kept[name]) for name in ("quat", "next_quat")}
    lowest = _lowest_of(lowest_point, joints, kept) if lowest_point else None
    kept.pop("joint_pos", None)
    return PoseSamples(**kept, env=env[usable], control_dt=control_dt, lowest=lowest)


def _signals_of(
    pose: RobotPose, joints: Joints, ang_vel: Column | None, steps: slice, envs: list[int]
) -> dict[str, np.ndarray]:
    """One robot's signals at the sampled steps and at those after them, each (S, k)."""
    last = pose.pos.shape[0] - 1
    later = slice(min(steps.start + 1, last), min(steps.stop, last) + 1, steps.step)
    columns = {"pos": (pose.pos, steps), "next_pos": (pose.pos, later)}
    columns |= {"quat": (pose.quat, steps), "next_quat": (pose.quat, later)}
    if ang_vel is not None:
        columns["ang_vel"] = (of_agent(ang_vel, pose.agent), steps)
    if "joint_pos" in joints.columns:
        columns["joint_pos"] = (of_agent(joints.columns["joint_pos"], pose.agent), steps)
    return {name: np.concatenate(column.read(window, envs)) for name, (column, window) in columns.items()}


def _lowest_of(
    lowest_point: LowestPoint, joints: Joints, rows: dict[str, np.ndarray]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The robot's lowest point at chosen rows of the samples, as a function of the rotation of its base."""
    joint_pos = rows.get("joint_pos")

    def lowest(wxyz: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        positions = None if joint_pos is None else joint_pos[chosen]
        return lowest_point(joints.names, positions, rows["pos"][chosen], wxyz)

    return lowest
