"""The kinematic tree of a URDF: links in the order that forward kinematics works through, and the joint before each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import yourdfpy
from trimesh import transformations

from ..errors import FileProblem, listing
from .drawable import FARTHEST

MOVABLE = ("revolute", "continuous", "prismatic")
UNSUPPORTED = ("floating", "planar", "spherical", "ball")
_KNOWN = (*MOVABLE, "fixed", "floating", "planar")


# As the adapter for MuJoCo writes it, whose models have no such limit [rad/s or m/s].
_ANY_SPEED = 100.0


@dataclass(frozen=True, eq=False)
class Joint:
    """What leads from a parent link to its child.

    The joint's value is scale * joint_pos[source] + offset.

    Attributes:
        kind: how the child moves.
        parent: index of the link before it.
        origin: (4, 4) pose in the parent at joint value zero [m].
        axis: (3,) in the joint's frame, of unit length for a turn.
        source: which of the robot's joint positions drives it, -1 for none.
        scale: of that position.
        offset: [rad or m].
        name: of the joint.
    """

    kind: Literal["turn", "slide", "fixed"]
    parent: int
    origin: np.ndarray
    axis: np.ndarray
    source: int = -1
    scale: float = 1.0
    offset: float = 0.0
    name: str = ""


@dataclass(frozen=True, eq=False)
class Tree:
    """Links and joints of a robot.

    Attributes:
        link_names: the root, then the links that move against their parent, by depth, then those that are fixed to
            them.
        num_bodies: how many of the links are the root or move.
        joints: `joints[i]` leads to link i + 1.
        joint_names: what the robot is steered by (movable, not mimicking), in the URDF's order.
        joint_limits: (D, 2) [rad or m].
        joint_efforts: (D,) [N m or N], infinite where the URDF states none.
        joint_speeds: (D,) [rad/s or m/s], the greatest, likewise.
        mimic_names: movable joints that follow others.
        problems: what was understood only in part, a sentence each.
    """

    link_names: tuple[str, ...]
    num_bodies: int
    joints: tuple[Joint, ...]
    joint_names: tuple[str, ...]
    joint_limits: np.ndarray
    joint_efforts: np.ndarray
    joint_speeds: np.ndarray
    mimic_names: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def body_above(self, link: int) -> tuple[int, np.ndarray]:
        """The nearest moving link (or the root) above a link, and the (4, 4) origin of the link's joint in it."""
        joint = self.joints[link - 1]
        if joint.parent < self.num_bodies:
            return joint.parent, joint.origin
        parent, origin = self._fixed[joint.parent - self.num_bodies]
        return parent, origin @ joint.origin

    def body_of(self, link: int) -> tuple[int, np.ndarray]:
        """The moving link (or the root) that a link is part of, and the link's (4, 4) pose in it."""
        return (link, np.eye(4)) if link < self.num_bodies else self.body_above(link)

    @cached_property
    def index_of(self) -> Mapping[str, int]:
        """The links' indices by name."""
        return {name: index for index, name in enumerate(self.link_names)}

    @cached_property
    def _fixed(self) -> list[tuple[int, np.ndarray]]:
        """`body_above` of the fixed links, each from the one above it, which comes before it."""
        found: list[tuple[int, np.ndarray]] = []
        for joint in self.joints[self.num_bodies - 1 :]:
            if joint.parent < self.num_bodies:
                found.append((joint.parent, joint.origin))
            else:
                parent, origin = found[joint.parent - self.num_bodies]
                found.append((parent, origin @ joint.origin))
        return found


def single_link(name: str) -> Tree:
    """A tree of one link and no joints."""
    return Tree((name,), 1, (), (), np.zeros((0, 2)), np.zeros(0), np.zeros(0))


def build_tree(urdf: yourdfpy.Robot, path: Path) -> Tree:
    """The tree of a parsed URDF; raises FileProblem for anything that is not one tree of known joints."""
    _check_names(urdf, path)
    above = _joint_above(urdf.joints, path)
    drivers = [joint for joint in urdf.joints if joint.type in MOVABLE and joint.mimic is None]
    values = _joint_values(urdf.joints, [joint.name for joint in drivers], path)
    moving = {name for name, value in values.items() if value.source >= 0}
    order = _link_order([link.name for link in urdf.links], above, moving, path)
    index = {name: i for i, name in enumerate(order)}
    return Tree(
        link_names=tuple(order),
        num_bodies=1 + len(moving),
        joints=tuple(_joint(above[name], index[above[name].parent], values) for name in order[1:]),
        joint_names=tuple(joint.name for joint in drivers),
        joint_limits=np.array([_limits(joint) for joint in drivers]).reshape(-1, 2),
        joint_efforts=np.array([_effort(joint) for joint in drivers]).reshape(-1),
        joint_speeds=np.array([_speed(joint) for joint in drivers]).reshape(-1),
        mimic_names=tuple(joint.name for joint in urdf.joints if joint.type in MOVABLE and joint.mimic is not None),
        problems=tuple(_problems(urdf.joints)),
    )


