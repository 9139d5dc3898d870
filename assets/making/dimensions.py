"""Trotter's dimensions in metres, shared by its meshes, its URDF and its gait. x is forward, y left, z up."""

from __future__ import annotations

LEGS = ("FL", "FR", "RL", "RR")
JOINTS = tuple(f"{leg}_{part}_joint" for leg in LEGS for part in ("hip", "thigh", "calf"))

HIP_X = 0.185
"""From the base origin to the roll axis' middle, forward or back."""
HIP_Y = 0.055
"""From the base origin to the roll axis, sideways."""
HIP_OFFSET = 0.085
"""From the roll axis to the plane in which thigh and calf move."""
THIGH = 0.20
CALF = 0.20
FOOT_RADIUS = 0.022


def leg_signs(leg: str) -> tuple[int, int]:
    """(+1 front or -1 rear, +1 left or -1 right)."""
    return (1 if leg[0] == "F" else -1), (1 if leg[1] == "L" else -1)
