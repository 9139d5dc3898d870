"""The feet of a robot, or else the ends of its limbs: what leaves a trail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .robot import Robot

# More bodies than this are not feet alone: many simulators record the contact of every body.
_MOST_FEET = 6
# Feet are the ends of limbs this near to the lowest one, as a share of the robot's height in the zero pose.
_NEAR_THE_LOWEST = 0.2


def foot_links(robot: Robot, contact_bodies: Sequence[str] = ()) -> list[int]:
    """Indices of the feet: the ends of limbs whose contact is recorded if they are few, else the lowest ends of limbs.

    Empty for a robot of one link.
    """
    limbs = _ends_of_limbs(robot)
    touching = [link for end in limbs for link in end if robot.link_names[link] in contact_bodies]
    if 0 < len(touching) <= _MOST_FEET:
        return touching
    positions = robot.forward_kinematics(np.zeros(robot.num_joints))[0]
    tips = [max(end, key=lambda link: np.linalg.norm(positions[link] - positions[end[0]])) for end in limbs]
    heights = positions[:, 2]
    reach = _NEAR_THE_LOWEST * max(float(np.ptp(heights)), 1e-6)
    return [tip for tip in tips if heights[tip] <= heights[tips].min() + reach]


def _ends_of_limbs(robot: Robot) -> list[list[int]]:
    """Each moving link that carries no other, followed by the links that are fixed to it."""
    carriers = {robot.body_of(joint.parent) for joint in robot.joints[: robot.num_bodies - 1]}
    ends = {body: [body] for body in range(1, robot.num_bodies) if body not in carriers}
    for link in range(robot.num_bodies, robot.num_links):
        body = robot.body_of(link)
        if body in ends:
            ends[body].append(link)
    return list(ends.values())
