"""A reader's arguments beside the file, in every format: what the user states, and what may be asked of the robot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

QuatOrder = Literal["xyzw", "wxyz"]

# Height [m] above z = 0 of the robot's lowest point, shape (S,), from joint names, joint positions (S, D) or None,
# base positions (S, 3) [m] and base rotations (S, 4), wxyz.
LowestPoint = Callable[[Sequence[str], "np.ndarray | None", np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class LoadOptions:
    """What the user states; None where the file is to be asked.

    Attributes:
        quat_order: order in which the file stores quaternions.
        joint_names: of its joint columns.
        control_dt: seconds per step.
        mesh_up: which way is up in the robots' meshes of glTF and COLLADA; see `load_robot`.
    """

    quat_order: QuatOrder | None = None
    joint_names: tuple[str, ...] | None = None
    control_dt: float | None = None
    mesh_up: Literal["y", "z"] | None = None
