"""Meshes of round shapes about the origin: vertices (V, 3), triangles (F, 3), and normals (V, 3) where they differ."""

from __future__ import annotations

import numpy as np

_RINGS, _SECTIONS = 16, 32


def unit_sphere() -> tuple[np.ndarray, np.ndarray]:
    """A sphere of radius 1; its vertices are its normals too."""
    return _revolved(np.linspace(0, np.pi, _RINGS + 1))


def capsule(radius: float, half_length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A capsule along z whose straight part reaches `half_length` to both sides [m]; with its normals."""
    # Two halves of a sphere, pulled apart.
    polar = np.linspace([0, np.pi / 2], [np.pi / 2, np.pi], _RINGS // 2 + 1).T
    normals, triangles = _revolved(polar.reshape(-1))
    up = np.repeat([half_length, -half_length], len(normals) // 2)
    return radius * normals + up[:, None] * [0, 0, 1], triangles, normals


def _revolved(polar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rings of a unit sphere at these angles from its top, first to last, and the triangles between them."""
    down, around = np.meshgrid(polar, np.linspace(0, 2 * np.pi, _SECTIONS, endpoint=False), indexing="ij")
    vertices = np.stack([np.sin(down) * np.cos(around), np.sin(down) * np.sin(around), np.cos(down)], -1)
    # The vertices of a pole become equal, also in the sign of their zeros.
    vertices = vertices.round(12) + 0.0
    ring, section = np.meshgrid(np.arange(len(polar) - 1), np.arange(_SECTIONS), indexing="ij")
    here, beside = ring * _SECTIONS + section, ring * _SECTIONS + (section + 1) % _SECTIONS
    upper = np.stack([here, here + _SECTIONS, beside], -1)[1:]  # At the poles, one of the two has no area.
    lower = np.stack([beside, here + _SECTIONS, beside + _SECTIONS], -1)[:-1]
    return vertices.reshape(-1, 3), np.concatenate([upper.reshape(-1, 3), lower.reshape(-1, 3)])
