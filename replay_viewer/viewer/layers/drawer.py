"""The drawer of a layer's shapes in the page: one node for each, found again by its place in the list of shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import viser

from ...errors import UnknownName
from ...layers.links import pose_on_body
from ...layers.places import Link, Place, Pose
from ...layers.shapes import Labels, Shape, Tints
from ...robot import Robot
from ...theme import WORLD
from ..wire.server import move_node, unplaced
from .many_nodes import LabelNodes, SkinNodes
from .nodes import Node, set_visible


@dataclass
class _Slot:
    """What draws the shapes at one place of the list.

    Attributes:
        kind: of shape.
        home: below which node, or of which entity's links.
        drawn: its nodes.
    """

    kind: type
    home: str
    drawn: Node | LabelNodes | SkinNodes


class ShapeDrawer:
    """The nodes of one layer: below `/world/layers/NAME`, and below the links that its shapes hang on."""

    def __init__(self, server: viser.ViserServer, name: str, robots: Mapping[str, Robot], world: str = WORLD) -> None:
        """robots: by entity name. world: below which node their links are."""
        self._server, self._name, self._robots, self._world = server, name, robots, world
        self._root = server.scene.add_frame(f"{world}/layers/{name}", show_axes=False)
        self._slots: list[_Slot] = []
        self._poses: list[viser.FrameHandle] = []
        self._order: dict[int, int] = {}  # Of places, by identity, which of the poses' nodes is theirs.
        self._anchors: dict[Link, str] = {}
        self._shown: tuple[Shape, ...] | None = None

    def show(self, shapes: tuple[Shape, ...]) -> None:
        """Bring the nodes to the shapes of a frame. Raises UnknownName for a link or an entity that there is not."""
        if shapes is self._shown:
            return
        set_visible(self._root, True)
        self._move_poses(shapes)
        for index, shape in enumerate(shapes):
            self._drawn_at(index, shape).show(shape)  # type: ignore[arg-type]
        for slot in self._slots[len(shapes) :]:
            slot.drawn.hide()
        self._shown = shapes

    def hide(self) -> None:
        """Show nothing of the layer."""
        self._shown = None
        set_visible(self._root, False)
        for slot in self._slots:
            slot.drawn.hide()

    def _move_poses(self, shapes: tuple[Shape, ...]) -> None:
        """Bring the node of each pose to where it is, in the order in which shapes name them."""
        poses = {id(place): place for shape in shapes if isinstance(place := _place_of(shape), Pose)}
        self._order = {key: index for index, key in enumerate(poses)}
        for index, pose in enumerate(poses.values()):
            if index == len(self._poses):
                node = self._server.scene.add_frame(f"{self._root.name}/pose{index}", show_axes=False)
                self._poses.append(unplaced(node))
            move_node(self._poses[index], pose.position.tolist(), pose.wxyz.tolist())

    def _drawn_at(self, index: int, shape: Shape) -> Any:
        """The nodes of the shape at a place of the list; new ones where it is of another kind than before."""
        home = shape.entity if isinstance(shape, Tints) else self._home(shape.place)
        if index == len(self._slots):
            self._slots.append(_Slot(type(shape), home, self._add(index, shape, home)))
        slot = self._slots[index]
        if slot.kind is not type(shape) or slot.home != home:
            slot.drawn.remove()
            slot = self._slots[index] = _Slot(type(shape), home, self._add(index, shape, home))
        return slot.drawn

    def _add(self, index: int, shape: Shape, home: str) -> Node | LabelNodes | SkinNodes:
        if isinstance(shape, Tints):
            robot = self._robot(shape.entity)
            return SkinNodes(self._server, lambda link: f"{self._link(Link(home, link))}/{self._name}-{index}", robot)
        # A link's node is not ours alone.
        name = f"{home}/{index}" if home.startswith(self._root.name) else f"{home}/{self._name}-{index}"
        return LabelNodes(self._server, name) if isinstance(shape, Labels) else Node(self._server, name, shape)

    def _home(self, place: Place) -> str:
        """The node that the shapes of a place are below."""
        if isinstance(place, Link):
            return self._link(place)
        return self._root.name if place is None else self._poses[self._order[id(place)]].name

    def _link(self, link: Link) -> str:
        """The node of a link. One that is fixed to another may have none: then a node on that one stands for it."""
        if link not in self._anchors:
            robot = self._robot(link.entity)
            if link.link not in robot.link_names:
                raise UnknownName("link", link.link, robot.link_names, where=f"{link.entity!r}")
            index = robot.link_names.index(link.link)
            body = robot.body_of(index)
            name = f"{self._world}/{link.entity}/{robot.link_names[body]}"
            if index != body:
                position, wxyz = pose_on_body(robot, index)
                name = f"{name}/{self._name}@{link.link}"
                self._server.scene.add_frame(name, show_axes=False, position=position, wxyz=wxyz)
            self._anchors[link] = name
        return self._anchors[link]

    def _robot(self, entity: str) -> Robot:
        if entity not in self._robots:
            raise UnknownName("entity", entity, tuple(self._robots))
        return self._robots[entity]


def _place_of(shape: Shape) -> Place:
    return None if isinstance(shape, Tints) else shape.place
