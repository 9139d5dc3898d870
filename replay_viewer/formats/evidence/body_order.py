"""The order of recorded bodies and joints, by forward kinematics of the robot against the bodies' recorded positions.

A file of poses of all bodies and of joint positions, without names, looks the same in any order; and what is trained
or drawn with joints in the wrong one is wrong without an error. With the robot at hand, each known order of its joints
puts its links somewhere: in the right one they lie where the file has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import listing
from ...rollout.rollout import Status, Verdict
from .body_samples import NEAR, BodySamples
from .joint_columns import find_columns

if TYPE_CHECKING:
    from ...robot import Robot
    from ...robot.orders import BodyOrder

# Another order has to be so many times farther off, and so much [m], to be told from the right one.
_MUCH_FARTHER, _LEAST_GAP = 3.0, 0.001
# What stated names of joints are called, among the orders.
_STATED = "as stated"


@dataclass(frozen=True)
class BodiesFound:
    """What is known of the bodies and joints.

    Attributes:
        base: which body is the robot's root.
        joint_names: in the file's order, or None where that is not known.
        verdicts: how that is known.
    """

    base: int
    joint_names: tuple[str, ...] | None
    verdicts: tuple[Verdict, ...]


def find_bodies(samples: BodySamples, robot: Robot | None, joint_names: Sequence[str] | None) -> BodiesFound:
    """Which body is the base, and which joint is in which column.

    Args:
        samples: of the file.
        robot: that will be drawn, or None.
        joint_names: in the file's order where they are stated: then they are checked only.
    """
    base = 1 if samples.first_is_world else 0
    stated = tuple(joint_names) if joint_names else None
    if robot is None or not len(samples.pos):
        return BodiesFound(base, stated, (_usual_base(samples, base), *_without_evidence(samples, stated)))
    from ...robot.orders import body_orders  # Imported already, with the robot.

    orders = body_orders(robot)
    tried = {_STATED: stated} if stated else _joint_orders(orders, samples.joint_pos.shape[1])
    fits = _fits(samples, robot, tried, base) if tried else []
    if not stated and (not fits or fits[0].mean > NEAR):
        return _by_columns(samples, robot, orders, base) or _unknown(samples, robot, fits, base)
    best = fits[0]
    verdicts = [_base_verdict(best, robot), _joint_verdict(fits, robot), *_body_verdict(best, samples, robot, orders)]
    return BodiesFound(best.base, best.joints if _is_told(fits) else stated, tuple(verdicts))


@dataclass(frozen=True)
class _Fit:
    """How the robot fits the file with one order of joints.

    Attributes:
        name: of the order.
        joints: in that order.
        base: which body its root is.
        distances: (B', L) [m], from each body from the base on to each link, on average over the samples.
    """

    name: str
    joints: tuple[str, ...]
    base: int
    distances: np.ndarray

    @property
    def mean(self) -> float:
        """From each body to the link that is nearest to it, on average [m]."""
        return float(self.distances.min(axis=1).mean())


def _by_columns(samples: BodySamples, robot: Robot, orders: Sequence[BodyOrder], base: int) -> BodiesFound | None:
    """What is found joint by joint, of a robot of other joints than the file's, or in an order that is not known."""
    found = find_columns(samples, robot, base)
    num_columns = samples.joint_pos.shape[1]
    if not found.joints:
        return None
    names = tuple(found.joints.get(column, f"joint_{column}") for column in range(num_columns))
    distances = _fit(samples, robot, "", base, names).distances
    first = samples.num_bodies - len(distances)
    mean = float(np.mean([distances[body - first, link] for link, body in found.bodies.items()]))
    if mean > NEAR:
        return None
    links = {body: robot.link_names[link] for link, body in found.bodies.items()}
    reason = f"{len(found.joints)} of {num_columns} columns have the angles between bodies; by forward kinematics of "
    reason += f"'{robot.name}' these bodies are {_millimetres(mean)} from the file's on average"
    is_all = len(found.joints) in (num_columns, robot.num_joints)
    in_order = [found.joints[column] for column in sorted(found.joints)]
    same = (order.name for order in orders if [name for name in order.all_joints if name in in_order] == in_order)
    order = next(same, "none that is known")
    bodies = f"{len(links)} of {samples.num_bodies} are links: {listing([links[body] for body in sorted(links)], 8)}"
    verdicts = (
        Verdict(
            "base",
            f"body {base}, '{robot.link_names[0]}'",
            "the robot's links hang on it as the file has them",
            "found",
        ),
        Verdict("joint order", f"{order}; found joint by joint", reason, "found" if is_all else "problem"),
        Verdict("body order", bodies, "found by the place in the frame of the body above", "found"),
    )
    return BodiesFound(base, names, verdicts)


def _unknown(samples: BodySamples, robot: Robot, fits: Sequence[_Fit], base: int) -> BodiesFound:
    """Where the robot is another one than the file's."""
    if fits:
        return BodiesFound(base, None, (_base_verdict(fits[0], robot), _joint_verdict(fits, robot)))
    return BodiesFound(base, None, (_usual_base(samples, base), _other_number(samples, robot)))


def _joint_orders(orders: Sequence[BodyOrder], num_joints: int) -> dict[str, tuple[str, ...]]:
    """By name, those orders of joints that have as many as the file and are not the same."""
    names: dict[tuple[str, ...], str] = {}
    for order in orders:
        for joints in (order.joints, order.all_joints):
            if len(joints) == num_joints:
                names.setdefault(joints, order.name)
    return {name: joints for joints, name in names.items()}


def _fits(samples: BodySamples, robot: Robot, orders: dict[str, tuple[str, ...]], base: int) -> list[_Fit]:
    """Of each order, the best one first; another body is taken for the base where the usual one fits none."""
    found = sorted((_fit(samples, robot, name, base, orders[name]) for name in orders), key=lambda fit: fit.mean)
    if found[0].mean <= NEAR:
        return found
    others = [body for body in range(samples.num_bodies) if body != base]
    elsewhere = [_fit(samples, robot, name, body, orders[name]) for name in orders for body in others]
    best = min((*elsewhere, found[0]), key=lambda fit: fit.mean)
    if best.mean > NEAR:
        return found
    return sorted((fit for fit in elsewhere if fit.base == best.base), key=lambda fit: fit.mean)


def _fit(samples: BodySamples, robot: Robot, name: str, base: int, joints: tuple[str, ...]) -> _Fit:
    from ...robot.joints import joint_values  # Imported already, with the robot.

    joint_pos = joint_values(robot, joints, samples.joint_pos)
    links, _ = robot.forward_kinematics(joint_pos, samples.pos[:, base], samples.wxyz[:, base])
    # The world, where it is counted, is no body of the robot.
    bodies = samples.pos[:, 1:] if samples.first_is_world and base else samples.pos
    apart = np.linalg.norm(bodies[:, :, None] - links[:, None], axis=-1)
    return _Fit(name, joints, base, apart.mean(axis=0))


def _is_told(fits: Sequence[_Fit]) -> bool:
    """Whether the first of the fits is near, and the others are not."""
    if fits[0].mean > NEAR:
        return False
    return len(fits) < 2 or fits[1].mean > max(_MUCH_FARTHER * fits[0].mean, fits[0].mean + _LEAST_GAP)


def _joint_verdict(fits: Sequence[_Fit], robot: Robot) -> Verdict:
    best, *others = fits
    figure = f"by forward kinematics of '{robot.name}' bodies are {_millimetres(best.mean)} from the file's on average"
    rest = "".join(f"; {fit.name}: {_millimetres(fit.mean)}" for fit in others)
    if _is_told(fits):
        status: Status = "found"
        return Verdict("joint order", best.name, figure + rest, status)
    if best.mean <= NEAR:
        reason = f"{figure}{rest}: the motion does not tell the orders apart"
        return Verdict("joint order", f"not known, perhaps {best.name}", reason, "assumed")
    reason = f"{figure}{rest}: the robot is another one, or the order is (--joint-names states it)"
    finding = "not as stated" if best.name == _STATED else "none that is known"
    return Verdict("joint order", finding, reason, "problem")


def _body_verdict(best: _Fit, samples: BodySamples, robot: Robot, orders: Sequence[BodyOrder]) -> list[Verdict]:
    """In which order the bodies are; nothing where the joints do not fit, so that nobody knows."""
    if best.mean > NEAR:
        return []
    rows = range(len(best.distances))
    known: dict[tuple[int, ...], str] = {}
    for order in orders:
        for links in (order.links, order.all_links):
            if len(links) == len(rows):
                known.setdefault(links, order.name)
    means = {name: float(best.distances[rows, list(links)].mean()) for links, name in known.items()}
    ranked = sorted(means, key=means.__getitem__)
    if ranked and means[ranked[0]] <= NEAR:
        name = ranked[0]
        others = "".join(f"; {other}: {_millimetres(means[other])}" for other in ranked[1:])
        reason = f"each of {len(rows)} bodies is {_millimetres(means[name])} from its link on average{others}"
        is_mixed = best.name in means and means[best.name] > max(_MUCH_FARTHER * means[name], means[name] + _LEAST_GAP)
        if is_mixed:
            reason += "; the joints are in another order than the bodies"
        return [Verdict("body order", name, reason, "problem" if is_mixed else "found")]
    nearest = [robot.link_names[link] for link in best.distances.argmin(axis=1)]
    finding = f"none that is known: {listing(nearest, 8)}"
    return [Verdict("body order", finding, "the link that is nearest to each body", "found")]


def _base_verdict(best: _Fit, robot: Robot) -> Verdict:
    near = best.mean <= NEAR
    reason = "the robot's other links then are where the file has them" if near else "it is the first, as usual"
    return Verdict("base", f"body {best.base}, '{robot.link_names[0]}'", reason, "found" if near else "assumed")


def _usual_base(samples: BodySamples, base: int) -> Verdict:
    reason = "body 0 rests at the origin: it is the world" if base else "the first body is the base in such files"
    return Verdict("base", f"body {base}", reason, "found" if samples.first_is_world else "assumed")


def _without_evidence(samples: BodySamples, joint_names: Sequence[str] | None) -> list[Verdict]:
    if joint_names:
        return []
    reason = "the file names no joints; with the robot (--urdf), forward kinematics tell it"
    if not len(samples.pos):
        reason = "the file names no joints, and no step of it has all bodies and joints"
    return [Verdict("joint order", "not known", reason, "assumed")]


def _other_number(samples: BodySamples, robot: Robot) -> Verdict:
    reason = f"the file has {samples.joint_pos.shape[1]} joints, '{robot.name}' has {robot.num_joints}"
    reason += ": give the robot that was recorded, or state --joint-names"
    return Verdict("joint order", "not known", reason, "problem")


def _millimetres(metres: float) -> str:
    return f"{1000 * metres:.1f} mm"
