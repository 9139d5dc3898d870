"""legged_gym's reward terms, by its formulas (legged_gym/envs/base/legged_robot.py, class LeggedRobot, `_reward_*`)."""

from __future__ import annotations

import numpy as np

from replay_viewer import rotations

from .gait import CONTROL_DT, Motion
from .signals import Signals, rate

# Weights per second; each step's term is weight x formula x control_dt, as in legged_gym's _prepare_reward_function.
WEIGHTS = {
    "tracking_lin_vel": 1.0,
    "tracking_ang_vel": 0.5,
    "lin_vel_z": -2.0,
    "ang_vel_xy": -0.05,
    "orientation": -1.0,
    "torques": -2e-4,
    "dof_acc": -2.5e-7,
    "action_rate": -0.01,
    "feet_air_time": 1.0,
    "collision": -1.0,
    "termination": -10.0,
}
TRACKING_SIGMA = 0.25


def reward_terms(motion: Motion, signals: Signals, terminated: bool) -> tuple[np.ndarray, np.ndarray]:
    """Terms (S, K) in the order of WEIGHTS and the reward (S,) of the step that ends in each state.

    The reward is the sum of the terms, not below zero ("only_positive_rewards"), plus the termination's.
    The first state, after the reset, ends no step; its row is zero.
    """
    raw = _formulas(motion, signals)
    ended = np.zeros(motion.num_states)
    ended[-1] = terminated
    terms = np.stack([raw.get(name, ended) * weight * CONTROL_DT for name, weight in WEIGHTS.items()], axis=-1)
    terms[0] = 0
    return terms, np.maximum(terms[:, :-1].sum(axis=1), 0) + terms[:, -1]


def _formulas(motion: Motion, signals: Signals) -> dict[str, np.ndarray]:
    """What each term measures, (S,), before its weight; velocities are in the base frame."""
    to_base = rotations.conjugate(motion.base_wxyz)
    lin_vel, ang_vel = rotations.rotate(to_base, signals.lin_vel), rotations.rotate(to_base, signals.ang_vel)
    gravity = rotations.rotate(to_base, np.array([0.0, 0.0, -1.0]))
    missed = np.sum((motion.command[:, :2] - lin_vel[:, :2]) ** 2, axis=1)
    return {
        "tracking_lin_vel": np.exp(-missed / TRACKING_SIGMA),
        "tracking_ang_vel": np.exp(-((motion.command[:, 2] - ang_vel[:, 2]) ** 2) / TRACKING_SIGMA),
        "lin_vel_z": lin_vel[:, 2] ** 2,
        "ang_vel_xy": np.sum(ang_vel[:, :2] ** 2, axis=1),
        "orientation": np.sum(gravity[:, :2] ** 2, axis=1),
        "torques": np.sum(signals.torque**2, axis=(1, 2)),
        "dof_acc": np.sum(rate(signals.joint_vel) ** 2, axis=(1, 2)),
        "action_rate": np.sum(np.diff(signals.action, axis=0, prepend=signals.action[:1]) ** 2, axis=(1, 2)),
        "feet_air_time": _feet_air_time(motion, signals),
        "collision": signals.legs_down.sum(axis=1).astype(float),
    }


def _feet_air_time(motion: Motion, signals: Signals) -> np.ndarray:
    """(S,): at each foot's first contact, its time in the air less half a second."""
    out, air_time, last = np.zeros(motion.num_states), np.zeros(4), np.zeros(4, dtype=bool)
    for state in range(1, motion.num_states):
        contact = signals.feet_force[state, :, 2] > 1.0
        filtered, last = contact | last, contact
        first = (air_time > 0) & filtered
        air_time = air_time + CONTROL_DT
        moving = np.linalg.norm(motion.command[state, :2]) > 0.1
        out[state] = np.sum((air_time - 0.5) * first) * moving
        air_time = np.where(filtered, 0, air_time)
    return out
