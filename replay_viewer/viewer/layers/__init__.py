"""Layers: what is drawn beside the robots. A new one is a file here and a row in `_BUILTIN`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .contacts import ContactForces
from .layer import BuiltinLayer, Layer
from .links import CollisionShapes, LinkFrames
from .path import BasePath
from .shown_layers import ShownLayers
from .torques import JointTorques
from .trails import FootTrails
from .velocity import Velocity

if TYPE_CHECKING:
    from ...replay.replay import Replay

__all__ = ["BuiltinLayer", "Layer", "ShownLayers", "builtin_layers"]

_BUILTIN = (Velocity, ContactForces, FootTrails, BasePath, JointTorques, LinkFrames, CollisionShapes)


def builtin_layers(replay: Replay) -> list[BuiltinLayer]:
    """The viewer's own layers for a replay, in the order of the panel."""
    return [layer(replay) for layer in _BUILTIN]
