"""The reader of named arrays: a rollout out of arrays over steps and envs, of which only the base's pose must be there.

Names, with T steps, N envs (left out for a single env: (T, 3)), and A agents where a task has several robots:

    base_pos (T, N[, A], 3) [m] and base_quat (T, N[, A], 4)   required
    dof_pos, dof_vel, torques (T, N[, A], D), dof_names (D,)   joints
    dt, env_ids (N,), env_origins (N, 3)                       seconds per step; the simulator's indices and origins
    fps and the like, time (T,), timestamps (T,)               in the place of dt
    obs, act, command (T, N, ...), rew (T, N[, A]), info (T,)  as the policy had them; info is of dictionaries
    reward_terms/<name> (T, N[, A])                            what entered the reward
    done(s), reset(_buf), terminated, truncated, time_outs     (T, N), here or in info; success likewise
    base_lin_vel, base_ang_vel (T, N[, A], 3)                  of the base
    quat_order, done_row                                       "xyzw" or "wxyz"; "terminal" or "reset", what the row
                                                               of a done step shows: its episode's end or the next
    recording_info                                             text: a JSON object with whatever else is known
    anything else of shape (T, N, ...)                         a signal of that name

On opening, poses are read whole: they are checked for values that are no numbers, for jumps, and for the order of their
quaternions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import listing
from ...rollout.entities import EntitySpec
from ...rollout.rollout import Rollout, Verdict
from ..format import LoadOptions, QuatOrder
from . import facts, time_step
from .array_table import ArrayTable, MemoryTable
from .columns import Column, ColumnSource
from .doubts import axes_verdict, not_finite_verdict
from .ends import FlagsColumn, find_ends, read_flags, read_success
from .info import read_info
from .layout import TableLayout, of_agent
from .motion import VELOCITIES, find_jumps, read_joints, read_poses
from .quaternion_order import draw_samples, find_order, stated_order
from .rewards import RewardTerms, read_rewards
from .signals import read_signals, without_damaged

if TYPE_CHECKING:
    from ...robot import Robot

_OPTIONAL = ("obs", "act", "rew", "info")


def rollout_of(
    table: ArrayTable, options: LoadOptions, robot: Robot | None, format: str, *, has_resets: bool = True
) -> Rollout:
    """The rollout in named arrays.

    Args:
        table: the arrays; it is closed with the rollout, or where there is none.
        options: what the user states about them; it goes before what the file says.
        robot: whose kinematics are further evidence for the order of the quaternions, or None.
        format: what the file is called.
        has_resets: whether a jump of the base may be a reset; a clip of motion has none.

    Raises:
        BadField: an array that is missing, damaged or of the wrong shape or type.
        BadArgument: an option that does not fit the file.
    """
    try:
        return _read(TableLayout.of(table), options, robot, format, has_resets)
    except BaseException:
        table.close()
        raise


def rollout_from_arrays(
    path: str | Path,
    arrays: Mapping[str, Any],
    options: LoadOptions | None = None,
    robot: Robot | None = None,
    *,
    format: str = "arrays",
) -> Rollout:
    """The rollout in arrays in memory, with evidence for what they leave unsaid: for formats of your own.

    Args:
        path: the file that they came from.
        arrays: by the names of a plain npz; see `formats.evidence.reader`.
        options: what the user states about them.
        robot: as `Format.open` got it.
        format: what the file is called.

    Raises:
        BadField: an array that is missing, or of the wrong shape or type.
        BadArgument: an option that does not fit the arrays.
    """
    return rollout_of(MemoryTable(Path(path), arrays), options or LoadOptions(), robot, format)


@dataclass(frozen=True)
class _Motion:
    """What is known of the bases and joints.

    Attributes:
        entities: the robots.
        columns: of the rollout's fields.
        jumps: of the bases, keys from `find_jumps`.
        order: of the file's quaternions.
        verdicts: on all of it.
    """

    entities: tuple[EntitySpec, ...]
    columns: Mapping[str, Column]
    jumps: np.ndarray
    order: QuatOrder
    verdicts: tuple[Verdict, ...]


def _read(layout: TableLayout, options: LoadOptions, robot: Robot | None, format: str, has_resets: bool) -> Rollout:
    control_dt, dt_verdict = time_step.control_dt(layout, options.control_dt)
    env_ids = facts.env_ids(layout)
    motion = _read_motion(layout, options, env_ids, control_dt, robot)
    info, info_verdicts = read_info(layout)
    flags, flag_verdicts = read_flags(layout, info.arrays)
    success, done_row = read_success(layout, info.arrays), facts.done_row(layout)
    jumps = motion.jumps if has_resets else motion.jumps[:0]
    ends, end_verdicts = find_ends(flags, jumps, layout.num_steps, success, done_row)
    rew, terms = read_rewards(layout, info.arrays)
    signals, signal_verdicts = read_signals(layout, info.arrays, terms.used)
    signals, damage_verdicts = without_damaged(signals, env_ids)
    columns = {**motion.columns, "rew": rew, "rew_terms": terms.stacked}
    checked = {name: column for name, column in columns.items() if column is not None}
    recorded = {**checked, **signals, "flags": FlagsColumn(ends, layout.num_envs)}
    verdicts = [dt_verdict, *motion.verdicts, *flag_verdicts, *end_verdicts, *terms.verdicts]
    verdicts += [
        *info_verdicts,
        *signal_verdicts,
        *_absent(layout),
        *_not_finite(checked, terms, env_ids),
        *damage_verdicts,
    ]
    return Rollout(
        ColumnSource(recorded, layout.table.close),
        name=layout.table.path.stem,
        path=layout.table.path,
        control_dt=control_dt,
        env_ids=env_ids,
        entities=motion.entities,
        episodes_of=ends.episodes,
        reward_terms=terms.names,
        batch_means=terms.batch_means,
        verdicts=verdicts,
        env_origins=facts.env_origins(layout),
        metadata={**facts.recording_info(layout), "format": format, "quat_order": motion.order},
    )


def _read_motion(
    layout: TableLayout,
    options: LoadOptions,
    env_ids: Sequence[int],
    control_dt: float,
    robot: Robot | None,
) -> _Motion:
    poses, verdicts = read_poses(layout, env_ids)
    joints = read_joints(layout, options.joint_names, env_ids)
    velocities = {key: layout.pose(key, 3) for key in VELOCITIES if key in layout.table.headers}
    if layout.has_env_axis:
        verdicts += axes_verdict("base_pos", poses[0].pos, control_dt)
    jumps = find_jumps([pose.pos for pose in poses], [pose.quat for pose in poses], control_dt)
    stated = stated_order(options.quat_order) if options.quat_order else facts.quat_order(layout)
    if stated:
        order, verdict = stated
    else:
        ang_vel = velocities.get("base_ang_vel")
        order, verdict = find_order(draw_samples(poses, joints, ang_vel, jumps, control_dt, robot))
    columns: dict[str, Column] = {}
    for pose in poses:
        columns[f"{pose.name}.base_pos"] = pose.pos
        columns[f"{pose.name}.base_wxyz"] = pose.wxyz(order)
        for name, column in {**joints.columns, **velocities}.items():
            columns[f"{pose.name}.{name}"] = of_agent(column, pose.agent)
    entities = tuple(EntitySpec(pose.name, joint_names=joints.names, joints_named=joints.are_named) for pose in poses)
    return _Motion(entities, columns, jumps, order, (verdict, *verdicts, *joints.verdicts))


def _absent(layout: TableLayout) -> list[Verdict]:
    """What the file might have and has not."""
    there = (*layout.table.headers, *layout.table.unreadable)
    absent = [key for key in _OPTIONAL if key not in there]
    return [Verdict("arrays", f"not recorded: {listing(absent)}", "they are optional", "stated")] if absent else []


def _not_finite(columns: Mapping[str, Column], terms: RewardTerms, env_ids: Sequence[int]) -> list[Verdict]:
    """NaN and infinity outside of poses, which have been looked at, each signal once."""
    looked_at = (".base_pos", ".base_wxyz", ".joint_pos")
    signals = {name: column for name, column in columns.items() if not name.endswith((*looked_at, "rew_terms"))}
    signals |= {f"reward term '{name}'": column for name, column in zip(terms.names, terms.columns, strict=True)}
    return [verdict for name, column in signals.items() for verdict in not_finite_verdict(name, column, env_ids)]
