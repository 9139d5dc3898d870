"""How long a control step of an environment is, and how many frames per second that makes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ...video.writer import frame_rate
from ..adapters.registry import unwrapped

# As mjlab and Isaac Lab, legged_gym and Gymnasium's MuJoCo, and dm_control call it.
_NAMES = ("step_dt", "control_dt", "dt", "control_timestep")
_SPARE_FPS = 30


def control_dt_of(env: Any) -> float | None:
    """Seconds of a control step; None where the environment does not tell."""
    for layer in reversed(unwrapped(env)):
        members: Any = getattr(layer, "envs", None)
        first = members[0] if isinstance(members, (list, tuple)) and members else None
        for owner in (layer, getattr(first, "unwrapped", None)):
            for name in _NAMES:
                value = getattr(owner, name, None)
                value = value() if name == "control_timestep" and callable(value) else value
                if isinstance(value, (int, float)) and 0 < value < 100:
                    return float(value)
    return None


def rate_of(env: Any, stated: float | None, stride: int) -> Fraction:
    """Frames per second: those that are stated, or else the speed of life.

    That is the environment's `render_fps`, or one frame for each of its control steps, and a `stride`-th of it.

    Raises:
        BadArgument: no such rate.
    """
    if stated is not None:
        return frame_rate(stated)
    for layer in unwrapped(env):
        fps = (getattr(layer, "metadata", None) or {}).get("render_fps") if hasattr(layer, "metadata") else None
        if isinstance(fps, (int, float)) and 0 < fps <= 1000:
            return frame_rate(float(fps) / stride)
    dt = control_dt_of(env)
    return frame_rate(_SPARE_FPS if dt is None else min(1 / (dt * stride), 1000))
