"""The order of recorded quaternions, by evidence from the motion.

Read in the wrong order, a quaternion is still a unit quaternion and changes as smoothly, so neither tells anything.
An upright robot's heading becomes a tilt: stored as xyzw and read as wxyz, it tilts by its yaw; the other way round by
180 degrees minus its yaw. So at one particular heading both readings are upright, and only what happens over time, and
other recorded signals, can decide. Where they do not, xyzw (Isaac Gym) is assumed and called so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ... import rotations
from ...rollout.rollout import Verdict
from ..format import QuatOrder
from .columns import Column
from .layout import of_agent
from .motion import Joints, RobotPose, to_wxyz

if TYPE_CHECKING:
    from ...robot import Robot

ORDERS: tuple[QuatOrder, QuatOrder] = ("xyzw", "wxyz")
_TOPIC = "quaternion order"
_MAX_SAMPLES = 50_000
_MAX_SAMPLED_ENVS = 128
_UPRIGHT_DEG = 30.0
_CLEAR_TILT_DEG, _SLIGHT_TILT_DEG = 10.0, 5.0
_MIN_SPEED = 0.1  # [m/s]
_MIN_MOVING_STEPS = 50
_MAX_KINEMATICS = 128  # Samples whose forward kinematics are computed.
_FLAT_GROUND = 0.08  # [m]
# What hangs on a joint keeps its place to within so much [m]; in the wrong order it moves so many times as far.
_RIGID, _MUCH_LESS_RIGID = 0.003, 3.0
_MAX_RIGID_BODIES = 64


@dataclass(frozen=True)
class PoseSamples:
    """Pairs of neighbouring steps within episodes, over all envs and agents, S of them.

    Attributes:
        pos: (S, 3) [m], of the base at the first step of each pair.
        next_pos: (S, 3) [m], at the second.
        quat: (S, 4), unit, in the file's order, at the first.
        next_quat: (S, 4), at the second.
        env: (S,) ints, one per robot.
        control_dt: [s] between two steps.
        ang_vel: (S, 3) [rad/s], at the first, in the world's or the base's frame, or None.
        lowest: a function from base_wxyz (S', 4) and the rows (S',) of the samples to the height [m] of the robot's
            lowest point (S',), or None.
    """

    pos: np.ndarray
    next_pos: np.ndarray
    quat: np.ndarray
    next_quat: np.ndarray
    env: np.ndarray
    control_dt: float
    ang_vel: np.ndarray | None = None
    lowest: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None

    def wxyz(self, order: QuatOrder) -> np.ndarray:
        return to_wxyz(self.quat, order)


@dataclass(frozen=True)
class Evidence:
    """What one kind of evidence says.

    Attributes:
        text: the numbers.
        order: for which they speak.
        strength: "none" where they do not tell the orders apart.
    """

    text: str
    order: QuatOrder = "xyzw"
    strength: Literal["clear", "slight", "none"] = "none"


def find_order(samples: PoseSamples) -> tuple[QuatOrder, Verdict]:
    """The order of the file's quaternions and how that is known.

    Clear evidence that agrees decides. Slight evidence from two sides can only confirm xyzw, the usual order.
    """
    if not len(samples.pos):
        return ORDERS[0], Verdict(_TOPIC, ORDERS[0], "Isaac Gym's order, because no step has a rotation", "assumed")
    kinds = (tilt, turning, heading, spin, ground)
    evidence = [kind(samples) for kind in kinds]
    reason = "; ".join(e.text for e in evidence if e.text)
    clear: list[QuatOrder] = [e.order for e in evidence if e.strength == "clear"]
    slight: list[QuatOrder] = [e.order for e in evidence if e.strength == "slight"]
    if len(set(clear)) == 1:
        return clear[0], Verdict(_TOPIC, clear[0], reason, "found")
    if not clear and len(slight) > 1 and set(slight) == {"xyzw"}:
        return ORDERS[0], Verdict(_TOPIC, ORDERS[0], reason, "found")
    why = "the evidence contradicts itself" if clear else "nothing tells the two orders apart clearly"
    return ORDERS[0], Verdict(_TOPIC, ORDERS[0], f"Isaac Gym's order, because {why}: {reason}", "assumed")


def stated_order(order: QuatOrder) -> tuple[QuatOrder, Verdict]:
    """The order as the user states it."""
    return order, Verdict(_TOPIC, order, "as you say", "stated")


def rigid_order(pos: np.ndarray, quat: np.ndarray) -> tuple[QuatOrder, Verdict]:
    """The order by what is rigid: bodies that hang on another by a joint keep their place in its frame.

    Args:
        pos: (S, B, 3) [m], of several bodies of a robot.
        quat: (S, B, 4), theirs, in the file's order.
    """
    drift = _for_orders(lambda order: _least_drift(pos, to_wxyz(quat, order)))
    best, other = _ranked(drift)
    text = f"bodies keep their place in the frame of others to within {1000 * drift['wxyz']:.1f} mm as wxyz"
    text += f", {1000 * drift['xyzw']:.1f} mm as xyzw"
    if drift[best] < _RIGID and drift[other] > _MUCH_LESS_RIGID * drift[best] + _RIGID:
        return best, Verdict(_TOPIC, best, text, "found")
    return "wxyz", Verdict(_TOPIC, "wxyz", f"the order of such files; {text}", "assumed")


def _least_drift(pos: np.ndarray, wxyz: np.ndarray) -> float:
    """How far a body moves in the frame of the one in which it rests best [m], on average over all bodies but one.

    The median over the bodies, of which some may hang on none of the others.
    """
    finite = np.isfinite(pos).all(axis=(1, 2)) & np.isfinite(wxyz).all(axis=(1, 2))
    pos, inverse = pos[finite], rotations.conjugate(rotations.normalize(wxyz[finite]))
    if len(pos) < 2 or pos.shape[1] < 2:
        return 0.0
    least = []
    for body in range(min(pos.shape[1], _MAX_RIGID_BODIES)):
        in_frames = rotations.rotate(inverse, pos[:, body, None] - pos)  # (S, B, 3), of this body in each frame.
        drift = np.linalg.norm(in_frames - in_frames.mean(axis=0), axis=-1).mean(axis=0)
        least.append(float(np.delete(drift, body).min()))
    return float(np.median(least))


def draw_samples(
    poses: Sequence[RobotPose],
    joints: Joints,
    ang_vel: Column | None,
    jumps: np.ndarray,
    control_dt: float,
    robot: Robot | None,
) -> PoseSamples:
    """Pairs of neighbouring steps, evenly over steps and envs, without those between which the base jumps.

    Args:
        poses: the robots.
        joints: theirs, for the robot's kinematics.
        ang_vel: (T, N[, A], 3), or None.
        jumps: keys `env * T + step`.
        control_dt: seconds per step.
        robot: that is drawn of each, or None.
    """
    num_steps, num_envs = poses[0].pos.shape[:2]
    envs = np.unique(np.linspace(0, num_envs - 1, min(num_envs, _MAX_SAMPLED_ENVS)).astype(int))
    stride = max(1, num_steps * len(envs) * len(poses) // _MAX_SAMPLES)
    steps = slice(0, max(1, num_steps - 1), stride)
    signals = [_signals_of(pose, joints, ang_vel, steps, envs.tolist()) for pose in poses]
    rows = {name: np.concatenate([of_robot[name] for of_robot in signals]) for name in signals[0]}
    keys = envs * num_steps + np.arange(num_steps)[steps][:, None]
    has_rotation = np.any(rows["quat"] != 0, axis=-1) & np.any(rows["next_quat"] != 0, axis=-1)
    usable = has_rotation & np.tile(~np.isin(keys, jumps).ravel(), len(poses))
    env = (np.arange(len(poses))[:, None, None] * num_envs + np.broadcast_to(envs, keys.shape)).ravel()
    kept = {name: values[usable] for name, values in rows.items()}
    for name in ("quat", "next_quat"):
        kept[name] = rotations.normalize(kept[name])
    lowest = None if robot is None else _lowest_of(robot, joints, kept)
    kept.pop("joint_pos", None)
    return PoseSamples(**kept, env=env[usable], control_dt=control_dt, lowest=lowest)


def tilt(samples: PoseSamples) -> Evidence:
    """Mean angle between the base's z axis and up, while the base is not near the ground: legged robots are upright."""
    standing = _standing(samples)
    tilts = _for_orders(lambda order: float(np.mean(_tilt_degrees(samples.wxyz(order)[standing]))))
    best, other = _ranked(tilts)
    text = f"mean tilt of the base is {tilts['xyzw']:.1f} deg as xyzw and {tilts['wxyz']:.1f} deg as wxyz"
    gap = tilts[other] - tilts[best]
    if tilts[best] > _UPRIGHT_DEG or gap < _SLIGHT_TILT_DEG or tilts[other] < 2 * tilts[best]:
        return Evidence(text)
    return Evidence(text, best, "clear" if gap > _CLEAR_TILT_DEG else "slight")


def turning(samples: PoseSamples) -> Evidence:
    """Robots that turn keep moving in much the same direction of their body, forwards or not, in the right order.

    In the wrong one an upright robot's heading stays where it is, so that robots which drift one way while they spin
    speak for it: slight evidence.
    """
    moving = _moving(samples)
    if np.count_nonzero(moving) < _MIN_MOVING_STEPS:
        return Evidence("")
    step = (samples.next_pos - samples.pos)[moving]
    direction = step / np.linalg.norm(step, axis=-1, keepdims=True)
    steady = _for_orders(lambda order: _steadiness(direction, samples.wxyz(order)[moving], samples.env[moving]))
    best, other = _ranked(steady, largest=True)
    text = f"steadiness of the travel in the body's frame is {steady['xyzw']:.2f} as xyzw, {steady['wxyz']:.2f} as wxyz"
    is_telling = steady[best] > 0.8 and steady[best] - steady[other] > 0.25
    return Evidence(text, best, "slight") if is_telling else Evidence(text)


def heading(samples: PoseSamples) -> Evidence:
    """Robots mostly walk forwards; but some walk backwards, so that this is slight evidence at best."""
    moving = _moving(samples)
    if np.count_nonzero(moving) < _MIN_MOVING_STEPS:
        return Evidence("the base hardly moves")
    step = (samples.next_pos - samples.pos)[moving]
    travel = np.arctan2(step[:, 1], step[:, 0])
    cosines = _for_orders(lambda order: float(np.mean(np.cos(travel - rotations.yaw(samples.wxyz(order)[moving])))))
    best, other = _ranked(cosines, largest=True)
    text = f"cosine of heading to travel is {cosines['xyzw']:.2f} as xyzw, {cosines['wxyz']:.2f} as wxyz"
    is_telling = cosines[best] > 0.7 and cosines[best] - cosines[other] > 0.7
    return Evidence(text, best, "slight") if is_telling else Evidence(text)


def spin(samples: PoseSamples) -> Evidence:
    """The recorded angular velocity, in whichever frame fits better, against the change of rotation."""
    ang_vel = samples.ang_vel
    if ang_vel is None:
        return Evidence("")
    alike = _for_orders(
        lambda order: _likeness_of_spin(ang_vel, samples.wxyz(order), to_wxyz(samples.next_quat, order))
    )
    best, other = _ranked(alike, largest=True)
    text = f"likeness of rotation and angular velocity is {alike['xyzw']:.2f} as xyzw, {alike['wxyz']:.2f} as wxyz"
    is_clear = alike[best] > 0.7 and alike[best] - alike[other] > 0.3
    return Evidence(text, best, "clear") if is_clear else Evidence(text)


def ground(samples: PoseSamples) -> Evidence:
    """The robot's lowest point, by forward kinematics, stays near one height while it stands on flat ground."""
    lowest = samples.lowest
    if lowest is None:
        return Evidence("")
    standing = np.flatnonzero(_standing(samples))
    rows = standing[:: max(1, len(standing) // _MAX_KINEMATICS)]
    spread = _for_orders(lambda order: float(np.ptp(np.percentile(lowest(samples.wxyz(order)[rows], rows), [10, 90]))))
    best, other = _ranked(spread)
    text = f"height of the lowest point varies by {spread['xyzw']:.3f} m as xyzw, {spread['wxyz']:.3f} m as wxyz"
    is_clear = spread[best] < _FLAT_GROUND and spread[other] > 2 * spread[best] + 0.05
    return Evidence(text, best, "clear") if is_clear else Evidence(text)


def _for_orders(score: Callable[[QuatOrder], float]) -> dict[QuatOrder, float]:
    """What each order scores."""
    return {order: score(order) for order in ORDERS}


def _ranked(values: dict[QuatOrder, float], largest: bool = False) -> list[QuatOrder]:
    """The orders, the better one first."""
    return sorted(values, key=lambda order: values[order], reverse=largest)


def _tilt_degrees(wxyz: np.ndarray) -> np.ndarray:
    cosine = 1 - 2 * (wxyz[..., 1] ** 2 + wxyz[..., 2] ** 2)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def _standing(samples: PoseSamples) -> np.ndarray:
    """Samples at which the base is high for its env, (S,) bool: a robot that fell on its side misleads."""
    height = samples.pos[:, 2]
    usual = np.zeros(int(samples.env.max(initial=0)) + 1)
    for env in np.unique(samples.env):
        usual[env] = np.percentile(height[samples.env == env], 95)
    standing = height > 0.7 * usual[samples.env]
    return standing if standing.any() else np.ones(len(height), dtype=bool)


def _moving(samples: PoseSamples) -> np.ndarray:
    step = samples.next_pos - samples.pos
    speed = np.linalg.norm(step[:, :2], axis=-1) / samples.control_dt
    return (speed > _MIN_SPEED) & _standing(samples)


def _steadiness(directions: np.ndarray, wxyz: np.ndarray, env: np.ndarray) -> float:
    """How much unit vectors (S, 3) of the world keep to one direction of the body: 1 if wholly.

    It is the length of their mean in the body's frame, taken per env and averaged over the samples.
    """
    in_body = rotations.rotate(rotations.conjugate(wxyz), directions)
    sums = np.stack([np.bincount(env, weights=in_body[:, axis]) for axis in range(3)], axis=-1)
    return float(np.linalg.norm(sums, axis=-1).sum() / len(directions))


def _likeness_of_spin(ang_vel: np.ndarray, now: np.ndarray, after: np.ndarray) -> float:
    """Likeness of the angular velocity and the rotation from `now` to `after`, in the frame where it is greater."""
    in_world = rotations.to_rotation_vector(rotations.multiply(after, rotations.conjugate(now)))
    in_body = rotations.to_rotation_vector(rotations.multiply(rotations.conjugate(now), after))
    return max(_likeness(ang_vel, in_world), _likeness(ang_vel, in_body))


def _likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Cosine between vectors (S, 3) and (S, 3), weighted by their lengths; their scales do not matter."""
    size = float(np.sum(np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)))
    return float(np.sum(a * b)) / size if size > 0 else 0.0


def _signals_of(
    pose: RobotPose, joints: Joints, ang_vel: Column | None, steps: slice, envs: list[int]
) -> dict[str, np.ndarray]:
    """One robot's signals at the sampled steps and at those after them, each (S, ...)."""
    last = pose.pos.shape[0] - 1
    later = slice(min(steps.start + 1, last), min(steps.stop, last) + 1, steps.step)
    columns = {
        "pos": (pose.pos, steps),
        "next_pos": (pose.pos, later),
        "quat": (pose.quat, steps),
        "next_quat": (pose.quat, later),
    }
    if ang_vel is not None:
        columns["ang_vel"] = (of_agent(ang_vel, pose.agent), steps)
    if "joint_pos" in joints.columns:
        columns["joint_pos"] = (of_agent(joints.columns["joint_pos"], pose.agent), steps)
    return {name: np.concatenate(column.read(window, envs)) for name, (column, window) in columns.items()}


def _lowest_of(
    robot: Robot, joints: Joints, rows: dict[str, np.ndarray]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The robot's lowest point at chosen rows of the samples, as a function of the rotation of its base."""
    from ...robot.joints import joint_values  # Imported already, with the robot.

    recorded = rows.get("joint_pos")
    joint_pos = joint_values(robot, joints.names, np.zeros((len(rows["pos"]), 0)) if recorded is None else recorded)

    def lowest(wxyz: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        return robot.lowest_point(joint_pos[chosen], rows["pos"][chosen], wxyz)

    return lowest
