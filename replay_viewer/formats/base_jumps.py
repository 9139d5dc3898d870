"""Jumps of the base that no velocity explains: where a simulator put a robot somewhere else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .plain.columns import Column, step_blocks

# What a body can do between two steps beyond keeping its speed: accelerations of a hard impact, and a floor under
# them for the noise of a real recording.
_MIN_DISTANCE, _MAX_ACCELERATION = 0.05, 50.0  # [m], [m/s^2]
_MIN_ANGLE, _MAX_ANGULAR_ACCELERATION = 0.2, 200.0  # [rad], [rad/s^2]
_SPEED_RATIO = 4.0
# For every step that a pose was held, a body may have gone on a little faster than it was seen to move.
_HELD_RATIO = 1.5


def find_jumps(base_pos: Sequence[Column], base_quat: Sequence[Column], control_dt: float) -> np.ndarray:
    """Where the base of any robot jumps between a step and the next: sorted keys `env * T + step`, int64.

    A motion is a jump when it is far larger than the motions just before and just after it: a real body that moves
    fast at one step does so at a neighbouring one too.

    Args:
        base_pos: one column (T, N, 3) [m] per robot.
        base_quat: one column (T, N, 4) per robot, in any order of components.
        control_dt: seconds between steps.
    """
    num_steps = base_pos[0].shape[0]
    found = [np.empty(0, dtype=np.int64)]
    for pos, quat in zip(base_pos, base_quat, strict=True):
        for block in step_blocks(pos):
            # A motion is compared with its neighbours, so that a block needs a step before it and two after.
            window = slice(max(0, block.start - 1), min(num_steps, block.stop + 2), 1)
            envs = range(pos.shape[1])
            jumps = _jumps(pos.read(window, envs), quat.read(window, envs), control_dt)
            steps, columns = np.nonzero(jumps[block.start - window.start :][: block.stop - block.start])
            found.append(columns * np.int64(num_steps) + steps + block.start)
    return np.unique(np.concatenate(found))


def _jumps(pos: np.ndarray, quat: np.ndarray, control_dt: float) -> np.ndarray:
    """(T, E, 3) and (T, E, 4) -> (T - 1, E) bool."""
    distance = np.linalg.norm(np.diff(pos, axis=0), axis=-1)
    alike = np.abs(np.sum(quat[1:] * quat[:-1], axis=-1))
    norms = np.linalg.norm(quat, axis=-1)
    scale = np.maximum(norms[1:] * norms[:-1], np.finfo(np.float32).tiny)
    angle = 2 * np.arccos(np.clip(alike / scale, 0, 1))
    far = distance > max(_MIN_DISTANCE, _MAX_ACCELERATION * control_dt**2) + _SPEED_RATIO * _around(distance)
    return far | (angle > max(_MIN_ANGLE, _MAX_ANGULAR_ACCELERATION * control_dt**2) + _SPEED_RATIO * _around(angle))


def _around(motion: np.ndarray) -> np.ndarray:
    """How far the larger of the motions just before and just after each one may reach, (T - 1, E).

    Before counts the last motion that is not zero. A pose that stood still to the last bit was held, for example in
    the place of NaN, and the motion out of it makes up for the time in which the body went on.
    """
    rows = np.arange(len(motion))[:, None]
    last = np.full(motion.shape, -1)
    last[1:] = np.maximum.accumulate(np.where(motion > 0, rows, -1), axis=0)[:-1]
    larger = np.where(last >= 0, np.take_along_axis(motion, np.maximum(last, 0), axis=0), 0.0)
    larger[:-1] = np.maximum(larger[:-1], motion[1:])
    held = np.where(last >= 0, rows - last - 1, 0)
    return larger * (1 + held * _HELD_RATIO / _SPEED_RATIO)