def _check_names(urdf: yourdfpy.Robot, path: Path) -> None:
    if not urdf.links:
        raise FileProblem(path, "has no links.")
    for kind, names in (("link", [x.name for x in urdf.links]), ("joint", [x.name for x in urdf.joints])):
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise FileProblem(path, f"has more than one {kind} named {listing(twice)}.")
    links = {link.name for link in urdf.links}
    for joint in urdf.joints:
        for end in (joint.parent, joint.child):
            if end not in links:
                raise FileProblem(path, f"joint '{joint.name}' connects link '{end}', which is not defined.")


def _joint_above(joints: Sequence[yourdfpy.Joint], path: Path) -> dict[str, yourdfpy.Joint]:
    """The joint that leads to each link, by link name."""
    above: dict[str, yourdfpy.Joint] = {}
    for joint in joints:
        if joint.child in above:
            problem = f"link '{joint.child}' has two parents, joints '{above[joint.child].name}' and '{joint.name}'."
            raise FileProblem(path, problem, "A URDF is a tree: cut the loop at one of them.")
        above[joint.child] = joint
    return above


def _link_order(names: list[str], above: Mapping[str, yourdfpy.Joint], moving: set[str], path: Path) -> list[str]:
    """Link names: the root, links on moving joints by the number of those above them, then all others."""
    roots = [name for name in names if name not in above]
    if len(roots) > 1:
        raise FileProblem(path, f"has {len(roots)} root links ({listing(roots)}), expected one.")
    children: dict[str, list[str]] = {}
    for child, joint in above.items():
        children.setdefault(joint.parent, []).append(child)
    depth = dict.fromkeys(roots, 0)
    queue = list(roots)
    for parent in queue:  # Grows while it is read: breadth first.
        for child in children.get(parent, ()):
            depth[child] = depth[parent] + (above[child].name in moving)
            queue.append(child)
    if len(depth) < len(names):
        loop = [name for name in names if name not in depth]
        raise FileProblem(path, f"has a kinematic loop through links {listing(loop)}.", "A URDF is a tree: cut it.")
    bodies = [name for name in queue[1:] if above[name].name in moving]
    fixed = [name for name in queue[1:] if above[name].name not in moving]
    return [*roots, *sorted(bodies, key=depth.__getitem__), *fixed]


@dataclass(frozen=True)
class _Value:
    """A joint's value is scale * joint_pos[source] + offset, or the offset alone if the source is -1."""

    source: int
    scale: float
    offset: float


def _joint_values(joints: Sequence[yourdfpy.Joint], drivers: list[str], path: Path) -> dict[str, _Value]:
    """What each movable joint's value is, by name, along chains of mimics; one without an axis cannot move."""
    by_name = {joint.name: joint for joint in joints}
    movable = [joint for joint in joints if joint.type in MOVABLE]
    values = {joint.name: _follow_mimics(joint, by_name, drivers, path) for joint in movable}
    return {joint.name: _Value(-1, 0.0, 0.0) if _has_no_axis(joint) else values[joint.name] for joint in movable}


def _follow_mimics(
    joint: yourdfpy.Joint, by_name: Mapping[str, yourdfpy.Joint], drivers: list[str], path: Path
) -> _Value:
    scale, offset, seen = 1.0, 0.0, [joint.name]
    while joint.mimic is not None and joint.type in MOVABLE:
        mimic = joint.mimic
        assert mimic.multiplier is not None and mimic.offset is not None  # yourdfpy fills in the defaults.
        offset += scale * mimic.offset
        scale *= mimic.multiplier
        if mimic.joint in seen:
            raise FileProblem(path, f"joints {listing(seen)} mimic each other in a circle.")
        if not _is_usable(mimic):
            return _Value(-1, 0.0, 0.0)
        if mimic.joint not in by_name:
            return _Value(-1, 0.0, offset)
        joint = by_name[mimic.joint]
        seen.append(joint.name)
    if joint.name not in drivers:
        return _Value(-1, 0.0, offset)
    return _Value(drivers.index(joint.name), scale, offset)


