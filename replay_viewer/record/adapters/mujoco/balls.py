"""Ball joints as three hinges in a row, since a URDF has none: about x, then y, then z of the moving frame.

Their angles are those of Rx(a) Ry(b) Rz(c), which are singular where the second is a right angle: far from rest.
"""

from __future__ import annotations

import numpy as np

from ....rotations import normalize, to_matrix

AXES = ("x", "y", "z")
_SINGULAR = 1e-6  # The cosine of the second angle.


def angles(wxyz: np.ndarray) -> np.ndarray:
    """The three angles (..., 3) [rad] of rotations (..., 4)."""
    matrix = to_matrix(normalize(np.asarray(wxyz, float)))
    across = np.hypot(matrix[..., 0, 0], matrix[..., 0, 1])
    second = np.arctan2(matrix[..., 0, 2], across)
    # Where they are singular, the first and the third are one turn.
    is_free = across > _SINGULAR
    first = np.where(
        is_free,
        np.arctan2(-matrix[..., 1, 2], matrix[..., 2, 2]),
        np.arctan2(matrix[..., 2, 1], matrix[..., 1, 1]),
    )
    third = np.where(is_free, np.arctan2(-matrix[..., 0, 1], matrix[..., 0, 0]), 0.0)
    return np.stack([first, second, third], axis=-1)


def rates(at: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """How fast angles (3,) change [rad/s] at an angular velocity (3,) in the moving frame."""
    return np.linalg.pinv(_axes(at), rcond=_SINGULAR) @ velocity


def torques(at: np.ndarray, torque: np.ndarray) -> np.ndarray:
    """What of a torque (3,) [Nm] in the moving frame acts about each of the three axes, at angles (3,)."""
    return _axes(at).T @ torque


def _axes(at: np.ndarray) -> np.ndarray:
    """(3, 3), whose columns are the three axes in the moving frame."""
    (_, cos_b, cos_c), (_, sin_b, sin_c) = np.cos(at), np.sin(at)
    return np.array([[cos_b * cos_c, sin_c, 0.0], [-cos_b * sin_c, cos_c, 0.0], [sin_b, 0.0, 1.0]])
