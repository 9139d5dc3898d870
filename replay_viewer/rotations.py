"""Unit quaternions in wxyz order, on batches: arrays of shape (..., 4), real part first.

xyzw appears in two functions only, the door through which simulators' data comes in. Input dtypes are kept, so
float32 stays float32. The formulas are the usual ones; see for example J. Solà, "Quaternion kinematics for the
error-state Kalman filter" (arXiv:1711.02508), sections 1 and 4.
"""

from __future__ import annotations

import numpy as np


def xyzw_to_wxyz(xyzw: np.ndarray) -> np.ndarray:
    """Reorder (..., 4) quaternions from xyzw (Isaac Gym, PhysX, SciPy) to wxyz."""
    return xyzw[..., [3, 0, 1, 2]]


def wxyz_to_xyzw(wxyz: np.ndarray) -> np.ndarray:
    """Reorder (..., 4) quaternions from wxyz to xyzw."""
    return wxyz[..., [1, 2, 3, 0]]


def normalize(wxyz: np.ndarray) -> np.ndarray:
    """Scale (..., 4) quaternions to unit length; a zero quaternion becomes the identity."""
    norm = np.sqrt(np.einsum("...i,...i->...", wxyz, wxyz))[..., None]
    if (norm > 0).all():
        return wxyz / norm
    identity = np.array([1, 0, 0, 0], dtype=wxyz.dtype)
    return np.where(norm > 0, wxyz / np.where(norm > 0, norm, 1), identity)


def conjugate(wxyz: np.ndarray) -> np.ndarray:
    """The inverse rotation of (..., 4) unit quaternions."""
    return wxyz * np.array([1, -1, -1, -1], dtype=wxyz.dtype)


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product of (..., 4) and (..., 4), broadcast: first rotate by `b`, then by `a`."""
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def rotate(wxyz: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Rotate (..., 3) vectors by (..., 4) unit quaternions, broadcast."""
    w, xyz = wxyz[..., :1], wxyz[..., 1:]
    t = 2 * np.cross(xyz, vectors)
    return vectors + w * t + np.cross(xyz, t)


def to_matrix(wxyz: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of (..., 4) unit quaternions."""
    w, x, y, z = wxyz[..., 0], wxyz[..., 1], wxyz[..., 2], wxyz[..., 3]
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def from_matrix(matrix: np.ndarray) -> np.ndarray:
    """Unit quaternions (..., 4), real part >= 0, of rotation matrices (..., 3, 3).

    Takes, per matrix, the largest of the four candidate components as the pivot, which keeps the division well
    conditioned (Shepperd's method).
    """
    m = matrix
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    squares = np.stack([trace, m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]], axis=-1)
    squares[..., 1:] = 2 * squares[..., 1:] - trace[..., None]
    squares = (squares + 1) / 4
    wx, wy, wz = (
        (m[..., 2, 1] - m[..., 1, 2]) / 4,
        (m[..., 0, 2] - m[..., 2, 0]) / 4,
        (m[..., 1, 0] - m[..., 0, 1]) / 4,
    )
    xy, xz, yz = (
        (m[..., 0, 1] + m[..., 1, 0]) / 4,
        (m[..., 0, 2] + m[..., 2, 0]) / 4,
        (m[..., 1, 2] + m[..., 2, 1]) / 4,
    )
    ww, xx, yy, zz = (squares[..., i] for i in range(4))
    products = np.stack(
        [np.stack(row, axis=-1) for row in ([ww, wx, wy, wz], [wx, xx, xy, xz], [wy, xy, yy, yz], [wz, xz, yz, zz])],
        axis=-2,
    )
    pivot = np.argmax(squares, axis=-1)[..., None, None]
    row = np.take_along_axis(products, pivot, axis=-2)[..., 0, :]
    wxyz = normalize(row)
    return np.where(wxyz[..., :1] < 0, -wxyz, wxyz)


def from_rpy(roll: np.ndarray, pitch: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Quaternions (..., 4) of fixed-axis roll, pitch, yaw in radians (URDF's `rpy`): Rz(yaw) Ry(pitch) Rx(roll)."""
    cr, sr = np.cos(np.asarray(roll) / 2), np.sin(np.asarray(roll) / 2)
    cp, sp = np.cos(np.asarray(pitch) / 2), np.sin(np.asarray(pitch) / 2)
    cy, sy = np.cos(np.asarray(yaw) / 2), np.sin(np.asarray(yaw) / 2)
    return np.stack(
        [
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ],
        axis=-1,
    )


def from_rotation_vector(vectors: np.ndarray) -> np.ndarray:
    """Quaternions (..., 4) of rotation vectors (..., 3): axis times angle in radians."""
    angle = np.linalg.norm(vectors, axis=-1, keepdims=True)
    # np.sinc(x) is sin(pi x) / (pi x), finite at zero.
    return np.concatenate([np.cos(angle / 2), vectors / 2 * np.sinc(angle / (2 * np.pi))], axis=-1)


def to_rotation_vector(wxyz: np.ndarray) -> np.ndarray:
    """Rotation vectors (..., 3) in radians, at most pi long, of (..., 4) unit quaternions."""
    shortest = np.where(wxyz[..., :1] < 0, -wxyz, wxyz)
    sine = np.linalg.norm(shortest[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, shortest[..., :1])
    return shortest[..., 1:] * np.where(sine > 1e-12, angle / np.where(sine > 1e-12, sine, 1), 2)


def yaw(wxyz: np.ndarray) -> np.ndarray:
    """Heading in radians, shape (...), about the world's z axis: the direction of the body's x axis in the plane."""
    w, x, y, z = wxyz[..., 0], wxyz[..., 1], wxyz[..., 2], wxyz[..., 3]
    return np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def slerp(a: np.ndarray, b: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Rotations between (..., 4) `a` (fraction 0) and `b` (fraction 1) on the shorter arc, at constant rate.

    Args:
        a: unit quaternions, shape (..., 4).
        b: unit quaternions, shape (..., 4).
        fraction: 0 to 1, broadcast against the batch shape.
    """
    # einsum adds up four products where `sum` starts over for each short row; no array is made twice.
    cosine = np.einsum("...i,...i->...", a, b)
    angle = np.arccos(np.minimum(np.abs(cosine), 1))
    sine = np.sin(angle)
    # Below a milliradian the straight line is exact to float32 and the division is not.
    near = sine < 1e-3
    safe = np.where(near, 1, sine)
    fraction = np.asarray(fraction, dtype=a.dtype)
    weight_a = np.where(near, 1 - fraction, np.sin((1 - fraction) * angle) / safe)
    weight_b = np.copysign(np.where(near, fraction, np.sin(fraction * angle) / safe), cosine)
    # numpy before 2.0 turns single numbers into double precision on the way.
    return normalize(weight_a[..., None] * a + weight_b[..., None] * b).astype(a.dtype, copy=False)
