"""A compiled MuJoCo model (`mujoco.MjModel`), as far as its bodies go; the library itself is never imported.

Its arrays are documented at https://mujoco.readthedocs.io/en/stable/APIreference/APItypes.html#mjmodel.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....rotations import multiply, normalize, rotate

# Kinds of joints: mjtJoint.
FREE, BALL, SLIDE, HINGE = range(4)
WORLD = 0  # The body that all others hang on.


def subtree(model: Any, root: int) -> list[int]:
    """A body and all below it, each after its parent."""
    found = {root}
    for body in range(root + 1, model.nbody):
        if int(model.body_parentid[body]) in found:
            found.add(body)
    return sorted(found)


def joints_of(model: Any, body: int) -> range:
    """The joints between a body and its parent, in the order in which they act."""
    first = int(model.body_jntadr[body])
    return range(first, first + int(model.body_jntnum[body]))


def moves_freely(model: Any, body: int) -> bool:
    """Whether a body's own joints carry it about: a free or a ball joint, or two slides, as planar robots have."""
    kinds = [int(model.jnt_type[joint]) for joint in joints_of(model, body)]
    return FREE in kinds or BALL in kinds or kinds.count(SLIDE) >= 2


def rest_pose(model: Any, body: int) -> tuple[np.ndarray, np.ndarray]:
    """Position (3,) [m] and wxyz (4,) of a body in the world, all joints between them at rest."""
    position, wxyz = np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])
    while body != WORLD:
        turn = normalize(np.asarray(model.body_quat[body], float))
        position = np.asarray(model.body_pos[body], float) + rotate(turn, position)
        wxyz = multiply(turn, wxyz)
        body = int(model.body_parentid[body])
    return position, wxyz
