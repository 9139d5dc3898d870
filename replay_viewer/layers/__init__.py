"""Layers: what is drawn beside the robots, in the browser and in films. A new one is a file and a row in `_BUILTIN`.

A layer gives shapes; how those are drawn, `viewer.layers` and `render.shapes` know.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from .checks import BadShape
from .layer import BuiltinLayer, Layer, Meaning
from .places import Link, Place, Pose
from .shapes import Arrows, Axes, Labels, Lines, Mesh, Points, Shape, Tints, Tubes, through

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

# In the order of the panel. By their names, since options have those, and meshes take a second to import.
_BUILTIN: Mapping[str, tuple[str, str]] = {
    "velocity": ("velocity", "Velocity"),
    "contacts": ("contacts", "ContactForces"),
    "trails": ("trails", "FootTrails"),
    "path": ("path", "BasePath"),
    "torques": ("torques", "JointTorques"),
    "frames": ("links", "LinkFrames"),
    "collisions": ("links", "CollisionShapes"),
}
LAYERS = tuple(_BUILTIN)


def builtin_layers(replay: Replay) -> list[BuiltinLayer]:
    """Our own layers for a replay, in the order of the panel."""
    classes = [getattr(import_module(f".{module}", __name__), name) for module, name in _BUILTIN.values()]
    return [layer(replay) for layer in classes]
