"""Differences: how far other takes are from the one that leads, as numbers at the same time.

Joints and links are matched by name. Where one of both has no value, or waits, there is none: NaN. A mean leaves out
what has none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..robot import Robot
from ..rollout.rollout import Rollout
from ..rollout.spread import Read
from ..rotations import normalize, yaw
from .sampling import Between, on_arc, on_line, sampled, wrapped
from .take import Take
from .world import World

# Those that are the same in fewer links are other robots, of which one has a name of the other by chance.
_LEAST_LINKS = 2

# What the joints of a kind are measured in, and what a mean of them is called.
_KINDS = {"turn": ("rad", "joints"), "slide": ("m", "sliding joints"), "": ("rad or m", "joints")}


@dataclass(frozen=True)
class Difference:
    """One thing in which takes differ from the lead.

    Attributes:
        name: unique in a world.
        label: for people.
        components: names of the C numbers.
        unit: of all of them.
        read: gives them (S, C), float64, of a take of a world at some of the lead's steps.
        is_of_places: whether it depends on where takes stand, which is as recorded or from one place.
        is_costly: whether it takes kinematics, so that of very long episodes not all steps should be asked for.
    """

    name: str
    label: str
    components: tuple[str, ...]
    unit: str
    read: Callable[[World, Take, range], np.ndarray]
    is_of_places: bool = False
    is_costly: bool = False


def differences(world: World) -> tuple[Difference, ...]:
    """All that can be told of the first robots of the takes: of their bases, then of joints and links they share."""
    joints, links = _shared(world, _joint_columns), _shared(world, _body_links)
    found = [
        Difference("base_distance", "difference of bases: distance", ("base",), "m", base_distance, is_of_places=True),
        Difference("heading", "difference of headings", ("heading",), "rad", heading_difference),
    ]
    for kind, names in _by_kind(world.lead, joints).items():
        unit, what = _KINDS[kind]
        found.append(
            Difference(f"{kind}_rms", f"difference of {what}: RMS", (f"{what}, RMS",), unit, _root_mean_square(names))
        )
    if joints:
        units = {_KINDS[kind][0] for kind in _by_kind(world.lead, joints)}
        unit = units.pop() if len(units) == 1 else _KINDS[""][0]
        found.append(Difference("joints", "difference of each joint", joints, unit, joint_differences(joints)))
    if len(links) >= _LEAST_LINKS:
        mean, each = _mean_distance(links), link_distances(links)
        label = "difference of links: mean distance"
        found.append(Difference("links_mean", label, ("links, mean",), "m", mean, is_of_places=True, is_costly=True))
        label = "difference of each link: distance"
        found.append(Difference("links", label, links, "m", each, is_of_places=True, is_costly=True))
    return tuple(found)


# -- what differs --------------------------------------------------------------


def base_distance(world: World, take: Take, steps: range) -> np.ndarray:
    """How far the base is from the lead's [m], (S, 1), where both are compared: see `World.offsets_compared`."""
    gap = _of_take(world, take, steps, _base_pos, on_line) - _of_take(world, world.lead, steps, _base_pos, on_line)
    return _length(gap + _offset(world, take))[:, None]


def heading_difference(world: World, take: Take, steps: range) -> np.ndarray:
    """How far the base is turned to the left of the lead's, about the world's z axis [rad], (S, 1), within pi."""
    headings = [yaw(_of_take(world, each, steps, _base_wxyz, on_arc)) for each in (take, world.lead)]
    return wrapped(headings[0] - headings[1], 2 * math.pi)[:, None]


def joint_differences(names: Sequence[str]) -> Callable[[World, Take, range], np.ndarray]:
    """Gives by how much joints are beyond the lead's [rad or m], (S, J)."""

    def read(world: World, take: Take, steps: range) -> np.ndarray:
        values = (
            _of_take(world, each, steps, lambda each: _joints(each, names), on_line) for each in (take, world.lead)
        )
        return np.subtract(*values)

    return read


def link_distances(names: Sequence[str]) -> Callable[[World, Take, range], np.ndarray]:
    """Gives how far links are from the lead's [m], (S, L), where both are compared."""

    def read(world: World, take: Take, steps: range) -> np.ndarray:
        places = (
            _of_take(world, each, steps, lambda each: _links(each, names), on_line) for each in (take, world.lead)
        )
        return _length(np.subtract(*places).reshape(len(steps), -1, 3) + _offset(world, take))

    return read


def _root_mean_square(names: Sequence[str]) -> Callable[[World, Take, range], np.ndarray]:
    read_each = joint_differences(names)
    return lambda world, take, steps: np.sqrt(_mean(read_each(world, take, steps) ** 2))


def _mean_distance(names: Sequence[str]) -> Callable[[World, Take, range], np.ndarray]:
    read_each = link_distances(names)
    return lambda world, take, steps: _mean(read_each(world, take, steps))


