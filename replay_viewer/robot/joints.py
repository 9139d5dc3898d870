"""Recorded joints against a robot's: by name, by position only where the recording has no names, never silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UnmatchedJoints, listing
from ..rollout.entities import EntitySpec
from ..rollout.rollout import Verdict
from .robot import Robot

_TOPIC = "joints"


@dataclass(frozen=True)
class JointMapping:
    """Which recorded joint drives which joint of a robot.

    Attributes:
        columns: for each of the robot's D joints the recorded column, -1 where it is not recorded.
        missing: the robot's joints that are not recorded.
        unknown: recorded names that are no movable joint of the robot.
    """

    columns: tuple[int, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def num_matched(self) -> int:
        """How many of the robot's joints are recorded."""
        return len(self.columns) - len(self.missing)

    def apply(self, recorded: np.ndarray, joint_pos: np.ndarray) -> None:
        """Write recorded values (*batch, R) to the matched joints of `joint_pos` (*batch, D); others stay."""
        columns = np.array(self.columns, dtype=np.intp)
        matched = np.flatnonzero(columns >= 0)
        joint_pos[..., matched] = recorded[..., columns[matched]]


def match_joints(robot: Robot, entity: EntitySpec) -> JointMapping:
    """Which recorded joint drives which joint of the robot; by position if the joints have no names and are as many."""
    if _is_by_position(robot, entity):
        return JointMapping(columns=tuple(range(robot.num_joints)), missing=(), unknown=())
    return map_joints(robot, entity.joint_names if entity.joints_named else ())


def joint_values(robot: Robot, names: Sequence[str], recorded: np.ndarray) -> np.ndarray:
    """Positions of all joints of the robot, (*batch, D), from recorded ones, (*batch, R); zero where there is none.

    Matched by name; by position if none of the names is the robot's and they are as many.
    """
    are_named = not set(robot.joint_names).isdisjoint(names)
    joint_pos = np.zeros((*recorded.shape[:-1], robot.num_joints))
    match_joints(robot, EntitySpec("robot", joint_names=tuple(names), joints_named=are_named)).apply(
        recorded, joint_pos
    )
    return joint_pos


def map_joints(robot: Robot, recorded: Sequence[str]) -> JointMapping:
    """Match recorded joint names to the robot's; recorded joints that mimic another one are not read."""
    column = {name: i for i, name in enumerate(recorded)}
    known = {*robot.joint_names, *robot.mimic_names}
    return JointMapping(
        columns=tuple(column.get(name, -1) for name in robot.joint_names),
        missing=tuple(name for name in robot.joint_names if name not in column),
        unknown=tuple(name for name in recorded if name not in known),
    )


def joint_verdicts(robot: Robot, entity: EntitySpec) -> list[Verdict]:
    """What of a robot moves as recorded, and what does not, joint by joint.

    Raises UnmatchedJoints if joints are recorded, but none of them is the robot's.
    """
    if not entity.joint_names:
        return _without_joints(robot, entity)
    mapping = match_joints(robot, entity)
    if not mapping.num_matched:
        raise UnmatchedJoints(entity.name, entity.joint_names, robot.name, robot.joint_names)
    if _is_by_position(robot, entity):
        reason = f"the recording has no names for its {robot.num_joints} joints; name them with --joint-names"
        return [Verdict(_TOPIC, f"'{entity.name}': recorded joints are the URDF's, in its order", reason, "assumed")]
    return [*_missing(mapping, robot, entity), *_unknown(mapping, robot, entity)]


def _is_by_position(robot: Robot, entity: EntitySpec) -> bool:
    return not entity.joints_named and len(entity.joint_names) == robot.num_joints


def _without_joints(robot: Robot, entity: EntitySpec) -> list[Verdict]:
    if not robot.num_joints:
        return []
    return [Verdict(_TOPIC, f"'{entity.name}' stands in its zero pose", "no joint angles are recorded", "problem")]


def _missing(mapping: JointMapping, robot: Robot, entity: EntitySpec) -> list[Verdict]:
    if not mapping.missing:
        finding = f"'{entity.name}': all {robot.num_joints} joints are recorded"
        return [Verdict(_TOPIC, finding, "matched by name", "found")]
    finding = f"'{entity.name}': {mapping.num_matched} of {robot.num_joints} joints are recorded"
    reason = f"{len(mapping.missing)} stay at zero: {listing(mapping.missing)}"
    return [Verdict(_TOPIC, finding, reason, "found")]


def _unknown(mapping: JointMapping, robot: Robot, entity: EntitySpec) -> list[Verdict]:
    if not mapping.unknown:
        return []
    finding = f"'{entity.name}': {len(mapping.unknown)} recorded joints are not drawn"
    reason = f"they are not in the URDF of '{robot.name}': {listing(mapping.unknown)}"
    return [Verdict(_TOPIC, finding, reason, "problem")]
