"""Fields: the named values that a recording has of every env at every step, and the units that names stand for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# By the last part of a field's name. Which joints turn and which slide, the robot's description says alone.
UNITS: Mapping[str, str] = {
    "base_pos": "m",
    "joint_pos": "rad or m",
    "base_lin_vel": "m/s",
    "base_ang_vel": "rad/s",
    "joint_vel": "rad/s or m/s",
    "joint_torque": "N m or N",
    "contact_force": "N",
}
_FLOAT32 = np.dtype("<f4")


@dataclass(frozen=True)
class Field:
    """One named value.

    Attributes:
        name: such as "robot.base_pos"; see `Rollout` for those that mean something.
        shape: of one env at one step; agents come first where there are several.
        dtype: as recorded.
        unit: for people; "" where it has none, or nobody has said.
    """

    name: str
    shape: tuple[int, ...] = ()
    dtype: np.dtype = _FLOAT32
    unit: str = ""

    @property
    def num_bytes(self) -> int:
        """Of one env at one step."""
        return self.dtype.itemsize * math.prod(self.shape)


def unit_of(name: str) -> str:
    """The unit that a field's name stands for; empty where it is a name of the user's own."""
    return UNITS.get(name.rpartition(".")[2], "")
