"""Shapes that need several nodes of viser's: texts, and other colours of links."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import viser

from ...errors import UnknownName
from ...layers.shapes import Labels, Tints, colors_of
from ...layers.skin import skin
from ...robot import Robot
from ...theme import Rgb
from ..wire.server import move_node, send_properties, unplaced
from .nodes import add_mesh, set_visible

# How far outside of a link the skin is that gives it another colour, of the robot's radius.
_SKIN = 0.003
_UNTURNED = [1.0, 0.0, 0.0, 0.0]


class LabelNodes:
    """A node for each text of a shape."""

    def __init__(self, server: viser.ViserServer, name: str) -> None:
        self._server, self._root = server, server.scene.add_frame(name, show_axes=False)
        self._labels: list[viser.LabelHandle] = []
        self._shown: Labels | None = None

    def show(self, shape: Labels) -> None:
        """Bring them to a shape."""
        set_visible(self._root, True)
        if shape is self._shown:
            return
        self._shown = shape
        for index in range(len(self._labels), shape.num_pieces):
            name = f"{self._root.name}/{index}"
            label = self._server.scene.add_label(name, shape.texts[index], anchor="center-center")
            self._labels.append(unplaced(label))
        for index, label in enumerate(self._labels):
            set_visible(label, index < shape.num_pieces)
        for label, text, position in zip(self._labels, shape.texts, shape.positions.tolist(), strict=False):
            move_node(label, position, _UNTURNED)
            if label.text != text:
                label.text = text

    def hide(self) -> None:
        """Show none of them."""
        set_visible(self._root, False)

    def remove(self) -> None:
        """Take them out of the scene."""
        self._root.remove()


class SkinNodes:
    """A skin over each link that has another colour, since a link's own colours are those of its mesh."""

    def __init__(self, server: viser.ViserServer, node_of: Callable[[str], str], robot: Robot) -> None:
        """node_of: gives the name of the node of a link's skin. robot: whose links they are."""
        self._server, self._node_of, self._robot = server, node_of, robot
        self._skins: dict[str, viser.MeshHandle] = {}
        self._colors: dict[str, Rgb] = {}
        self._shown: Tints | None = None

    def show(self, shape: Tints) -> None:
        """Bring them to a shape."""
        if shape is self._shown:
            return
        self._shown = shape
        colors: dict[str, Rgb] = {
            self._body(link): (red, green, blue)
            for link, (red, green, blue) in zip(shape.links, colors_of(shape).tolist(), strict=True)
        }
        for link, color in colors.items():
            if self._colors.get(link) != color:
                self._give_color(link, color)
        self._colors.update(colors)
        for link, handle in self._skins.items():
            set_visible(handle, link in colors)

    def hide(self) -> None:
        """Show none of them."""
        self._shown = None
        for handle in self._skins.values():
            set_visible(handle, False)

    def remove(self) -> None:
        """Take them out of the scene."""
        for handle in self._skins.values():
            handle.remove()

    def _body(self, link: str) -> str:
        """The link that moves, to which what is drawn of a link belongs."""
        names = self._robot.link_names
        if link not in names:
            raise UnknownName("link", link, names, where="the robot")
        return names[self._robot.body_of(names.index(link))]

    def _give_color(self, link: str, color: Rgb) -> None:
        if link in self._skins:
            send_properties(self._skins[link], {"color": color})
            return
        visuals = [visual for visual in self._robot.visuals if self._robot.link_names[visual.link] == link]
        if visuals:
            mesh = skin(visuals, _SKIN * self._robot.radius)
            vertices, faces = mesh.vertices.astype(np.float32), mesh.faces.astype(np.uint32)
            properties = {"vertices": vertices, "faces": faces, "color": color}
            self._skins[link] = add_mesh(self._server, self._node_of(link), properties, receive_shadow=True)
