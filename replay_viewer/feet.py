"""Which links of a robot are its feet, or else the ends of its limbs: what leaves a trail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .robot import Robot

# More bodies than this are not feet alone: many simulators record the contact of every body.
_MOST_FEET = 6
# Feet are the ends of limbs this near to the lowest one, as a share of the robot's height in the zero pose.
_NEAR_THE_LOWEST = 0.2


def foot_links(robot: Robot, contact_bodies: Sequence[str] = ()) -> list[int]:
    """Indices of the feet: the bodies whose contact is recorded if they are few, else the lowest ends of limbs.

    Empty for a robot of one link.
    """
    known = [robot.link_names.index(name) for name in contact_bodies if name in robot.link_names]
    if 0 < len(known) <= _MOST_FEET:
        return known
    ends = _ends_of_limbs(robot)
    heights = robot.forward_kinematics(np.zeros(robot.num_joints))[0][:, 2]
    if not ends:
        return []
    lowest = heights[ends].min()
    reach = _NEAR_THE_LOWEST * max(float(np.ptp(heights)), 1e-6)
    return [link for link in ends if heights[link] <= lowest + reach]


def _ends_of_limbs(robot: Robot) -> list[int]:
    """For each moving link that carries no other: the link fixed to it that is farthest from its joint, or itself."""
    bodies = range(1, robot.num_bodies)
    carriers = {body_of(robot, joint.parent) for link, joint in enumerate(robot.joints, 1) if link < robot.num_bodies}
    positions = robot.forward_kinematics(np.zeros(robot.num_joints))[0]
    parts = {body: [body] for body in bodies if body not in carriers}
    for link in range(robot.num_bodies, robot.num_links):
        parts.get(body_of(robot, link), []).append(link)
    return [
        max(links, key=lambda link: np.linalg.norm(positions[link] - positions[links[0]])) for links in parts.values()
    ]


def body_of(robot: Robot, link: int) -> int:
    """The moving link (or the root) that a link is part of."""
    while link >= robot.num_bodies:
        link = robot.joints[link - 1].parent
    return link
