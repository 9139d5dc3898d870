"""Smooth low-poly shapes, all made the same way: a stack of rings of points, skinned with triangles.

A ring is a closed loop of M points; an array of rings has shape (R, M, 3). Lengths are metres. Seen against the
direction of travel from the first to the last ring, points run counter-clockwise, so that faces point outwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Surface = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(s, u) of any one shape -> points of that shape plus (3,)."""


@dataclass(frozen=True)
class Shell:
    """Triangles of one material: vertices (V, 3) [m], faces (F, 3) vertex indices, counter-clockwise from outside."""

    vertices: np.ndarray
    faces: np.ndarray

    def moved(self, offset: Sequence[float] | np.ndarray) -> Shell:
        """This shell shifted by (x, y, z) metres."""
        return Shell(self.vertices + np.asarray(offset, dtype=float), self.faces)

    def turned(self, axis: Literal["x", "y"]) -> Shell:
        """This shell with its z axis laid along `axis`, by a rotation."""
        columns = {"x": [2, 0, 1], "y": [1, 2, 0]}[axis]
        return Shell(self.vertices[:, columns], self.faces)

    def mirrored(self) -> Shell:
        """Left and right exchanged; faces still point outwards."""
        return Shell(self.vertices * [1, -1, 1], self.faces[:, ::-1])


def circle(count: int, exponent: float = 2.0) -> np.ndarray:
    """A unit superellipse |x|^n + |y|^n = 1, shape (count, 2), counter-clockwise; exponent 2 is a circle.

    The points are spread evenly over the angle of the superellipse, which gives its corners as many as its sides.
    """
    angle = 2 * np.pi * (np.arange(count) + 0.5) / count
    xy = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return xy / np.sum(np.abs(xy) ** exponent, axis=-1, keepdims=True) ** (1 / exponent)


def skin(rings: np.ndarray, *, close_first: bool = True, close_last: bool = True) -> Shell:
    """Triangles between neighbouring rings (R, M, 3), with a fan over the first and the last ring if asked."""
    num_rings, count = rings.shape[:2]
    first = np.arange(count)
    following = (first + 1) % count
    faces = []
    for start in range(0, (num_rings - 1) * count, count):
        a, b, c, d = start + first, start + following, start + count + following, start + count + first
        faces += [np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)]
    vertices = [rings.reshape(-1, 3), rings[0].mean(axis=0)[None], rings[-1].mean(axis=0)[None]]
    last = (num_rings - 1) * count
    if close_first:
        faces.append(np.stack([following, first, np.full(count, num_rings * count)], axis=-1))
    if close_last:
        faces.append(np.stack([last + first, last + following, np.full(count, num_rings * count + 1)], axis=-1))
    return Shell(np.concatenate(vertices), np.concatenate(faces))


def lathe(profile: Sequence[tuple[float, float]], count: int) -> Shell:
    """A solid of revolution about z from (radius, z) points with z rising."""
    radius, height = np.asarray(profile, dtype=float).T
    ring = circle(count)
    rings = np.empty((len(radius), count, 3))
    rings[..., :2] = radius[:, None, None] * ring
    rings[..., 2] = height[:, None]
    return skin(rings)


def disc(radius: float, thickness: float, rounding: float, count: int, steps: int = 2) -> Shell:
    """A cylinder about z, centred, whose rims are rounded with radius `rounding` in `steps` facets."""
    angle = np.linspace(0, np.pi / 2, steps + 1)
    rim = [(radius - rounding * (1 - np.sin(a)), thickness / 2 - rounding * (1 - np.cos(a))) for a in angle]
    return lathe([(r, -z) for r, z in rim] + [(r, z) for r, z in reversed(rim)], count)


def ball(radius: float, count: int) -> Shell:
    """A sphere about the origin."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, count // 2 + 1)[1:-1]
    return lathe([(radius * np.cos(a), radius * np.sin(a)) for a in angle], count)


def block(size: Sequence[float], *, exponent: float, end_exponent: float, count: int, steps: int) -> Shell:
    """A rounded box of the given (x, y, z) size, centred: superellipses along x that close at both ends.

    exponent: of the cross-section; end_exponent: of the way in which the ends close. Both: 2 is round, larger boxy.
    """
    angle = np.linspace(0, np.pi, 2 * steps + 1)[1:-1]
    along, width = -np.cos(angle), np.sin(angle)
    # The same superellipse, now in the plane of length and width.
    scale = (np.abs(along) ** end_exponent + width**end_exponent) ** (-1 / end_exponent)
    ring = circle(count, exponent)
    rings = np.empty((len(angle), count, 3))
    rings[..., 0] = (along * scale)[:, None] * size[0] / 2
    rings[..., 1:] = (width * scale)[:, None, None] * ring * np.asarray(size[1:]) / 2
    return skin(rings)


def through(knots: Sequence[Sequence[float]], at: np.ndarray) -> np.ndarray:
    """A smooth curve through knots (position, value, value, ...), evaluated at positions; shape (*at.shape, values).

    Cubic Hermite with central-difference slopes (Catmull-Rom on uneven knots).
    """
    table = np.asarray(knots, dtype=float)
    x, y = table[:, 0], table[:, 1:]
    slopes = np.gradient(y, x, axis=0)
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h = (x[i + 1] - x[i])[..., None]
    t = (np.asarray(at)[..., None] - x[i][..., None]) / h
    t2, t3 = t * t, t * t * t
    ends = (2 * t3 - 3 * t2 + 1) * y[i] + (3 * t2 - 2 * t3) * y[i + 1]
    return ends + h * ((t3 - 2 * t2 + t) * slopes[i] + (t3 - t2) * slopes[i + 1])


def patch(
    surface: Surface,
    centre: Sequence[float],
    half: Sequence[float],
    lift: float,
    *,
    sink: float = 0.002,
    edge: float = 0.08,
    exponent: float = 5.0,
    count: int = 28,
    steps: int = 4,
) -> Shell:
    """A raised panel that follows a surface, with a rounded outline and a bevelled edge.

    centre and half: the panel's middle and half extents in the surface's own (s, u); lift: its height above the
    surface and sink: how far its edge goes below it [m]; edge: the bevel's share of the extents. The surface's
    (s, u) must be such that moving along s, then u, turns counter-clockwise seen from outside.
    """
    radii = np.concatenate([[1.0, 1.0, 1 - edge], np.linspace(1 - edge, 0, steps + 1)[1:-1]])
    heights = np.concatenate([[-sink, 0.4 * lift, lift], np.full(steps - 1, lift)])
    outline = circle(count, exponent) * np.asarray(half)
    s, u = np.moveaxis(np.asarray(centre) + radii[:, None, None] * outline, -1, 0)
    rings = surface(s, u) + heights[:, None, None] * normals(surface, s, u)
    return skin(rings, close_first=False)


def normals(surface: Surface, s: np.ndarray, u: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """Outward unit normals of a surface by central differences, shape (*s.shape, 3)."""
    normal = np.cross(surface(s + step, u) - surface(s - step, u), surface(s, u + step) - surface(s, u - step))
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)
