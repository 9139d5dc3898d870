"""Pieces of shapes as unit bodies that are moved, turned and stretched: one ball, rod or cone is drawn many times."""

from __future__ import annotations

import numpy as np

from ..rotations import normalize


def rods(segments: np.ndarray, radii: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cylinders of radius 1 m and from -0.5 m to 0.5 m along z, put along segments (N, 2, 3), with radii (N,) [m].

    Returns positions (N, 3), rotations (N, 4) and scales (N, 3), float32.
    """
    a, b = segments[:, 0], segments[:, 1]
    lengths = np.linalg.norm(b - a, axis=-1)
    widths = np.broadcast_to(radii, lengths.shape)
    parts = ((a + b) / 2, along(b - a), np.stack([widths, widths, lengths], axis=-1))
    return tuple(np.asarray(part, dtype=np.float32) for part in parts)  # type: ignore[return-value]


def along(vectors: np.ndarray) -> np.ndarray:
    """Rotations (N, 4) that take the z axis to vectors (N, 3); the identity for a vector of no length."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    x, y, z = (vectors / np.maximum(lengths, 1e-12)).T
    # Half way between the z axis and the vector; straight down, any axis across will do.
    half = np.stack([1.0 + z, -y, x, np.zeros_like(z)], axis=-1)
    half[half[:, 0] < 1e-9] = (0.0, 1.0, 0.0, 0.0)
    return normalize(half)
