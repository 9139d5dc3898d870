"""Arcs: curved arrows for rates of turning."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

# An arc is the turn of so many seconds, with a gap left before it would close; of less than so much there is none.
_TURN_SECONDS, _MOST_TURN, _LEAST_TURN = 1.0, 5.5, 0.08
_ARC_POINTS = 25


@lru_cache(maxsize=64)  # A commanded turn stays the same for many frames.
def arc_segments(radius: float, rate: float, level: float, barb: float) -> np.ndarray:
    """Segments (S, 2, 3) of an arc about the z axis, from the x axis on, with the two barbs of an arrow; read-only.

    Args:
        radius: of the arc [m].
        rate: of turning to the left [rad/s]; the arc is the turn of a second, and none where it hardly turns.
        level: its height [m].
        barb: length of a barb [m].
    """
    turn = min(max(rate * _TURN_SECONDS, -_MOST_TURN), _MOST_TURN)
    if abs(turn) <= _LEAST_TURN:
        return np.zeros((0, 2, 3), np.float32)
    angles = turn * np.arange(_ARC_POINTS) / (_ARC_POINTS - 1)
    points = np.stack([radius * np.cos(angles), radius * np.sin(angles), np.full_like(angles, level)], axis=-1)
    cosine, sine = math.cos(turn), math.sin(turn)
    along, outwards = np.sign(turn) * np.array([-sine, cosine, 0.0]), np.array([cosine, sine, 0.0])
    ends = [points[-1] - barb * (along + side * outwards) for side in (0.7, -0.7)]
    barbs = [np.stack([points[-1], end]) for end in ends]
    segments = np.concatenate([np.stack([points[:-1], points[1:]], axis=1), np.stack(barbs)]).astype(np.float32)
    segments.setflags(write=False)
    return segments
