"""Picking: rays against the boxes around what is drawn on each link of the robots in a crowd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...rotations import conjugate, rotate

# What is thinner than a finger is hard to hit: boxes have some room around them [m].
_ROOM = 0.01
# Triangles that are looked at together.
_AT_ONCE = 1 << 17


@dataclass(frozen=True)
class LinkBoxes:
    """Boxes of a robot's links, in their coordinates.

    Attributes:
        links: (K,) index of the link.
        low, high: (K, 3) corners [m].
    """

    links: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def radii(self) -> np.ndarray:
        """Distance (K,) [m] of the farthest corner from the link's origin."""
        return np.linalg.norm(np.maximum(abs(self.low), abs(self.high)), axis=1)


def boxes_around(links: list[int], vertices: list[np.ndarray]) -> LinkBoxes:
    """The boxes around vertices (V, 3) [m] on some links."""
    low = np.array([points.min(axis=0) for points in vertices]).reshape(-1, 3)
    high = np.array([points.max(axis=0) for points in vertices]).reshape(-1, 3)
    return LinkBoxes(np.array(links, dtype=np.intp), low - _ROOM, high + _ROOM)


def first_hit(
    origin: np.ndarray, direction: np.ndarray, positions: np.ndarray, wxyz: np.ndarray, boxes: LinkBoxes
) -> tuple[int, float] | None:
    """The env that a ray hits first, and how far [m] along the ray; None if it hits none.

    Args:
        origin: where the ray begins, (3,) [m].
        direction: (3,), of any length but zero.
        positions: of all links in each env, (N, L, 3) [m].
        wxyz: their rotations, (N, L, 4).
        boxes: of some of the links.
    """
    along = direction / np.linalg.norm(direction)
    offsets = positions[:, boxes.links] - origin
    # Spheres about the links' origins first: of thousands of links, a few are near the ray.
    nearest = np.maximum(offsets @ along, 0)
    squares = np.einsum("nkj,nkj->nk", offsets, offsets) - 2 * nearest * (offsets @ along) + nearest**2
    env, k = np.nonzero(squares <= boxes.radii**2)
    inverse = conjugate(wxyz[env, boxes.links[k]])
    distances = _entries(rotate(inverse, -offsets[env, k]), rotate(inverse, along[None]), boxes.low[k], boxes.high[k])
    if not np.isfinite(distances).any():
        return None
    return int(env[distances.argmin()]), float(distances.min())


def _entries(origins: np.ndarray, directions: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """How far along each of n rays (n, 3) its box begins, (n,), infinite where it is missed.

    By slabs: T. Kay and J. Kajiya, Ray tracing complex scenes, 1986.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (low - origins) / directions, (high - origins) / directions
    # 0 / 0: the ray runs within a face of the box, which is neither inside nor outside.
    enters = np.fmin(a, b).max(axis=1, initial=0.0)
    leaves = np.fmax(a, b).min(axis=1, initial=np.inf)
    return np.where(enters <= leaves, enters, np.inf)


def nearest_triangle(
    origin: np.ndarray, direction: np.ndarray, vertices: np.ndarray, triangles: np.ndarray
) -> float | None:
    """How far along a ray, in lengths of its direction, it meets the first of triangles (F, 3); None for none.

    T. Moeller and B. Trumbore, "Fast, minimum storage ray/triangle intersection", 1997.
    """
    pieces = (triangles[first : first + _AT_ONCE] for first in range(0, len(triangles), _AT_ONCE))
    found = (_nearest_of(origin, direction, vertices, piece) for piece in pieces)
    return min((along for along in found if along is not None), default=None)


def _nearest_of(origin: np.ndarray, direction: np.ndarray, vertices: np.ndarray, triangles: np.ndarray) -> float | None:
    a, b, c = (vertices[triangles[:, corner]].astype(np.float64) for corner in range(3))
    u, v = b - a, c - a
    h = np.cross(direction, v)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1.0 / np.einsum("fi,fi->f", u, h)
        s = origin - a
        wb = scale * np.einsum("fi,fi->f", s, h)
        q = np.cross(s, u)
        wc = scale * (q @ direction)
        along = scale * np.einsum("fi,fi->f", v, q)
        hits = along[(wb >= 0) & (wc >= 0) & (wb + wc <= 1) & (along > 0)]
    return float(hits.min()) if len(hits) else None
