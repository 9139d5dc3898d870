"""A trot by feedback: where feet step follows from the velocity, how hard they push from what the body shall do.

After M. H. Raibert, "Legged Robots That Balance" (1986): diagonal legs together; a foot lands ahead of its hip by half
the way that the body makes in a stance, and further by what it is too fast. Standing feet share the force that carries
the body and holds its height, attitude and velocity. Nothing here knows the ground: it is taken to be the plane through
the last footholds. All is numpy, for n robots at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from legs import Legs

from replay_viewer import rotations

GRAVITY = 9.81
PHASES = np.array([0.0, 0.5, 0.5, 0.0])
"""Of the legs FL, FR, RL, RR, in cycles."""
FRICTION = 0.6
"""How far a foot's push may lean, as tangential over normal force."""
FALLING = 0.6
"""A robot whose upward axis is less upright than this is not to be saved; its legs go limp."""
LIMP = 0.15
"""How stiff they are then, as a share of the joints' controllers."""


@dataclass(frozen=True)
class State:
    """Of n robots, in the world frame but for the joints.

    Attributes:
        base_pos, base_wxyz: (n, 3) [m] and (n, 4).
        lin_vel, ang_vel: of the base, (n, 3) [m/s, rad/s].
        joint_pos, joint_vel: (n, 12) [rad, rad/s].
    """

    base_pos: np.ndarray
    base_wxyz: np.ndarray
    lin_vel: np.ndarray
    ang_vel: np.ndarray
    joint_pos: np.ndarray
    joint_vel: np.ndarray


@dataclass(frozen=True)
class Gait:
    """What the trot is like.

    Attributes:
        period: of a foot's cycle [s].
        duty: share of it that a foot stands.
        height: of the base above its feet's centres [m].
        lift: of the feet [m].
    """

    period: float = 0.42
    duty: float = 0.56
    height: float = 0.28
    lift: float = 0.07


@dataclass(frozen=True)
class Gains:
    """How hard errors are corrected, as accelerations of the body.

    Attributes:
        velocity: forward, sideways [1/s].
        place: of a robot that stands, over its feet [1/s^2].
        height: [1/s^2, 1/s].
        tilt: roll and pitch [1/s^2, 1/s].
        turn: of the turn rate [1/s].
        step: how much further a foot lands for each m/s that the body is too fast [s].
        trim: how fast a lasting error of the velocity is made up for [1/s].
    """

    velocity: float = 6.0
    place: float = 40.0
    height: tuple[float, float] = (150.0, 20.0)
    tilt: tuple[float, float] = (200.0, 20.0)
    turn: float = 12.0
    step: float = 0.06
    trim: float = 0.8


@dataclass(frozen=True)
class Weight:
    """Of a robot that stands at ease.

    Attributes:
        mass: [kg].
        centre: of its mass in the base frame, (3,) [m].
        inertia: moments about the base frame's axes, (3,) [kg m^2].
    """

    mass: float
    centre: np.ndarray
    inertia: np.ndarray


