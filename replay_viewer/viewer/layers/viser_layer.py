"""A user's layer of viser's own nodes: for what shapes do not have; in the browser alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import viser

if TYPE_CHECKING:
    from ...replay.frames import Frame


class ViserLayer(Protocol):
    """Something drawn in the page's 3D view, at every frame, with whatever viser has.

    Both methods are called by the viewer, never at the same time. Their exceptions end the layer, not the viewer. One
    that has `shapes(frame)` too, as a `Layer`, draws those as well, and films have them.

    Nodes named below "/world" have world coordinates [m]: the viewer moves "/world" along with the robot that it
    follows. Nodes named below "/world/<entity>/<link>" are in that link's coordinates and move with it.
    """

    def setup(self, server: viser.ViserServer) -> None:
        """Add nodes to `server.scene`; again whenever the viewer opens another recording."""
        ...

    def show(self, frame: Frame) -> None:
        """Bring the nodes to a frame, in one batch with the robots' own poses; see `Layer.shapes`."""
        ...