def _mean(values: np.ndarray) -> np.ndarray:
    """Over the columns that have a value, (S, 1)."""
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return sums / known.sum(axis=1, keepdims=True)


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("...i,...i->...", vectors, vectors))


# -- values of a take ----------------------------------------------------------


def _of_take(world: World, take: Take, steps: range, reader: Callable[[Take], Read], between: Between) -> np.ndarray:
    """Values (S, C) of a take at the lead's steps."""
    return sampled(take.replay.rollout, take.env_index, reader(take), world.positions_of(take, steps), between)


def _base_pos(take: Take) -> Read:
    return _finite(f"{_first(take)}.base_pos")


def _base_wxyz(take: Take) -> Read:
    field = f"{_first(take)}.base_wxyz"

    def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
        values = _finite(field)(rollout, steps, envs)
        is_rotation = np.isfinite(values).all(axis=-1, keepdims=True) & values.any(axis=-1, keepdims=True)
        return np.where(is_rotation, normalize(values), np.nan)

    return read


def _joints(take: Take, names: Sequence[str]) -> Read:
    """Positions of joints; NaN for one that the take does not have."""
    columns = _joint_columns(take)
    known = [place for place, name in enumerate(names) if name in columns]

    def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
        values = np.full((_count(steps), len(envs), len(names)), np.nan)
        if known:
            recorded = _finite(f"{_first(take)}.joint_pos")(rollout, steps, envs)
            values[..., known] = recorded[..., [columns[names[place]] for place in known]]
        return values

    return read


def _links(take: Take, names: Sequence[str]) -> Read:
    """World positions of links, three columns each; NaN for one that the take does not have, or that hangs on one."""
    entity, robot, places = _first(take), _robot(take), _body_links(take)
    columns = _joint_columns(take)
    driven = [joint for joint, name in enumerate(robot.joint_names) if name in columns]
    known = [place for place, name in enumerate(names) if name in places]

    def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
        shape = (_count(steps), len(envs))
        joint_pos = np.zeros((*shape, robot.num_joints))
        if driven:
            recorded = _finite(f"{entity}.joint_pos")(rollout, steps, envs)
            joint_pos[..., driven] = recorded[..., [columns[robot.joint_names[joint]] for joint in driven]]
        base_pos, base_wxyz = (part(take)(rollout, steps, envs) for part in (_base_pos, _base_wxyz))
        positions, _ = robot.forward_kinematics(joint_pos, base_pos, base_wxyz, bodies_only=True)
        values = np.full((*shape, len(names), 3), np.nan)
        values[..., known, :] = positions[..., [places[names[place]] for place in known], :]
        return values.reshape(*shape, -1)

    return read


def _finite(field: str) -> Read:
    """A field as shown, float64, with NaN for what is not finite."""

    def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
        values = rollout.read_shown(field, steps, envs).astype(np.float64)
        return np.where(np.isfinite(values), values, np.nan)

    return read


def _count(steps: slice) -> int:
    return len(range(steps.start, steps.stop, steps.step or 1))


def _offset(world: World, take: Take) -> np.ndarray:
    return world.offsets_compared[world.others.index(take)]


# -- what takes share ----------------------------------------------------------


def _shared(world: World, places: Callable[[Take], dict[str, int]]) -> tuple[str, ...]:
    """Names that the lead has and another take too, in the lead's order."""
    of_others = {name for take in world.others for name in places(take)}
    return tuple(name for name in places(world.lead) if name in of_others)


def _joint_columns(take: Take) -> dict[str, int]:
    """Where the joints of the first robot are in what is recorded, by name; made-up names are the robot's by place."""
    entity = take.replay.rollout.entities[_first(take)]
    if f"{entity.name}.joint_pos" not in take.replay.rollout.fields:
        return {}
    names = entity.joint_names if entity.joints_named else _robot(take).joint_names
    return {name: column for column, name in enumerate(names)} if len(names) == len(entity.joint_names) else {}


def _body_links(take: Take) -> dict[str, int]:
    """The links of the first robot that move, by name."""
    robot = _robot(take)
    return {name: link for link, name in enumerate(robot.link_names[: robot.num_bodies])}


def _by_kind(lead: Take, joints: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Joints by what they do, those of unknown kind last."""
    kinds = {joint.name: joint.kind for joint in _robot(lead).joints if joint.kind in _KINDS}
    groups = {kind: tuple(name for name in joints if kinds.get(name, "") == kind) for kind in _KINDS}
    return {kind: names for kind, names in groups.items() if names}


def _first(take: Take) -> str:
    return next(iter(take.replay.rollout.entities))


def _robot(take: Take) -> Robot:
    return take.replay.robots[_first(take)]