class Trot:
    """Walks n robots of one kind.

        trot = Trot(legs, weight, num_robots=4, control_dt=0.02)
        joint_targets = trot.targets(state, command, kp=40.0, kd=1.0)

    Args:
        legs: their dimensions.
        weight: of one robot.
        num_robots: n.
        control_dt: seconds between two calls of `targets`.
        gait, gains: how they walk.

    Attributes:
        phase: of the gait, (n,) in cycles.
        stands: (n, 4) which feet shall stand, as of the last call of `targets`.
    """

    def __init__(
        self,
        legs: Legs,
        weight: Weight,
        num_robots: int,
        control_dt: float,
        gait: Gait | None = None,
        gains: Gains | None = None,
    ) -> None:
        self.legs, self.weight, self.control_dt = legs, weight, control_dt
        self.gait, self.gains = gait or Gait(), gains or Gains()
        self.phase = np.zeros(num_robots)
        self.stands = np.ones((num_robots, 4), bool)
        self._walks = np.zeros(num_robots, bool)
        self._is_new = np.ones(num_robots, bool)
        # What is added to the commanded velocity so that the real one becomes it, forward and leftward.
        self._trim = np.zeros((num_robots, 2))
        # World positions: of the feet when they last stood, and when they were last lifted.
        self._footholds = np.zeros((num_robots, 4, 3))

    def reset(self, ids: np.ndarray, phase: np.ndarray | float = 0.0) -> None:
        """These robots begin anew, standing, at this phase of the gait."""
        self.phase[ids], self._is_new[ids], self._walks[ids], self.stands[ids] = phase, True, False, True
        self._trim[ids] = 0

    def targets(self, state: State, command: np.ndarray, kp: float, kd: float) -> np.ndarray:
        """Joint targets (n, 12) [rad] for PD controllers with these gains, which brake against zero velocity.

        Args:
            state: now.
            command: forward and leftward velocity [m/s] and turn rate [rad/s], (n, 3).
            kp: of the joints' controllers [N m/rad].
            kd: of the same [N m s/rad].
        """
        body = _Body(self.legs, state, command)
        self._advance(body, command)
        body.hurry(self._trim)
        ground = _plane(self._footholds - state.base_pos[:, None])
        force = self._forces(body, ground)
        torque = -np.einsum("nlij,nli->nlj", body.jacobian, body.to_base(force))
        reach, speed = self._feet(body, ground)
        joints = self.legs.joints(reach)
        rates = np.linalg.solve(body.jacobian + 0.02 * np.eye(3), speed[..., None])[..., 0]
        targets = joints + (torque + kd * np.clip(rates, -15, 15)) / kp
        at_ease = self.legs.joints(self.legs.below_hips - [0.0, 0.0, 0.8 * self.gait.height])
        now = state.joint_pos.reshape(joints.shape)
        limp = now + LIMP * (at_ease - now)
        return np.where(body.up[:, 2, None, None] < FALLING, limp, targets).reshape(len(command), 12)

    def _advance(self, body: _Body, command: np.ndarray) -> None:
        """Go on in the gait: which feet stand now, and where."""
        astray = np.linalg.norm((body.feet - body.below_hips)[..., :2], axis=-1).max(axis=1) > 0.07
        wanted = np.linalg.norm(command, axis=1) > 0.05
        pushed = np.linalg.norm(body.lin_vel[:, :2] - body.wanted_vel[:, :2], axis=1) > 0.25
        # A robot that may stop does so when all its feet stand.
        self._walks = wanted | pushed | astray | (self._walks & ~self.stands.all(axis=1))
        self._walks &= ~self._is_new
        self.phase = np.where(self._walks, (self.phase + self.control_dt / self.gait.period) % 1, self.phase)
        self.stands = ~self._walks[:, None] | (self._leg_phases() < self.gait.duty)
        self._footholds = np.where((self.stands | self._is_new[:, None])[..., None], body.feet_at, self._footholds)
        self._is_new[:] = False
        missing = command[:, :2] - body.to_level(body.lin_vel)[:, :2]
        trim = self._trim + self.gains.trim * self.control_dt * missing
        self._trim = np.where(self._walks[:, None], np.clip(trim, -0.25, 0.25), 0.95 * self._trim)

    def _leg_phases(self) -> np.ndarray:
        return (self.phase[:, None] + PHASES) % 1

    def _forces(self, body: _Body, ground: np.ndarray) -> np.ndarray:
        """How each foot pushes the body, (n, 4, 3) [N] in the world frame: least squares over those that stand."""
        wrench = self._wrench(body, ground)
        load = np.where(self._walks[:, None], np.clip(8 * self._leg_phases() / self.gait.duty + 0.2, 0, 1), 1.0)
        load = load * self.stands
        arms = _cross_matrix(body.feet - rotations.rotate(body.wxyz, self.weight.centre)[:, None])
        spread = np.concatenate([np.broadcast_to(np.eye(3), arms.shape), arms], axis=2)
        shape = (len(wrench), 6, 12)
        spread = spread.transpose(0, 2, 1, 3).reshape(shape)
        weighted = spread * np.repeat(load, 3, axis=1)[:, None]
        slack = np.diag([0.02, 0.02, 0.01, 3e-4, 3e-4, 3e-4])
        force = np.linalg.solve(weighted @ spread.transpose(0, 2, 1) + slack, wrench[..., None])
        force = (weighted.transpose(0, 2, 1) @ force).reshape(-1, 4, 3)
        pressing = np.clip(force[..., 2:], 0, 2 * self.weight.mass * GRAVITY)
        along = force[..., :2]
        allowed = FRICTION * pressing / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9)
        return np.concatenate([along * np.minimum(1, allowed), pressing], axis=-1)

    def _wrench(self, body: _Body, ground: np.ndarray) -> np.ndarray:
        """Force and torque that the body wants, (n, 6) [N, N m] in the world frame."""
        gains, height = self.gains, -ground[:, 0]
        wanted_vel = body.wanted_vel.copy()
        wanted_vel[:, 2] = np.sum(ground[:, 1:] * wanted_vel[:, :2], axis=1)
        acceleration = gains.velocity * (wanted_vel - body.lin_vel)
        acceleration += np.where(self._walks, 0.0, gains.place)[:, None] * (body.feet - body.below_hips).mean(axis=1)
        rise, brake = gains.height
        acceleration[:, 2] = rise * (self.gait.height - height) + brake * (wanted_vel - body.lin_vel)[:, 2] + GRAVITY
        normal = np.concatenate([-0.8 * ground[:, 1:], np.ones((len(ground), 1))], axis=1)
        lean = np.cross(body.up, normal / np.linalg.norm(normal, axis=1, keepdims=True))
        stiffness, damping = gains.tilt
        turning = stiffness * lean - damping * body.ang_vel
        turning[:, 2] = gains.turn * (body.wanted_turn - body.ang_vel[:, 2])
        limited = np.clip(acceleration, [-5, -5, 0], [5, 5, 2.2 * GRAVITY])
        # Moments of inertia are those along the body's own axes.
        torque = rotations.rotate(
            body.wxyz, rotations.rotate(rotations.conjugate(body.wxyz), turning) * self.weight.inertia
        )
        return np.concatenate([self.weight.mass * limited, torque], axis=1)

    def _feet(self, body: _Body, ground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the feet shall be (n, 4, 3) [m] and their velocity [m/s], in the base frame."""
        place, velocity = self._swing(body, ground)
        swinging = ~self.stands[..., None]
        # Feet that stand are where they are; the body moves over them.
        velocity = body.to_base(np.where(swinging, velocity, 0.0) - body.vel_at(swinging))
        ahead = 0.5 * self.control_dt * velocity
        return np.where(swinging, body.to_base(place), body.feet_in_base) + ahead, velocity

    def _swing(self, body: _Body, ground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places of swinging feet relative to the base and their velocities, (n, 4, 3), in the world frame's axes."""
        gait = self.gait
        seconds = (1 - gait.duty) * gait.period
        share = np.clip((self._leg_phases() - gait.duty) / (1 - gait.duty), 0, 1)[..., None]
        lifted = self._footholds - body.pos[:, None]
        landing = self._landing(body, ground, (1 - share) * seconds)
        # A cycloid: it begins and ends without speed over the ground.
        angle = 2 * np.pi * share
        way, pace = share - np.sin(angle) / (2 * np.pi), (1 - np.cos(angle)) / seconds
        place, velocity = lifted + way * (landing - lifted), pace * (landing - lifted)
        place[..., 2:] += gait.lift * (1 - np.cos(angle)) / 2
        velocity[..., 2:] += gait.lift * np.pi * np.sin(angle) / seconds
        return place, velocity

    def _landing(self, body: _Body, ground: np.ndarray, left: np.ndarray) -> np.ndarray:
        """Where the feet land when so many seconds are left, (n, 4, 3) relative to the base."""
        stance = self.gait.duty * self.gait.period
        ahead = body.lin_vel * (0.5 * stance) + self.gains.step * (body.lin_vel - body.wanted_vel)
        # What turns with the body, over the rest of the swing and half a stance.
        turned = rotations.from_rpy(0 * left, 0 * left, body.wanted_turn[:, None, None] * (left + 0.5 * stance))[
            ..., 0, :
        ]
        under = rotations.rotate(turned, body.below_hips)
        place = under + np.clip(ahead, -0.16, 0.16)[:, None] + body.lin_vel[:, None] * left
        place[..., 2] = ground[:, :1] + np.einsum("ni,nli->nl", ground[:, 1:], place[..., :2]) - 0.008
        return place


class _Body:
    """A state and what follows from it."""

    def __init__(self, legs: Legs, state: State, command: np.ndarray) -> None:
        n = len(command)
        joints = state.joint_pos.reshape(n, 4, 3)
        self.pos, self.wxyz, self.lin_vel, self.ang_vel = state.base_pos, state.base_wxyz, state.lin_vel, state.ang_vel
        self.up = rotations.rotate(self.wxyz, np.array([0.0, 0.0, 1.0]))
        self._heading = heading = rotations.from_rpy(np.zeros(n), np.zeros(n), rotations.yaw(self.wxyz))
        self.feet_in_base, self.jacobian = legs.feet(joints), legs.jacobian(joints)
        # Feet and hips relative to the base, in the world's axes.
        self.feet = rotations.rotate(self.wxyz[:, None], self.feet_in_base)
        self.feet_at = self.feet + self.pos[:, None]
        self.below_hips = rotations.rotate(heading[:, None], legs.below_hips)
        flat = np.pad(command[:, :2], [(0, 0), (0, 1)])
        self.wanted_vel, self.wanted_turn = rotations.rotate(heading, flat), command[:, 2]

    def hurry(self, trim: np.ndarray) -> None:
        """Want a velocity that is greater by this much forward and leftward, (n, 2)."""
        self.wanted_vel += rotations.rotate(self._heading, np.pad(trim, [(0, 0), (0, 1)]))

    def to_level(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (n, 3) from the world's axes into those of the robot's heading."""
        return rotations.rotate(rotations.conjugate(self._heading), vectors)

    def to_base(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (n, 4, 3) from the world's axes into the base's."""
        return rotations.rotate(rotations.conjugate(self.wxyz)[:, None], vectors)

    def vel_at(self, swinging: np.ndarray) -> np.ndarray:
        """Velocity of the body at its feet, (n, 4, 3) [m/s]: the real one for those that swing, else the wanted one."""
        turn = np.zeros_like(self.ang_vel)
        turn[:, 2] = self.wanted_turn
        real = self.lin_vel[:, None] + np.cross(self.ang_vel[:, None], self.feet)
        wanted = self.wanted_vel[:, None] + np.cross(turn[:, None], self.feet)
        return np.where(swinging, real, wanted)


def _plane(points: np.ndarray) -> np.ndarray:
    """Height above the origin and slopes along x and y of the plane nearest to four points, (n, 4, 3) -> (n, 3)."""
    sides = np.concatenate([np.ones_like(points[..., :1]), points[..., :2]], axis=-1)
    squares = np.einsum("nli,nlj->nij", sides, sides) + np.diag([0.0, 0.01, 0.01])
    plane = np.linalg.solve(squares, np.einsum("nli,nl->ni", sides, points[..., 2])[..., None])[..., 0]
    return np.clip(plane, [-np.inf, -0.35, -0.35], [np.inf, 0.35, 0.35])


def _cross_matrix(vectors: np.ndarray) -> np.ndarray:
    """Matrices (..., 3, 3) that take the cross product with vectors (..., 3)."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*vectors.shape, 3)
