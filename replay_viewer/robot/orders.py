"""The orders in which simulators number a robot's bodies and joints: through its tree, in depth or in breadth first.

MuJoCo numbers in depth first, and so does Isaac Gym; PhysX, and Isaac Lab with it, in breadth first. Links of one
parent come as the description has them, or by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .robot import Robot


@dataclass(frozen=True)
class BodyOrder:
    """One way to number bodies and joints.

    Attributes:
        name: for people.
        joints: names of all joints that drive the robot, in this order.
        all_joints: the same with those that mimic another, which simulators count.
        links: indices of the links, those that are fixed to another left out.
        all_links: the same with them.
    """

    name: str
    joints: tuple[str, ...]
    all_joints: tuple[str, ...]
    links: tuple[int, ...]
    all_links: tuple[int, ...]


def body_orders(robot: Robot) -> list[BodyOrder]:
    """Every known order of a robot's bodies and joints; of those that are the same for it, the first."""
    as_described = _Walk(robot, _first_joints(robot).__getitem__)
    by_name = _Walk(robot, robot.link_names.__getitem__)
    orders = [
        as_described.order("depth first, as MuJoCo numbers", depth_first=True),
        breadth_first(robot),
        by_name.order("depth first and by name, as Isaac Gym numbers", depth_first=True),
        by_name.order("breadth first and by name, as Isaac Lab may number", depth_first=False),
    ]
    seen: dict[tuple[object, ...], BodyOrder] = {}
    for order in orders:
        seen.setdefault((order.all_joints, order.links, order.all_links), order)
    return list(seen.values())


def breadth_first(robot: Robot) -> BodyOrder:
    """The order of PhysX, and so of Isaac Lab."""
    walk = _Walk(robot, _first_joints(robot).__getitem__)
    return walk.order("breadth first, as Isaac Lab numbers", depth_first=False)


def _first_joints(robot: Robot) -> list[tuple[int, int]]:
    """What sorts links of one parent as a description has them: the first joint that moves each, or one below it."""
    first = [robot.num_joints] * robot.num_links
    for link in reversed(_in_breadth(_children(robot))):
        source = robot.joints[link - 1].source if link else -1
        if source >= 0:
            first[link] = min(first[link], source)
        if link:
            parent = robot.joints[link - 1].parent
            first[parent] = min(first[parent], first[link])
    return [(joint, link) for link, joint in enumerate(first)]


def _children(robot: Robot) -> list[list[int]]:
    """The links that hang on each link."""
    children: list[list[int]] = [[] for _ in range(robot.num_links)]
    for link in range(1, robot.num_links):
        children[robot.joints[link - 1].parent].append(link)
    return children


def _in_breadth(children: Sequence[Sequence[int]]) -> list[int]:
    links = [0]
    for link in links:  # Grows while it is read.
        links += children[link]
    return links


def _in_depth(children: Sequence[Sequence[int]]) -> list[int]:
    links, left = [], [0]
    while left:
        links.append(left.pop())
        left += reversed(children[links[-1]])
    return links


class _Walk:
    """Ways through a robot's tree.

    Args:
        robot: the robot.
        key: sorts the links of one parent.
    """

    def __init__(self, robot: Robot, key: Callable[[int], Any]) -> None:
        self._robot = robot
        self._driving = frozenset(robot.joint_names)
        self._children = [sorted(links, key=key) for links in _children(robot)]

    def order(self, name: str, *, depth_first: bool) -> BodyOrder:
        links = _in_depth(self._children) if depth_first else _in_breadth(self._children)
        bodies = [link for link in links if link < self._robot.num_bodies]
        if not depth_first:
            bodies = self._by_depth(bodies)
        all_joints = tuple(self._robot.joints[link - 1].name for link in bodies[1:])
        joints = tuple(joint for joint in all_joints if joint in self._driving)
        return BodyOrder(name, joints, all_joints, tuple(bodies), tuple(links))

    def _by_depth(self, bodies: list[int]) -> list[int]:
        """Bodies as a simulator numbers them that has merged fixed links: by the number of moving ones above."""
        depth = {0: 0}
        for link in sorted(bodies[1:]):  # A robot's moving links are sorted by their depth.
            depth[link] = depth[self._robot.body_of(self._robot.joints[link - 1].parent)] + 1
        return sorted(bodies, key=depth.__getitem__)
