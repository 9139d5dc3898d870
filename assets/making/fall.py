"""A push and the fall after it: the whole robot as one rigid body on springy contacts, its legs moved as prescribed.

Not a simulator: the legs have no weight of their own in it, and the joints follow their targets whatever the ground
does, except that a leg whose foot is pressed into the ground gives way until the foot lies on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replay_viewer import rotations

from .dimensions import FOOT_RADIUS, HIP_OFFSET, THIGH
from .gait import CONTROL_DT, Motion
from .legs import along_leg, beside_hip, feet, joints_for

MASS = 13.5
GRAVITY = 9.81
# Of the whole robot, standing, about its middle [kg m^2].
INERTIA = np.array([0.21, 0.42, 0.52])
SUBSTEPS = 50
FRICTION = 0.8
JOINT_RATE = 11.0
"""How fast joints follow their targets: both poles of a critically damped lag [1/s]."""

# Balls that touch the ground: feet, knees, the rims of the pitch motors' caps, then the corners of trunk and head.
_RIM = np.arange(6) * np.pi / 3
_TRUNK = [(x, y, z) for x in (-0.19, 0.19) for y in (-0.03, 0.03) for z in (-0.02, 0.03)]
_TRUNK += [(x, y, z) for x in (-0.11, 0.11) for y in (-0.064, 0.064) for z in (-0.034, 0.046)]
_HEAD = [(0.259, y, z) for y in (-0.040, 0.040) for z in (0.002, 0.034)]
_CORNERS = np.array(_TRUNK + _HEAD)
_COUNTS = (4, 4, 4 * len(_RIM), len(_CORNERS))
_RADII = np.repeat([FOOT_RADIUS, 0.028, 0.006, 0.029], _COUNTS)
_STIFFNESS = np.repeat([4.5e3, 4e4, 4e4, 4e4], _COUNTS)
_DAMPING = np.repeat([140.0, 420.0, 420.0, 420.0], _COUNTS)
FEET, KNEES, RIMS, TRUNK = (slice(e - c, e) for c, e in zip(_COUNTS, np.cumsum(_COUNTS), strict=True))


@dataclass(frozen=True)
class Push:
    """A shove: what it adds to the velocity along and across the heading [m/s] and to the roll rate [rad/s].

    It acts evenly for `seconds`.
    """

    velocity: tuple[float, float]
    roll_rate: float
    seconds: float = 0.08


@dataclass(frozen=True)
class Fall:
    """motion: states from the push on. forces (S, P, 3): mean ground reaction on each ball in that step [N], world."""

    motion: Motion
    forces: np.ndarray

    @property
    def legs_down(self) -> np.ndarray:
        """Whether a thigh or calf, but for its foot, is on the ground, (S, 4)."""
        normal = self.forces[..., 2]
        return (normal[:, KNEES] > 0.1) | (normal[:, RIMS].reshape(len(normal), len(_RIM), 4) > 0.1).any(axis=1)


@dataclass
class _Body:
    position: np.ndarray
    wxyz: np.ndarray
    velocity: np.ndarray
    spin: np.ndarray
    joints: np.ndarray
    joint_velocity: np.ndarray


def fall(before: Motion, push: Push, braced: np.ndarray, limp: np.ndarray, seconds: float) -> Fall:
    """What follows `before`'s last state when the robot is pushed, for `seconds`.

    braced (4, 3): joint targets for the first 0.35 s, limp (4, 3): those after it [rad].
    """
    body = _start(before)
    heading = rotations.from_rpy(np.zeros(()), np.zeros(()), rotations.yaw(body.wxyz))
    shove = rotations.rotate(heading, np.array([*push.velocity, 0.0])) / push.seconds
    twist = rotations.rotate(heading, np.array([push.roll_rate, 0.0, 0.0])) / push.seconds
    dt = CONTROL_DT / SUBSTEPS
    states, forces = [], []
    for step in range(round(seconds / CONTROL_DT)):
        total = np.zeros((len(_RADII), 3))
        for substep in range(SUBSTEPS):
            now = step * CONTROL_DT + substep * dt
            pushed = now < push.seconds
            total += _advance(body, dt, braced if now < 0.35 else limp, (shove, twist) if pushed else None)
        states.append((body.position.copy(), body.wxyz.copy(), body.joints.copy()))
        forces.append(total / SUBSTEPS)
    return Fall(_settled(before, states, np.stack(forces)), np.stack(forces))


def _start(before: Motion) -> _Body:
    """The moving body at the end of `before`."""
    turn = rotations.multiply(before.base_wxyz[-1], rotations.conjugate(before.base_wxyz[-2]))
    return _Body(
        before.base_pos[-1].copy(),
        before.base_wxyz[-1].copy(),
        (before.base_pos[-1] - before.base_pos[-2]) / CONTROL_DT,
        rotations.to_rotation_vector(turn) / CONTROL_DT,
        before.joints[-1].copy(),
        (before.joints[-1] - before.joints[-2]) / CONTROL_DT,
    )


def _advance(body: _Body, dt: float, targets: np.ndarray, push: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
    """One substep, semi-implicit Euler; returns the force on each ball (P, 3)."""
    points_before = balls(body.joints)
    pull = JOINT_RATE**2 * (targets - body.joints) - 2 * JOINT_RATE * body.joint_velocity
    body.joint_velocity = body.joint_velocity + dt * pull
    body.joints = body.joints + dt * body.joint_velocity
    points = balls(body.joints)
    arms = rotations.rotate(body.wxyz, points)
    moving = rotations.rotate(body.wxyz, (points - points_before) / dt)
    force = _contact(body.position + arms, body.velocity + np.cross(body.spin, arms) + moving)
    shove, twist = push or (np.zeros(3), np.zeros(3))
    torque = rotations.rotate(rotations.conjugate(body.wxyz), np.cross(arms, force).sum(axis=0))
    spin = rotations.rotate(rotations.conjugate(body.wxyz), body.spin + dt * twist)
    spin = spin + dt * (torque - np.cross(spin, INERTIA * spin)) / INERTIA
    body.spin = rotations.rotate(body.wxyz, spin)
    body.velocity = body.velocity + dt * (force.sum(axis=0) / MASS + shove - [0, 0, GRAVITY])
    body.position = body.position + dt * body.velocity
    body.wxyz = rotations.normalize(rotations.multiply(rotations.from_rotation_vector(dt * body.spin), body.wxyz))
    return force


def balls(joints: np.ndarray) -> np.ndarray:
    """Middles of the balls in the base frame, (P, 3), for joints (4, 3)."""
    rims = [beside_hip(joints, 0.033 * np.cos(a), HIP_OFFSET + 0.026, 0.033 * np.sin(a)) for a in _RIM]
    return np.concatenate([feet(joints), along_leg(joints, THIGH), *rims, _CORNERS])


def _contact(at: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Spring, damper and sliding friction of each ball on the ground z = 0, (P, 3)."""
    depth = np.maximum(_RADII - at[:, 2], 0)
    # Damping grows with depth over the first millimetre, so that touching starts without a jump.
    normal = np.maximum(_STIFFNESS * depth - _DAMPING * np.minimum(depth / 1e-3, 1) * velocity[:, 2], 0)
    sliding = velocity[:, :2]
    speed = np.linalg.norm(sliding, axis=-1, keepdims=True)
    force = np.empty_like(at)
    force[:, :2] = -FRICTION * normal[:, None] * sliding / np.maximum(speed, 0.08)
    force[:, 2] = normal
    return force


def _settled(before: Motion, states: list[tuple[np.ndarray, ...]], forces: np.ndarray) -> Motion:
    """The states as a Motion in which nothing is pressed into the ground: legs give way, then the body is lifted."""
    base_pos, base_wxyz, joints = (np.stack(column) for column in zip(*states, strict=True))
    world = base_pos[:, None] + rotations.rotate(base_wxyz[:, None], feet(joints))
    pressed = world[..., 2] < FOOT_RADIUS
    world[..., 2] = np.maximum(world[..., 2], FOOT_RADIUS)
    into_base = rotations.rotate(rotations.conjugate(base_wxyz)[:, None], world - base_pos[:, None])
    joints = np.where(pressed[..., None], joints_for(into_base), joints)
    for step in range(len(joints)):
        heights = base_pos[step, 2] + rotations.rotate(base_wxyz[step], balls(joints[step]))[:, 2]
        base_pos[step, 2] += max(0.0, float(np.max(_RADII - heights)))
    command = np.repeat(before.command[-1:], len(joints), axis=0)
    return Motion(base_pos, base_wxyz, joints, command, forces[:, FEET, 2] > 1.0)
