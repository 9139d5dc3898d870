"""Recorded joints against a robot's: by name, by position only where the recording has no names, never silently."""

from __future__ import annotations

from ..errors import UnmatchedJoints, listing
from ..rollout.rollout import Entity, Verdict
from . import JointMapping, Robot, map_joints

_TOPIC = "joints"


def match_joints(robot: Robot, entity: Entity) -> JointMapping:
    """Which recorded joint drives which joint of the robot; by position if the joints have no names and are as many."""
    if _by_position(robot, entity):
        return JointMapping(columns=tuple(range(robot.num_joints)), missing=(), unknown=())
    return map_joints(robot, entity.joint_names if entity.joints_named else ())


def joint_verdicts(robot: Robot, entity: Entity) -> list[Verdict]:
    """What of a robot moves as recorded, and what does not, joint by joint.

    Raises UnmatchedJoints if joints are recorded, but none of them is the robot's.
    """
    if not entity.joint_names:
        return _without_joints(robot, entity)
    mapping = match_joints(robot, entity)
    if not mapping.num_matched:
        raise UnmatchedJoints(entity.name, entity.joint_names, robot.name, robot.joint_names)
    if _by_position(robot, entity):
        reason = f"the recording has no names for its {robot.num_joints} joints; name them with --joint-names"
        return [Verdict(_TOPIC, f"'{entity.name}': recorded joints are the URDF's, in its order", reason, "assumed")]
    return [*_missing(mapping, robot, entity), *_unknown(mapping, robot, entity)]


def _by_position(robot: Robot, entity: Entity) -> bool:
    return not entity.joints_named and len(entity.joint_names) == robot.num_joints


def _without_joints(robot: Robot, entity: Entity) -> list[Verdict]:
    if not robot.num_joints:
        return []
    return [Verdict(_TOPIC, f"'{entity.name}' stands in its zero pose", "no joint angles are recorded", "problem")]


def _missing(mapping: JointMapping, robot: Robot, entity: Entity) -> list[Verdict]:
    if not mapping.missing:
        finding = f"'{entity.name}': all {robot.num_joints} joints are recorded"
        return [Verdict(_TOPIC, finding, "matched by name", "found")]
    finding = f"'{entity.name}': {mapping.num_matched} of {robot.num_joints} joints are recorded"
    reason = f"{len(mapping.missing)} stay at zero: {listing(mapping.missing)}"
    return [Verdict(_TOPIC, finding, reason, "found")]


def _unknown(mapping: JointMapping, robot: Robot, entity: Entity) -> list[Verdict]:
    if not mapping.unknown:
        return []
    finding = f"'{entity.name}': {len(mapping.unknown)} recorded joints are not drawn"
    reason = f"they are not in the URDF of '{robot.name}': {listing(mapping.unknown)}"
    return [Verdict(_TOPIC, finding, reason, "problem")]
