"""Unit bodies: a rod, a cone and a ball of which layers' shapes are made, and a surface of any triangles."""

from __future__ import annotations

from functools import cache

import numpy as np
import trimesh

from .link_triangles import LinkTriangles, flat_shaded
from .surface import Surface, assembled
from .textures import make_atlas

# Sides of rods and cones, and how often the triangles of a ball are divided: edges are not seen in a film of 4K.
_SIDES, _BALL_DIVISIONS = 12, 2


@cache
def rod() -> Surface:
    """Of radius 1 m, from -0.5 m to 0.5 m along z, with flat ends."""
    x, y = _circle()
    around = [np.column_stack([x, y, np.full(_SIDES, z)]) for z in (-0.5, 0.5)]
    outwards = np.column_stack([x, y, np.zeros(_SIDES)])
    i = np.arange(_SIDES)
    j = (i + 1) % _SIDES
    sides = np.concatenate([np.column_stack([i, j, _SIDES + j]), np.column_stack([i, _SIDES + j, _SIDES + i])])
    return _surface(
        [(np.concatenate(around), np.concatenate([outwards] * 2), sides), _disc(-0.5, -1.0), _disc(0.5, 1.0)]
    )


@cache
def cone() -> Surface:
    """Of radius 1 m at z = 0, with its tip at z = 1 m."""
    x, y = _circle()
    slope = np.column_stack([x, y, np.ones(_SIDES)]) / np.sqrt(2)
    # A tip for each side, which has the side's own normal.
    rim, tips = np.column_stack([x, y, np.zeros(_SIDES)]), np.tile([0.0, 0.0, 1.0], (_SIDES, 1))
    i = np.arange(_SIDES)
    sides = np.column_stack([i, (i + 1) % _SIDES, _SIDES + i])
    return _surface([(np.concatenate([rim, tips]), np.concatenate([slope, slope]), sides), _disc(0.0, -1.0)])


@cache
def ball() -> Surface:
    """Of radius 1 m."""
    sphere = trimesh.creation.icosphere(subdivisions=_BALL_DIVISIONS, radius=1.0)
    return _surface([(sphere.vertices, sphere.vertices, sphere.faces)])


@cache
def triangle() -> Surface:
    """With its corners at the origin, at x = 1 m and at y = 1 m."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    return _surface([(corners, np.tile([0.0, 0.0, 1.0], (3, 1)), np.array([[0, 1, 2]]))])


def mesh_surface(vertices: np.ndarray, triangles: np.ndarray) -> Surface:
    """Flat shaded triangles (F, 3) of vertices (V, 3), white."""
    part = flat_shaded(_part(vertices, np.zeros_like(vertices), triangles))
    return assembled([part], make_atlas({})[0], num_links=1)


def _circle() -> tuple[np.ndarray, np.ndarray]:
    angles = 2 * np.pi * np.arange(_SIDES) / _SIDES
    return np.cos(angles), np.sin(angles)


def _disc(z: float, up: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, normals and triangles of a level disc that faces up or down."""
    x, y = _circle()
    points = np.column_stack([x, y, np.full(_SIDES, z)])
    i = np.arange(1, _SIDES - 1)
    first, second = (i, i + 1) if up > 0 else (i + 1, i)
    return points, np.tile([0.0, 0.0, up], (_SIDES, 1)), np.column_stack([np.zeros_like(i), first, second])


def _surface(pieces: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Surface:
    """Of pieces' vertices, normals and triangles, white, on one link."""
    starts = np.cumsum([0, *(len(points) for points, _, _ in pieces)])
    points = np.concatenate([points for points, _, _ in pieces])
    normals = np.concatenate([normals for _, normals, _ in pieces])
    triangles = np.concatenate([faces + start for (_, _, faces), start in zip(pieces, starts, strict=False)])
    return assembled([_part(points, normals, triangles)], make_atlas({})[0], num_links=1)


def _part(points: np.ndarray, normals: np.ndarray, triangles: np.ndarray) -> LinkTriangles:
    return LinkTriangles(
        link=0,
        vertices=points.astype(np.float32),
        normals=normals.astype(np.float32),
        colors=np.ones((len(points), 3), np.float32),
        uv=np.zeros((len(points), 2), np.float32),
        triangles=triangles.astype(np.int32),
        textures=np.full(len(triangles), -1, np.int32),
    )
