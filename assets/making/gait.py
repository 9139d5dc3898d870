"""A trot made by inverse kinematics: stance feet stay where they were put, the body sways, nothing is simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from replay_viewer import rotations

from .dimensions import FOOT_RADIUS
from .legs import BELOW_HIPS, joints_for

CONTROL_DT = 0.02
HEIGHT = 0.285
"""Of the base origin above the ground while walking [m]."""
LEG_PHASES = np.array([0.0, 0.5, 0.5, 0.0])
"""A trot: diagonal legs together."""


@dataclass(frozen=True)
class Motion:
    """States of one env, one every control step; the first is the state after the reset.

    base_pos (S, 3) [m] and base_wxyz (S, 4): pose in the world, relative to the env's origin. joints (S, 4, 3) [rad].
    command (S, 3): forward and leftward velocity [m/s] and turn rate [rad/s]. contact (S, 4): foot on the ground.
    """

    base_pos: np.ndarray
    base_wxyz: np.ndarray
    joints: np.ndarray
    command: np.ndarray
    contact: np.ndarray

    @property
    def num_states(self) -> int:
        return len(self.base_pos)


@dataclass(frozen=True)
class Walk:
    """What one episode's walk is like.

    commands: (from second, forward, leftward, turn rate), in order. start: x, y [m], yaw [rad]. phase: of the gait at
    the start, 0..1. period [s], duty (share of the period that a foot stands), lift [m] of the swinging feet.
    """

    seconds: float
    commands: Sequence[tuple[float, float, float, float]]
    start: tuple[float, float, float]
    phase: float
    period: float = 0.5
    duty: float = 0.54
    lift: float = 0.065


def walk(plan: Walk, seed: int) -> Motion:
    """The motion of `plan`; `seed` picks its small irregularities."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(plan.seconds / CONTROL_DT) + 1) * CONTROL_DT
    command = _commands(plan, times)
    path = _path(plan, command, times, rng)
    base_pos, base_wxyz = _body(plan, path, times, rng)
    feet_at, contact = _feet(plan, path, times)
    in_base = rotations.rotate(rotations.conjugate(base_wxyz)[:, None], feet_at - base_pos[:, None])
    return Motion(base_pos, base_wxyz, joints_for(in_base), command, contact)


def _commands(plan: Walk, times: np.ndarray) -> np.ndarray:
    table = np.asarray(plan.commands, dtype=float)
    return table[np.searchsorted(table[:, 0], times + 1e-9, side="right") - 1, 1:]


def _path(plan: Walk, command: np.ndarray, times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """x, y, yaw at each time, (S, 3): the velocity follows the command with a lag and wanders a little around it."""
    wander = _wander(times, rng, 3) * [0.07, 0.05, 0.10] * np.minimum(times / 0.5, 1)[:, None]
    velocity = _lagged(_lagged(command, 0.12), 0.12) + wander
    turn = velocity[:, 2] * CONTROL_DT
    yaw = plan.start[2] + np.concatenate([[0], np.cumsum(turn[1:])])
    middle = yaw - turn / 2
    forward, left = velocity[:, 0] * CONTROL_DT, velocity[:, 1] * CONTROL_DT
    x = forward * np.cos(middle) - left * np.sin(middle)
    y = forward * np.sin(middle) + left * np.cos(middle)
    x[0], y[0] = plan.start[:2]
    return np.stack([np.cumsum(x), np.cumsum(y), yaw], axis=-1)


def _lagged(values: np.ndarray, time_constant: float) -> np.ndarray:
    """A first-order lag from rest."""
    follow = 1 - np.exp(-CONTROL_DT / time_constant)
    out = np.zeros_like(values)
    for step in range(1, len(values)):
        out[step] = out[step - 1] + follow * (values[step] - out[step - 1])
    return out


def _wander(times: np.ndarray, rng: np.random.Generator, columns: int) -> np.ndarray:
    """Smooth noise of unit size, (S, columns): three slow sines each."""
    rate = rng.uniform(0.3, 1.6, (3, columns))
    phase = rng.uniform(0, 2 * np.pi, (3, columns))
    return np.sin(2 * np.pi * rate * times[:, None, None] + phase).sum(axis=1) / np.sqrt(1.5)


def _body(plan: Walk, path: np.ndarray, times: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Base positions (S, 3) and rotations (S, 4): the path with the bob, roll and pitch of a trot."""
    beat = 2 * np.pi * (times / plan.period + plan.phase)
    begun = np.clip(times / 0.4, 0, 1)
    begun = begun * begun * (3 - 2 * begun)
    noise = _wander(times, rng, 3)
    velocity = np.gradient(path[:, :2], CONTROL_DT, axis=0)
    forward = velocity[:, 0] * np.cos(path[:, 2]) + velocity[:, 1] * np.sin(path[:, 2])
    # Accelerating pitches the nose up, braking down.
    surge = np.gradient(forward, CONTROL_DT)
    height = HEIGHT + begun * (0.007 * np.cos(2 * beat + 0.6) + 0.003 * noise[:, 0])
    roll = begun * (0.034 * np.sin(beat + 0.4) + 0.010 * noise[:, 1])
    pitch = begun * (0.018 * np.sin(2 * beat - 0.5) + 0.010 * noise[:, 2]) - 0.012 * np.clip(surge, -3, 3)
    sway = begun * 0.008 * np.sin(beat - 0.8)
    left = np.stack([-np.sin(path[:, 2]), np.cos(path[:, 2])], axis=-1)
    position = np.concatenate([path[:, :2] + sway[:, None] * left, height[:, None]], axis=-1)
    return position, rotations.from_rpy(roll, pitch, path[:, 2])


def _feet(plan: Walk, path: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres of the feet in the world (S, 4, 3) and whether they stand (S, 4)."""
    cycles = times[:, None] / plan.period + plan.phase + LEG_PHASES
    cycle, share = np.floor(cycles), cycles % 1
    stands = share < plan.duty
    swing = np.clip((share - plan.duty) / (1 - plan.duty), 0, 1)
    here, there = (_footholds(plan, path, times, cycle + ahead) for ahead in (0, 1))
    # A cycloid: the foot leaves and arrives without any speed over the ground.
    forward = swing - np.sin(2 * np.pi * swing) / (2 * np.pi)
    lift = plan.lift * np.minimum(times / 0.3, 1)[:, None] * (1 - np.cos(2 * np.pi * swing)) / 2
    ground = here + forward[..., None] * (there - here)
    return np.concatenate([ground, FOOT_RADIUS + lift[..., None]], axis=-1), stands


def _footholds(plan: Walk, path: np.ndarray, times: np.ndarray, cycle: np.ndarray) -> np.ndarray:
    """Where each leg stands in the given cycle (S, 4), (S, 4, 2): under its hip in the middle of that stance.

    Beyond the end of the path, the walk goes on as it was.
    """
    middle = (cycle - plan.phase - LEG_PHASES + plan.duty / 2) * plan.period
    x, y, yaw = (np.interp(middle, times, path[:, i]) for i in range(3))
    beyond = np.maximum(middle - times[-1], 0)
    rate = (path[-1] - path[-2]) / CONTROL_DT
    x, y, yaw = x + rate[0] * beyond, y + rate[1] * beyond, yaw + rate[2] * beyond
    side, fore = BELOW_HIPS[:, 1], BELOW_HIPS[:, 0] - 0.01
    return np.stack([x + fore * np.cos(yaw) - side * np.sin(yaw), y + fore * np.sin(yaw) + side * np.cos(yaw)], axis=-1)
