"""Nodes of shapes: what viser draws for each kind. A node is kept from frame to frame, and is sent what has changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import trimesh
import viser

from ...layers.pieces import rods
from ...layers.shapes import Arrows, Axes, Lines, Mesh, Points, Shape, Tubes, colors_of
from ..wire.server import send_properties

# Of a rod, and how often the triangles of a ball are divided.
_SIDES, _BALL_DIVISIONS = 6, 2

Properties = dict[str, Any]


class Node:
    """The node of one shape. What is sent are properties as viser has them, by which its kind adds it to the scene."""

    def __init__(self, server: viser.ViserServer, name: str, shape: Shape) -> None:
        self._server, self._name, self._kind = server, name, _KINDS[type(shape)]
        self._handle: Any = None
        self._shown: Shape | None = None
        self._sent: Properties = {}
        self._has_pieces = False

    def show(self, shape: Shape) -> None:
        """Bring it to a shape of the same kind."""
        if shape is not self._shown:
            self._shown = shape
            self._send(self._kind.properties(shape))
        set_visible(self._handle, self._has_pieces)

    def hide(self) -> None:
        """Show nothing of it."""
        set_visible(self._handle, False)

    def remove(self) -> None:
        """Take it out of the scene."""
        if self._handle is not None:
            self._handle.remove()

    def _send(self, properties: Properties) -> None:
        self._has_pieces = len(properties[self._kind.pieces]) > 0
        if not self._has_pieces:  # Hidden, and what it has been sent stays.
            return
        if self._handle is None:
            self._handle = self._kind.add(self._server, self._name, properties)
        else:
            changed = {name: value for name, value in properties.items() if not _is_same(self._sent[name], value)}
            send_properties(self._handle, changed)
        self._sent = properties


def add_mesh(server: viser.ViserServer, name: str, properties: Properties, *, receive_shadow: bool = False) -> Any:
    """Add a mesh of facets."""
    return server.scene.add_mesh_simple(
        name, **properties, flat_shading=True, cast_shadow=False, receive_shadow=receive_shadow
    )


def set_visible(handle: Any, visible: bool) -> None:
    """Show or hide a node, if there is one."""
    if handle is not None and handle.visible != visible:
        handle.visible = visible


class _Kind(NamedTuple):
    """How a kind of shape is drawn.

    Attributes:
        add: adds a node with some properties to the scene.
        properties: of a shape.
        pieces: which of them has a row for each piece; without any, nothing is drawn.
    """

    add: Callable[[viser.ViserServer, str, Properties], Any]
    properties: Callable[[Any], Properties]
    pieces: str


def _add_arrows(server: viser.ViserServer, name: str, properties: Properties) -> Any:
    return server.scene.add_arrows(name, **properties)


def _add_lines(server: viser.ViserServer, name: str, properties: Properties) -> Any:
    return server.scene.add_line_segments(name, **properties)


def _add_axes(server: viser.ViserServer, name: str, properties: Properties) -> Any:
    return server.scene.add_batched_axes(name, **properties)


def _add_rods(server: viser.ViserServer, name: str, properties: Properties) -> Any:
    return _add_bodies(server, name, _rod(), properties)


def _add_balls(server: viser.ViserServer, name: str, properties: Properties) -> Any:
    return _add_bodies(server, name, _ball(), properties)


def _add_bodies(server: viser.ViserServer, name: str, body: trimesh.Trimesh, properties: Properties) -> Any:
    return server.scene.add_batched_meshes_simple(
        name, body.vertices, body.faces, **properties, cast_shadow=False, receive_shadow=False, lod="off"
    )


def _arrow_properties(shape: Arrows) -> Properties:
    long, (head_radius, head_length) = shape.are_long, shape.head
    starts, vectors, colors = shape.starts, shape.vectors, np.asarray(shape.color)
    if not long.all():
        starts, vectors = starts[long], vectors[long]
        colors = colors if colors.ndim == 1 else colors[long]
    return {
        "points": np.stack([starts, starts + vectors], axis=1),
        "colors": colors,
        "shaft_radius": shape.radius,
        "head_radius": head_radius,
        "head_length": head_length,
    }


def _line_properties(shape: Lines) -> Properties:
    colors = np.asarray(shape.color)
    each = colors if colors.ndim == 1 else np.repeat(colors[:, None], 2, axis=1)
    return {"points": shape.segments, "colors": each, "thickness": 2 * shape.radius}


def _rod_properties(shape: Tubes) -> Properties:
    return _body_properties(*rods(shape.segments, shape.radii), shape)


def _ball_properties(shape: Points) -> Properties:
    scales = np.full((shape.num_pieces, 3), shape.radius, np.float32)
    return _body_properties(shape.positions, _unturned(shape.num_pieces), scales, shape)


def _body_properties(positions: np.ndarray, wxyz: np.ndarray, scales: np.ndarray, shape: Tubes | Points) -> Properties:
    return {
        "batched_positions": positions,
        "batched_wxyzs": wxyz,
        "batched_scales": scales,
        # One for each, whose number changes with the others'.
        "batched_colors": np.asarray(shape.color) if np.ndim(shape.color) == 1 else colors_of(shape),
    }


def _axes_properties(shape: Axes) -> Properties:
    return {
        "batched_wxyzs": shape.wxyz,
        "batched_positions": shape.positions,
        "axes_length": shape.length,
        "axes_radius": shape.radius,
    }


def _mesh_properties(shape: Mesh) -> Properties:
    opacity = None if shape.opacity == 1 else shape.opacity
    color = tuple(np.asarray(shape.color).tolist())
    return {"vertices": shape.vertices, "faces": shape.triangles, "color": color, "opacity": opacity}


_KINDS: dict[type, _Kind] = {
    Arrows: _Kind(_add_arrows, _arrow_properties, "points"),
    Lines: _Kind(_add_lines, _line_properties, "points"),
    Tubes: _Kind(_add_rods, _rod_properties, "batched_positions"),
    Points: _Kind(_add_balls, _ball_properties, "batched_positions"),
    Axes: _Kind(_add_axes, _axes_properties, "batched_positions"),
    Mesh: _Kind(add_mesh, _mesh_properties, "faces"),
}


@cache
def _rod() -> trimesh.Trimesh:
    return trimesh.creation.cylinder(radius=1.0, height=1.0, sections=_SIDES)


@cache
def _ball() -> trimesh.Trimesh:
    return trimesh.creation.icosphere(subdivisions=_BALL_DIVISIONS, radius=1.0)


@cache
def _unturned(count: int) -> np.ndarray:
    return np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))


def _is_same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a is b or np.array_equal(a, b)
    return a == b
