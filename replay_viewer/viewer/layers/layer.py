"""The two kinds of layers: a user's own, and the viewer's, which are switched on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import viser

if TYPE_CHECKING:
    from ...replay.frames import Frame

Rgb = tuple[int, int, int]


class Layer(Protocol):
    """Something drawn in the 3D view, at every frame.

    Both methods are called by the viewer, never at the same time. Their exceptions end the layer, not the viewer.

    Nodes named below "/world" have world coordinates [m]: the viewer moves "/world" along with the robot that it
    follows. Nodes named below "/world/<entity>/<link>" are in that link's coordinates and move with it.
    """

    def setup(self, server: viser.ViserServer) -> None:
        """Add nodes to `server.scene`; again whenever the viewer opens another recording."""
        ...

    def show(self, frame: Frame) -> None:
        """Bring the nodes to a frame, in one batch with the robots' own poses.

        frame.position is the position in steps, frame.envs[0] the env shown as a position in the recording, and
        frame.entities[name] has `link_positions` (1, L, 3) [m] and `link_wxyz` (1, L, 4); link 0 is the base.
        """
        ...


class BuiltinLayer:
    """One of the viewer's own layers, which is switched on and off in the panel.

    Attributes:
        name: for actions and nodes.
        title, hint: in the panel.
        lack: why it cannot be shown and what would fill it; empty where it can.
    """

    name = ""
    title = ""
    hint = ""

    def __init__(self, lack: str = "") -> None:
        self.lack = lack
        # What is hidden when it is switched off, with all that is below.
        self._roots: list[Any] = []

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """What its colours mean: (CSS colour or gradient, text), once it has been set up; a note has no colour."""
        return ()

    def setup(self, server: viser.ViserServer) -> None:
        """Add its nodes; called when it is first switched on."""
        raise NotImplementedError

    def show(self, frame: Frame) -> None:
        """Bring them to a frame; called only while it is switched on."""

    def set_visible(self, visible: bool) -> None:
        """Show or hide all its nodes."""
        for node in self._roots:
            node.visible = visible


def css(color: Rgb) -> str:
    """A colour as CSS has it."""
    return "#{:02x}{:02x}{:02x}".format(*color)
