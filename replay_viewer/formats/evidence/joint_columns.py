"""Which joint is in which column, in whatever order: by the angles between the bodies on both of its sides.

A link keeps its place in the frame of the link above it, at the origin of the joint between them, and turns about the
joint's axis. So from the root on each body is told by its pose alone, and each joint's angle is known, which one of the
columns has. That finds orders that no simulator is known for, and works where a file has but a part of the robot's
joints, or the robot a part of the file's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ... import rotations
from .body_samples import NEAR, BodySamples

if TYPE_CHECKING:
    from ...robot import Robot

# A body turns about no other axis than the joint's, up to so much [rad], and its angle is the column's.
_SAME_ANGLE = 0.02


@dataclass(frozen=True)
class JointColumns:
    """What was found.

    Attributes:
        bodies: by link, which body it is.
        joints: by column, the name of its joint.
    """

    bodies: dict[int, int]
    joints: dict[int, str]


def find_columns(samples: BodySamples, robot: Robot, base: int) -> JointColumns:
    """Go through the robot from its root, which is the body `base`."""
    at_zero = robot.forward_kinematics(np.zeros(robot.num_joints))
    bodies, joints = {0: base}, {}
    for link in range(1, robot.num_bodies):  # Sorted by depth.
        joint = robot.joints[link - 1]
        parent = robot.body_of(joint.parent)
        if parent not in bodies:
            continue
        free = [body for body in range(samples.num_bodies) if body not in bodies.values()]
        found = _body_on(samples, robot, link, parent, bodies[parent], free, at_zero)
        if found is None:
            continue
        bodies[link], angle = found
        column = _column_of((angle - joint.offset) / joint.scale, samples, joints)
        if column is not None:
            joints[column] = robot.joint_names[joint.source]
    return JointColumns(bodies, joints)


def _body_on(
    samples: BodySamples,
    robot: Robot,
    link: int,
    parent: int,
    body: int,
    free: list[int],
    at_zero: tuple[np.ndarray, np.ndarray],
) -> tuple[int, np.ndarray] | None:
    """Of the bodies that are left the one that is a link, and its joint's value at each sample, (S,) [rad or m].

    Args:
        samples: of the file.
        robot: the robot.
        link: that is looked for.
        parent: the link above it.
        body: which body that is.
        free: bodies that are no other link.
        at_zero: the links' poses in the robot's zero pose.
    """
    if not free:
        return None
    joint, (pos, wxyz) = robot.joints[link - 1], at_zero
    to_parent = rotations.conjugate(wxyz[parent])
    arm = rotations.rotate(to_parent, pos[link] - pos[parent])
    turn = rotations.multiply(to_parent, wxyz[link])
    inverse = rotations.conjugate(samples.wxyz[:, body, None])
    moved = rotations.rotate(inverse, samples.pos[:, free] - samples.pos[:, body, None]) - arm
    turned = rotations.multiply(rotations.conjugate(turn), rotations.multiply(inverse, samples.wxyz[:, free]))
    turned = rotations.to_rotation_vector(turned)
    if joint.kind == "slide":
        axis = rotations.rotate(turn, joint.axis)
        values = moved @ axis / (axis @ axis)
        moved = moved - values[..., None] * axis
    else:
        values = turned @ joint.axis
        turned = turned - values[..., None] * joint.axis
    off_place = np.linalg.norm(moved, axis=-1).mean(axis=0)
    off_axis = np.linalg.norm(turned, axis=-1).mean(axis=0)
    best = int(np.argmin(off_place / NEAR + off_axis / _SAME_ANGLE))
    if off_place[best] > NEAR or off_axis[best] > _SAME_ANGLE:
        return None
    return free[best], values[:, best]


def _column_of(value: np.ndarray, samples: BodySamples, taken: dict[int, str]) -> int | None:
    """The column that has a joint's value, (S,), of those that are left."""
    left = [column for column in range(samples.joint_pos.shape[1]) if column not in taken]
    if not left:
        return None
    apart = samples.joint_pos[:, left] - value[:, None]
    apart = np.abs(np.arctan2(np.sin(apart), np.cos(apart))).mean(axis=0)  # Angles are the same a turn later.
    best = int(np.argmin(apart))
    return left[best] if apart[best] <= _SAME_ANGLE else None
