"""Shapes that layers are drawn with: straight and curved arrows that come and go, and skins over links."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import trimesh
import viser

from .layer import Rgb

if TYPE_CHECKING:
    from ...robot import Visual

# An arc is the turn of so many seconds, with a gap left before it would close.
_TURN_SECONDS, _MOST_TURN, _LEAST_TURN = 1.0, 5.5, 0.08
_ARC_POINTS = 25


class Arrows:
    """Arrows of one colour under one node."""

    def __init__(self, server: viser.ViserServer, name: str, color: Rgb, size: float) -> None:
        """size: a robot's radius [m], to which their thickness fits."""
        self._shortest = 0.06 * size
        self._handle = server.scene.add_arrows(
            name,
            np.array([[[0, 0, 0], [0, 0, size]]], dtype=np.float32),
            color,
            shaft_radius=0.022 * size,
            head_radius=0.055 * size,
            head_length=2 * self._shortest,
            visible=False,
        )

    def show(self, starts: np.ndarray, vectors: np.ndarray) -> None:
        """Arrows from `starts` (N, 3) along `vectors` (N, 3) [m]; those too short to see are left out."""
        long_enough = np.linalg.norm(vectors, axis=-1) > self._shortest
        if long_enough.any():
            starts, vectors = starts[long_enough], vectors[long_enough]
            self._handle.points = np.stack([starts, starts + vectors], axis=1).astype(np.float32)
        visible = bool(long_enough.any())
        if self._handle.visible != visible:
            self._handle.visible = visible


class Arc:
    """A curved arrow about the vertical axis, from the x axis on."""

    def __init__(self, server: viser.ViserServer, name: str, color: Rgb, size: float, index: int) -> None:
        """index: how far inside."""
        self._shown = 0.0
        self._radius = (0.62 - 0.12 * index) * size
        self._barb = 0.09 * size
        self._handle = server.scene.add_line_segments(
            name, np.zeros((1, 2, 3), np.float32), color, thickness=0.028 * size, visible=False
        )

    def show(self, rate: float, level: float) -> None:
        """The turn at a rate [rad/s], at a height [m]; none where it hardly turns."""
        turn = min(max(rate * _TURN_SECONDS, -_MOST_TURN), _MOST_TURN)
        visible = abs(turn) > _LEAST_TURN
        if visible and turn != self._shown:
            self._shown = turn
            self._handle.points = arc_segments(self._radius, turn, level, self._barb)
        if self._handle.visible != visible:
            self._handle.visible = visible


def arc_segments(radius: float, turn: float, level: float, barb: float) -> np.ndarray:
    """Segments (S, 2, 3) of an arc about the z axis, from the x axis on, with the two barbs of an arrow at its end."""
    angles = turn * np.arange(_ARC_POINTS) / (_ARC_POINTS - 1)
    points = np.stack([radius * np.cos(angles), radius * np.sin(angles), np.full_like(angles, level)], axis=-1)
    cosine, sine = math.cos(turn), math.sin(turn)
    along, outwards = np.sign(turn) * np.array([-sine, cosine, 0.0]), np.array([cosine, sine, 0.0])
    ends = [points[-1] - barb * (along + side * outwards) for side in (0.7, -0.7)]
    barbs = [np.stack([points[-1], end]) for end in ends]
    return np.concatenate([np.stack([points[:-1], points[1:]], axis=1), np.stack(barbs)]).astype(np.float32)


def skin(visuals: Iterable[Visual], thickness: float) -> trimesh.Trimesh:
    """The surface of a link's visuals in link coordinates, moved outwards so far [m] that nothing shows through."""
    vertices, faces, count = [], [], 0
    for visual in visuals:
        # Welded: where the triangles of a corner have vertices of their own, they would be torn apart.
        part = trimesh.Trimesh(visual.mesh.vertices, visual.mesh.faces).apply_transform(visual.origin)
        normals = np.nan_to_num(part.vertex_normals)
        vertices.append(part.vertices + thickness * normals)
        faces.append(part.faces + count)
        count += len(part.vertices)
    return trimesh.Trimesh(np.concatenate(vertices), np.concatenate(faces), process=False)
