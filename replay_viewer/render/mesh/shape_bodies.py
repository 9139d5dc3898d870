"""The bodies of shapes: of which unit bodies a shape is made, and where each of them is in the shape's coordinates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...layers.pieces import along, rods
from ...layers.shapes import AXIS_COLORS, Arrows, Axes, Lines, Mesh, Points, Shape, Tubes, colors_of
from ...robot.materials import linear_of_bytes
from ...rotations import rotate, to_matrix
from .surface import Surface
from .unit_bodies import ball, cone, rod, triangle


class Bodies(NamedTuple):
    """Copies of one body.

    Attributes:
        body: what is copied.
        poses: (N, 3, 4), with their scales.
        tints: (N, 4) linear red, green and blue, and one: only the tint is seen.
        radii: of rods, (N,) [m].
    """

    body: Surface
    poses: np.ndarray
    tints: np.ndarray
    radii: np.ndarray | None = None

    def moved(self, turn: np.ndarray, origin: np.ndarray) -> Bodies:
        """The same after a rotation (3, 3) and a move (3,)."""
        poses = turn @ self.poses
        poses[..., 3] += origin
        return self._replace(poses=poses)


def bodies_of(shape: Shape) -> list[Bodies]:
    """Of a shape that is no mesh, no text and no tint."""
    if isinstance(shape, Arrows):
        return _of_arrows(shape)
    if isinstance(shape, Axes):
        return [_of_axes(shape)]
    if isinstance(shape, Lines):
        return [_rods(shape.segments, shape.radius, colors_of(shape))]
    if isinstance(shape, Tubes):
        return [_rods(shape.segments, shape.radii, colors_of(shape))]
    assert isinstance(shape, Points)
    return [_of_points(shape)]


def mesh_bodies(mesh: Mesh, surface: Surface | None) -> Bodies:
    """Of a mesh: its surface, if it has one, else its triangles."""
    color = np.atleast_2d(mesh.color)
    if surface is not None:
        return Bodies(surface, np.eye(3, 4)[None], _tints(color))
    a, b, c = np.moveaxis(mesh.vertices[mesh.triangles].astype(float), 1, 0)
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)
    poses = np.stack([b - a, c - a, normals, a], axis=-1)
    return Bodies(triangle(), poses, _tints(np.broadcast_to(color, (len(poses), 3))))


def _of_arrows(shape: Arrows) -> list[Bodies]:
    """Heads, and shafts of those that are longer than their head."""
    long, (head_radius, head_length) = shape.are_long, shape.head
    starts, vectors, colors = shape.starts[long].astype(float), shape.vectors[long], colors_of(shape)[long]
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    necks = starts + vectors * (1 - head_length / np.maximum(lengths, 1e-12))
    scales = np.tile([head_radius, head_radius, head_length], (len(necks), 1))
    heads = Bodies(cone(), _poses(necks, along(vectors), scales), _tints(colors))
    has_shaft = lengths[:, 0] > head_length
    shafts = _rods(np.stack([starts, necks], axis=1)[has_shaft], shape.radius, colors[has_shaft])
    return [heads, shafts]


def _of_axes(shape: Axes) -> Bodies:
    assert shape.radius is not None
    starts = shape.positions
    tips = [starts + rotate(shape.wxyz, np.tile(axis, (len(starts), 1))) for axis in np.eye(3) * shape.length]
    segments = np.stack([np.concatenate([starts] * 3), np.concatenate(tips)], axis=1)
    colors = np.repeat(np.array(AXIS_COLORS, np.uint8), len(starts), axis=0)
    return _rods(segments, shape.radius, colors)


def _of_points(shape: Points) -> Bodies:
    poses = np.tile(np.eye(3, 4) * shape.radius, (shape.num_pieces, 1, 1))
    poses[..., 3] = shape.positions
    return Bodies(ball(), poses, _tints(colors_of(shape)))


def _rods(segments: np.ndarray, radii: np.ndarray | float, colors: np.ndarray) -> Bodies:
    each = np.broadcast_to(np.asarray(radii, np.float32), len(segments))
    return Bodies(rod(), _poses(*rods(segments, each)), _tints(colors), each)


def _poses(positions: np.ndarray, wxyz: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Poses (N, 3, 4) of bodies of these scales (N, 3) before they are turned."""
    return np.concatenate([to_matrix(wxyz.astype(float)) * scales[:, None, :], positions[..., None]], axis=-1)


def _tints(colors: np.ndarray) -> np.ndarray:
    linear = linear_of_bytes()[colors]
    return np.concatenate([linear, np.ones((len(linear), 1), np.float32)], axis=-1).astype(np.float32)
