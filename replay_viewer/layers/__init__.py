"""Layers: what is drawn beside the robots, in the browser and in films. A new one is a file and a row in `_BUILTIN`.

A layer gives shapes; how those are drawn, `viewer.layers` and `render.shapes` know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .checks import BadShape
from .contacts import ContactForces
from .layer import BuiltinLayer, Layer, Meaning
from .links import CollisionShapes, LinkFrames
from .path import BasePath
from .places import Link, Place, Pose
from .shapes import Arrows, Axes, Labels, Lines, Mesh, Points, Shape, Tints, Tubes, through
from .torques import JointTorques
from .trails import FootTrails
from .velocity import Velocity

if TYPE_CHECKING:
    from ..replay.replay import Replay

__all__ = [
    "LAYERS",
    "Arrows",
    "Axes",
    "BadShape",
    "BuiltinLayer",
    "Labels",
    "Layer",
    "Lines",
    "Link",
    "Meaning",
    "Mesh",
    "Place",
    "Points",
    "Pose",
    "Shape",
    "Tints",
    "Tubes",
    "builtin_layers",
    "through",
]

_BUILTIN = (Velocity, ContactForces, FootTrails, BasePath, JointTorques, LinkFrames, CollisionShapes)
LAYERS = tuple(layer.name for layer in _BUILTIN)


def builtin_layers(replay: Replay) -> list[BuiltinLayer]:
    """Our own layers for a replay, in the order of the panel."""
    return [layer(replay) for layer in _BUILTIN]
