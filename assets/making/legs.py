"""Kinematics of Trotter's four legs in the base frame, on batches; legs in the order FL, FR, RL, RR.

Joint angles are (*batch, 4, 3): hip, thigh, calf [rad]. Points are (*batch, 4, 3) [m].
"""

from __future__ import annotations

import numpy as np

from .dimensions import CALF, HIP_OFFSET, HIP_X, HIP_Y, LEGS, THIGH, leg_signs

SIGNS = np.array([leg_signs(leg) for leg in LEGS], dtype=float)
HIPS = np.stack([SIGNS[:, 0] * HIP_X, SIGNS[:, 1] * HIP_Y, np.zeros(4)], axis=-1)
"""Middles of the roll axes, (4, 3)."""
BELOW_HIPS = HIPS + np.stack([np.zeros(4), SIGNS[:, 1] * HIP_OFFSET, np.zeros(4)], axis=-1)
"""Where the pitch axes are at hip angle zero, (4, 3): feet stand under these."""


def beside_hip(joints: np.ndarray, x: np.ndarray, outward: float, down: np.ndarray) -> np.ndarray:
    """Points that turn with the hips: so far ahead of, outwards of and below the roll axis' middle."""
    side, hip = SIGNS[:, 1] * outward, joints[..., 0]
    y, z = side * np.cos(hip) + down * np.sin(hip), side * np.sin(hip) - down * np.cos(hip)
    return HIPS + np.stack(np.broadcast_arrays(x, y, z), axis=-1)


def along_leg(joints: np.ndarray, down_thigh: float, down_calf: float = 0.0) -> np.ndarray:
    """Points so far along the thigh and, from there, along the direction of the calf."""
    thigh, shin = joints[..., 1], joints[..., 1] + joints[..., 2]
    x = -down_thigh * np.sin(thigh) - down_calf * np.sin(shin)
    down = down_thigh * np.cos(thigh) + down_calf * np.cos(shin)
    return beside_hip(joints, x, HIP_OFFSET, down)


def feet(joints: np.ndarray) -> np.ndarray:
    """Centres of the feet."""
    return along_leg(joints, THIGH, CALF)


def joints_for(feet_at: np.ndarray) -> np.ndarray:
    """Joint angles that put the feet there, knees backwards; beyond reach, the leg points there, almost straight."""
    x, y, z = np.moveaxis(feet_at - HIPS, -1, 0)
    side = SIGNS[:, 1] * HIP_OFFSET
    down = np.sqrt(np.maximum(y**2 + z**2 - side**2, 1e-6))
    hip = np.arctan2(z * side + y * down, y * side - z * down)
    cosine = (x**2 + down**2 - THIGH**2 - CALF**2) / (2 * THIGH * CALF)
    calf = -np.arccos(np.clip(cosine, -0.85, 0.85))
    thigh = np.arctan2(-x, down) - np.arctan2(CALF * np.sin(calf), THIGH + CALF * np.cos(calf))
    return np.stack([hip, thigh, calf], axis=-1)


def jacobian(joints: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Of the feet with respect to the joints, (*batch, 4, 3 axes, 3 joints), by central differences."""
    columns = []
    for j in range(3):
        delta = np.zeros(3)
        delta[j] = step
        columns.append((feet(joints + delta) - feet(joints - delta)) / (2 * step))
    return np.stack(columns, axis=-1)
