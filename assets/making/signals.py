"""What a simulator would report of a motion: velocities, contact forces, torques, actions, each from its definition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replay_viewer import rotations

from .dimensions import CALF, THIGH
from .fall import GRAVITY, MASS
from .gait import CONTROL_DT, Motion
from .legs import jacobian
from .urdf import EFFORT

KP, KD, ACTION_SCALE = 30.0, 0.8, 0.25
"""Gains of the joint controller [N m/rad, N m s/rad] and what an action of one means [rad], as legged_gym has them."""
DEFAULT_JOINTS = np.array([0.0, 0.8, -1.5])
THIGH_MASS, CALF_MASS = 0.95, 0.23


@dataclass(frozen=True)
class Signals:
    """Per state of a motion, S of them; the first, after the reset, is at rest.

    lin_vel, ang_vel (S, 3): of the base, in the world [m/s, rad/s]. joint_vel (S, 4, 3) [rad/s]. feet_force (S, 4, 3):
    ground reaction [N], in the world. legs_down (S, 4): thigh or calf on the ground. torque, action (S, 4, 3).
    """

    lin_vel: np.ndarray
    ang_vel: np.ndarray
    joint_vel: np.ndarray
    feet_force: np.ndarray
    legs_down: np.ndarray
    torque: np.ndarray
    action: np.ndarray


def signals(motion: Motion, feet_force: np.ndarray, legs_down: np.ndarray) -> Signals:
    """All of them, for ground reactions as `standing_forces` or a fall give them."""
    joint_vel = rate(motion.joints)
    torque = torques(motion, feet_force)
    # The action that makes a PD controller give just this torque.
    action = ((torque + KD * joint_vel) / KP + motion.joints - DEFAULT_JOINTS) / ACTION_SCALE
    torque = np.clip(torque, -EFFORT, EFFORT)
    lin_vel, ang_vel = rate(motion.base_pos), turn_rate(motion.base_wxyz)
    return Signals(lin_vel, ang_vel, joint_vel, feet_force, legs_down, torque, action)


def rate(values: np.ndarray) -> np.ndarray:
    """Change per second since the state before; zero for the first."""
    return np.diff(values, axis=0, prepend=values[:1]) / CONTROL_DT


def turn_rate(wxyz: np.ndarray) -> np.ndarray:
    """Angular velocity in the world since the state before, (S, 3) [rad/s]; zero for the first."""
    turn = rotations.multiply(wxyz[1:], rotations.conjugate(wxyz[:-1]))
    return np.concatenate([np.zeros((1, 3)), rotations.to_rotation_vector(turn) / CONTROL_DT])


def standing_forces(motion: Motion) -> np.ndarray:
    """Ground reactions that carry the body through its motion, (S, 4, 3) [N]: shared by the feet that stand.

    A foot takes its share within 60 ms of touching the ground; so the load passes smoothly from leg to leg.
    """
    window = np.hanning(7)[1:-1] / np.hanning(7)[1:-1].sum()
    acceleration = np.stack([np.convolve(column, window, "same") for column in rate(rate(motion.base_pos)).T], axis=-1)
    needed = MASS * (np.clip(acceleration, -6, 6) + np.array([0.0, 0.0, GRAVITY]))
    share = np.stack([np.convolve(column, window, "same") for column in motion.contact.T.astype(float)], axis=-1)
    share = np.where(motion.contact, share**2, 0)
    share = share / np.maximum(share.sum(axis=1, keepdims=True), 1e-9)
    return share[..., None] * needed[:, None]


def torques(motion: Motion, feet_force: np.ndarray) -> np.ndarray:
    """Joint torques (S, 4, 3) [N m] that press the feet on the ground and hold the legs' own weight.

    An estimate from statics: the transposed Jacobian of the feet times the forces; accelerating the legs is left out.
    """
    to_base = rotations.conjugate(motion.base_wxyz)[:, None]
    force = rotations.rotate(to_base, feet_force)
    down = rotations.rotate(to_base, np.array([0.0, 0.0, -GRAVITY]))
    reach = jacobian(motion.joints)
    pressing = -np.einsum("slij,sli->slj", reach, force)
    # Each segment's weight acts in its middle, whose motion is about this share of the foot's.
    weight = (THIGH_MASS * 0.5 * THIGH + CALF_MASS * (THIGH + 0.5 * CALF)) / (THIGH + CALF)
    return pressing - weight * np.einsum("slij,sli->slj", reach, np.broadcast_to(down, force.shape))
