"""The motion of the robots: their bases and joints, and where a base jumps.

A base jumps, as no velocity explains it, where a simulator put a robot somewhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ... import rotations
from ...errors import BadArgument, BadField, listing
from ...rollout.rollout import Verdict
from ...rollout.states import last_good
from ..format import QuatOrder
from .columns import Column, MappedColumn, step_blocks
from .doubts import degrees_verdict, without_bad_rotations, without_bad_values
from .layout import TableLayout, of_agent

VELOCITIES = ("base_lin_vel", "base_ang_vel")
# Joint signals beside dof_pos, with the names they get.
JOINT_SIGNALS = {"dof_vel": "joint_vel", "torques": "joint_torque"}
_MAX_NAMES_BYTES = 16 << 20
# What a body can do between two steps beyond keeping its speed: accelerations of a hard impact, and a floor under
# them for the noise of a real recording.
_MIN_DISTANCE, _MAX_ACCELERATION = 0.05, 50.0  # [m], [m/s^2]
_MIN_ANGLE, _MAX_ANGULAR_ACCELERATION = 0.2, 200.0  # [rad], [rad/s^2]
_SPEED_RATIO = 4.0
# For every step that a pose was held, a body may have gone on a little faster than it was seen to move.
_HELD_RATIO = 1.5
# What stays below this part of the least jump is none, whatever is lost in rounding.
_SURELY = 0.99


@dataclass(frozen=True)
class RobotPose:
    """One robot's base.

    Attributes:
        name: of the robot.
        agent: its number, or None where the arrays have no agents axis.
        pos: (T, N, 3) [m].
        quat: (T, N, 4) in the file's order.
    """

    name: str
    agent: int | None
    pos: Column
    quat: Column

    def wxyz(self, order: QuatOrder) -> Column:
        """Unit quaternions, wxyz."""
        return MappedColumn(self.quat, lambda quats: rotations.normalize(to_wxyz(quats, order)))


@dataclass(frozen=True)
class Joints:
    """The joints of each robot, which are the same for all.

    Attributes:
        names: of one robot, () without joints.
        columns: (T, N[, A], D) each, by "joint_pos" and the like.
        verdicts: on the joints.
        are_named: False where the names are placeholders.
    """

    names: tuple[str, ...] = ()
    columns: Mapping[str, Column] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    are_named: bool = True


def read_poses(layout: TableLayout, env_ids: Sequence[int]) -> tuple[list[RobotPose], list[Verdict]]:
    """One pose per robot: "robot", or "robot_0", "robot_1", ... where the arrays have an agents axis.

    Raises BadField for misshapen arrays.
    """
    pos, quat = layout.pose("base_pos", 3), layout.pose("base_quat", 4)
    agents = [None] if layout.num_agents is None else range(layout.num_agents)
    poses, verdicts = [], []
    for agent in agents:
        suffix = "" if agent is None else f"_{agent}"
        label = "" if agent is None else f"robot{suffix} "
        good_pos, found = without_bad_values(f"{label}base_pos", of_agent(pos, agent), env_ids)
        good_quat, found_quat = without_bad_rotations(f"{label}base_quat", of_agent(quat, agent), env_ids)
        verdicts += found + found_quat
        poses.append(RobotPose(f"robot{suffix}", agent, good_pos, good_quat))
    return poses, verdicts


def read_joints(layout: TableLayout, stated_names: Sequence[str] | None, env_ids: Sequence[int]) -> Joints:
    """The joints, if the file has `dof_pos`; without it the robot can only be shown in its zero pose.

    Raises BadField for misshapen arrays, BadArgument for stated names that do not fit their number.
    """
    if "dof_pos" not in layout.table.headers:
        reason = "the file has no 'dof_pos'"
        return Joints(verdicts=(Verdict("joint angles", "not recorded", reason, "problem"),))
    positions, verdicts = without_bad_values("dof_pos", layout.joints("dof_pos"), env_ids)
    names, named = _joint_names(layout, stated_names, positions.shape[-1])
    columns = {"joint_pos": positions}
    for key, name in JOINT_SIGNALS.items():
        if key in layout.table.headers:
            columns[name] = _like_positions(layout, key, positions)
    verdicts += [*degrees_verdict("dof_pos", positions), named]
    return Joints(names, columns, tuple(verdicts), are_named=named.status != "assumed")


def find_jumps(base_pos: Sequence[Column], base_quat: Sequence[Column], control_dt: float) -> np.ndarray:
    """Where the base of any robot jumps between a step and the next: sorted keys `env * T + step`, int64.

    A motion is a jump when it is far larger than the motions just before and just after it: a real body that moves
    fast at one step does so at a neighbouring one too.

    Args:
        base_pos: one column (T, N, 3) [m] per robot.
        base_quat: one column (T, N, 4) per robot, in any order of components.
        control_dt: seconds between steps.
    """
    num_steps = base_pos[0].shape[0]
    found = [np.empty(0, dtype=np.int64)]
    for pos, quat in zip(base_pos, base_quat, strict=True):
        for block in step_blocks(pos):
            # A motion is compared with its neighbours, so that a block needs a step before it and two after.
            window = slice(max(0, block.start - 1), min(num_steps, block.stop + 2), 1)
            envs = range(pos.shape[1])
            jumps = _jumps(pos.read(window, envs), quat.read(window, envs), control_dt)
            steps, columns = np.nonzero(jumps[block.start - window.start :][: block.stop - block.start])
            found.append(columns * np.int64(num_steps) + steps + block.start)
    return np.unique(np.concatenate(found))


def to_wxyz(quats: np.ndarray, order: QuatOrder) -> np.ndarray:
    """Quaternions (..., 4) stored in `order`, as wxyz."""
    return quats if order == "wxyz" else rotations.xyzw_to_wxyz(quats)


def _like_positions(layout: TableLayout, key: str, positions: Column) -> Column:
    """A signal of the joints. Raises BadField unless it has the shape of their positions."""
    column = layout.joints(key)
    if column.shape != positions.shape:
        got, expected = layout.table.headers[key].shape, layout.table.headers["dof_pos"].shape
        raise BadField(layout.table.path, key, f"has shape {got}, expected {expected} like 'dof_pos'.")
    return column


def _joint_names(layout: TableLayout, stated: Sequence[str] | None, count: int) -> tuple[tuple[str, ...], Verdict]:
    """The names of `count` joints: as the user states, as the file says, else placeholders."""
    if stated is not None:
        _check_stated(stated, count)
        return tuple(stated), Verdict("joint names", listing(stated), "as you say", "stated")
    if "dof_names" not in layout.table.headers:
        names = tuple(f"joint_{i}" for i in range(count))
        reason = "the file has no 'dof_names'; the order of its columns is unknown (--joint-names states it)"
        return names, Verdict("joint names", f"{count} joints without names", reason, "assumed")
    names = _recorded_names(layout)
    if len(names) != count:
        raise BadField(layout.table.path, "dof_names", f"has {len(names)} names, expected {count} as in 'dof_pos'.")
    if len(set(names)) < count:
        raise BadField(layout.table.path, "dof_names", f"names a joint twice: {listing(names)}.")
    return names, Verdict("joint names", f"{count} joints", "the file's 'dof_names'", "stated")


def _check_stated(stated: Sequence[str], count: int) -> None:
    if len(stated) != count:
        problem = f"{len(stated)} names for {count} joint columns."
        raise BadArgument("--joint-names", ",".join(stated), problem)
    if len(set(stated)) < count:
        raise BadArgument("--joint-names", ",".join(stated), "a joint is named twice.")


def _recorded_names(layout: TableLayout) -> tuple[str, ...]:
    """Names stored as text, as bytes, or as an object array of text."""
    table = layout.table
    header = table.headers["dof_names"]
    if header.value_bytes > _MAX_NAMES_BYTES:
        problem = f"has shape {header.shape} and {header.value_bytes} bytes, more than the {_MAX_NAMES_BYTES} of names."
        raise BadField(table.path, "dof_names", problem)
    try:
        names = table.load_objects("dof_names") if header.dtype.hasobject else table.load("dof_names").tolist()
    except (SystemError, ValueError) as error:  # Both are NumPy's for numbers that are no characters.
        raise BadField(table.path, "dof_names", f"holds no text: {error}.") from error
    listed = names if isinstance(names, list) else [names]
    texts = [name.decode("utf-8", "replace") if isinstance(name, bytes) else name for name in listed]
    # Halves of characters, which no terminal or browser takes, become "?".
    texts = [text.encode("utf-8", "replace").decode() if isinstance(text, str) else text for text in texts]
    if not all(isinstance(text, str) for text in texts):
        problem = f"has shape {header.shape} and type {header.dtype}, expected one text per joint."
        raise BadField(table.path, "dof_names", problem)
    return tuple(texts)


def _jumps(pos: np.ndarray, quat: np.ndarray, control_dt: float) -> np.ndarray:
    """(T, E, 3) and (T, E, 4) -> (T - 1, E) bool."""
    jumps = np.zeros((len(pos) - 1, pos.shape[1]), dtype=bool)
    some = np.flatnonzero(_may_jump(pos, quat))
    if len(some):
        jumps[:, some] = _jumps_of(pos[:, some], quat[:, some], control_dt)
    return jumps


def _may_jump(pos: np.ndarray, quat: np.ndarray) -> np.ndarray:
    """Whether an env moves so far between any two steps that it can be a jump, (E,) bool: few do. It costs little."""
    moved = np.diff(pos, axis=0)
    far = np.einsum("...i,...i->...", moved, moved) > (_SURELY * _MIN_DISTANCE) ** 2
    alike = np.abs(np.einsum("...i,...i->...", quat[1:], quat[:-1]))
    norms = np.sqrt(np.einsum("...i,...i->...", quat, quat))
    turned = alike < np.cos(_SURELY * _MIN_ANGLE / 2) * norms[1:] * norms[:-1]  # Without any rotation, none.
    return (far | turned).any(axis=0)


def _jumps_of(pos: np.ndarray, quat: np.ndarray, control_dt: float) -> np.ndarray:
    """The same, looked at closely."""
    distance = np.linalg.norm(np.diff(pos, axis=0), axis=-1)
    alike = np.abs(np.sum(quat[1:] * quat[:-1], axis=-1))
    norms = np.linalg.norm(quat, axis=-1)
    scale = np.maximum(norms[1:] * norms[:-1], np.finfo(np.float32).tiny)
    angle = 2 * np.arccos(np.clip(alike / scale, 0, 1))
    max_distance = max(_MIN_DISTANCE, _MAX_ACCELERATION * control_dt**2) + _SPEED_RATIO * _around(distance)
    max_angle = max(_MIN_ANGLE, _MAX_ANGULAR_ACCELERATION * control_dt**2) + _SPEED_RATIO * _around(angle)
    return (distance > max_distance) | (angle > max_angle)


def _around(motion: np.ndarray) -> np.ndarray:
    """How far the larger of the motions just before and just after each one may reach, (T - 1, E).

    Before counts the last motion that is not zero. A pose that stood still to the last bit was held, for example in
    the place of NaN, and the motion out of it makes up for the time in which the body went on.
    """
    rows = np.arange(len(motion))[:, None]
    last = np.full(motion.shape, -1)
    last[1:] = last_good(motion > 0)[:-1]
    larger = np.where(last >= 0, np.take_along_axis(motion, np.maximum(last, 0), axis=0), 0.0)
    larger[:-1] = np.maximum(larger[:-1], motion[1:])
    held = np.where(last >= 0, rows - last - 1, 0)
    return larger * (1 + held * _HELD_RATIO / _SPEED_RATIO)