def _is_usable(mimic: yourdfpy.Mimic) -> bool:
    """Whether a mimic's numbers can be computed with."""
    assert mimic.multiplier is not None and mimic.offset is not None
    return abs(mimic.multiplier) <= FARTHEST and abs(mimic.offset) <= FARTHEST


def _joint(joint: yourdfpy.Joint, parent: int, values: Mapping[str, _Value]) -> Joint:
    """Our form of a joint; one that never moves is fixed at its constant value."""
    origin = np.eye(4) if joint.origin is None or _misplacement(joint) else joint.origin
    if joint.type not in MOVABLE:
        return Joint("fixed", parent, origin, np.zeros(3), name=joint.name)
    if _has_no_axis(joint):
        return Joint("fixed", parent, origin, np.zeros(3), name=joint.name)
    kind = "slide" if joint.type == "prismatic" else "turn"
    axis, value = _axis(joint), values[joint.name]
    if value.source < 0:
        return Joint("fixed", parent, origin @ _motion(kind, axis, value.offset), np.zeros(3), name=joint.name)
    return Joint(kind, parent, origin, axis, value.source, value.scale, value.offset, joint.name)


def _misplacement(joint: yourdfpy.Joint) -> str:
    """What is wrong with a joint's origin, such that nothing can be drawn there; "" if nothing is."""
    if joint.origin is None:
        return ""
    if not np.isfinite(joint.origin).all():
        return "an origin that is not finite"
    if np.abs(joint.origin[:3, 3]).max() > FARTHEST:
        return f"its origin farther than the {FARTHEST:g} m that can be drawn"
    return ""


def _has_no_axis(joint: yourdfpy.Joint) -> bool:
    """Whether nothing can move along or about a joint's axis."""
    longest = FARTHEST if joint.type == "prismatic" else np.finfo(np.float64).max
    return not 0 < np.linalg.norm(joint.axis) <= longest


def _axis(joint: yourdfpy.Joint) -> np.ndarray:
    # yourdfpy moves a slide by its axis as written, and turns about the unit axis; agree with it.
    return joint.axis if joint.type == "prismatic" else joint.axis / np.linalg.norm(joint.axis)


def _motion(kind: str, axis: np.ndarray, value: float) -> np.ndarray:
    """The (4, 4) motion of a joint at a value [rad or m]."""
    if kind == "slide":
        return transformations.translation_matrix(value * axis)
    return transformations.rotation_matrix(value, axis)


def _limits(joint: yourdfpy.Joint) -> tuple[float, float]:
    limit = joint.limit
    if joint.type == "continuous" or limit is None or limit.lower is None or limit.upper is None:
        return (-np.inf, np.inf)
    return (limit.lower, limit.upper)


def _effort(joint: yourdfpy.Joint) -> float:
    """The greatest torque or force; zero and less are what exporters write that know of none."""
    effort = None if joint.limit is None else joint.limit.effort
    return effort if effort is not None and effort > 0 else np.inf


def _speed(joint: yourdfpy.Joint) -> float:
    """The greatest speed; zero and less, and what no joint reaches, are what exporters write that know of none."""
    speed = None if joint.limit is None else joint.limit.velocity
    return speed if speed is not None and 0 < speed < _ANY_SPEED else np.inf


def _problems(joints: Sequence[yourdfpy.Joint]) -> Iterator[str]:
    """A sentence for each joint that is understood only in part."""
    names = {joint.name for joint in joints}
    for joint in joints:
        misplacement = _misplacement(joint)
        if misplacement:
            yield f"Joint '{joint.name}' has {misplacement}: its link stays at that of its parent."
        if joint.type in UNSUPPORTED:
            yield f"Joint '{joint.name}' is {joint.type}, which is not recorded: it stays at its origin."
        elif joint.type not in (*MOVABLE, "fixed"):
            kind = f"is of the unknown type '{joint.type}'" if joint.type else "has no type"
            yield f"Joint '{joint.name}' {kind}: it stays at its origin. Known types: {listing(_KNOWN)}."
        elif joint.type in MOVABLE and _has_no_axis(joint):
            axis = " ".join(f"{number:g}" for number in joint.axis)
            yield f"Joint '{joint.name}' has no axis that it can move on ({axis}): it stays at its origin."
        elif joint.mimic is not None and joint.mimic.joint not in names:
            yield f"Joint '{joint.name}' mimics '{joint.mimic.joint}', which is not in the URDF: it does not move."
        elif joint.mimic is not None and not _is_usable(joint.mimic):
            numbers = f"multiplier {joint.mimic.multiplier:g} and offset {joint.mimic.offset:g}"
            yield f"Joint '{joint.name}' mimics '{joint.mimic.joint}' with {numbers}: it does not move."
