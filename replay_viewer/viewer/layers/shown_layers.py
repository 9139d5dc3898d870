"""The layers that are shown: the one place that asks them for their shapes and draws those in the page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeGuard

from ...errors import UnknownName
from ...layers import BuiltinLayer, Layer, builtin_layers
from ...layers.asking import Notify, runs, shapes_of
from ...theme import WORLD
from .drawer import ShapeDrawer
from .viser_layer import ViserLayer

if TYPE_CHECKING:
    import viser

    from ...replay.frames import Frame
    from ...replay.replay import Replay


class ShownLayers:
    """The viewer's own layers, of which those that are switched on are shown, and a user's, which always are.

    Attributes:
        builtin: the viewer's own, by name.
        num_changes: how often it changed which of them are shown.
    """

    def __init__(
        self,
        server: viser.ViserServer,
        replay: Replay,
        added: Sequence[Layer | ViserLayer],
        notify: Notify,
        switched_on: set[str] | None = None,
        world: str = WORLD,
    ) -> None:
        """Set up what a user added.

        Args:
            server: what nodes are added to.
            replay: what is shown.
            added: a user's layers.
            notify: called with a title and a text when a layer fails.
            switched_on: names of layers; kept up to date, so that the next recording is shown with the same ones.
            world: the node that the robots' links are below.
        """
        self.builtin = {layer.name: layer for layer in builtin_layers(replay)}
        self._switched_on = set() if switched_on is None else switched_on
        self.num_changes = 0
        self._server, self._replay, self._notify, self._world = server, replay, notify, world
        self._drawers: dict[str, ShapeDrawer] = {}
        self._of_nodes = [layer for layer in added if _has_nodes(layer) and self._is_set_up(layer)]
        # Nodes are named by the place in the list: classes may have one name.
        self._of_shapes = {f"added{index}": layer for index, layer in enumerate(added) if _gives_shapes(layer)}

    @property
    def on(self) -> list[str]:
        """The names of those layers that are switched on and have their data."""
        return [name for name in self.builtin if name in self._switched_on and not self.builtin[name].lack]

    @property
    def for_films(self) -> tuple[str | Layer, ...]:
        """What a film shows that shows the same: our layers by name, and a user's that give shapes."""
        return (*self.on, *self._of_shapes.values())

    def switch(self, name: str, on: bool) -> None:
        """Switch one of the viewer's own layers on or off; one that lacks its data stays off.

        Raises UnknownName for a name that no layer has.
        """
        if name not in self.builtin:
            raise UnknownName("layer", name, tuple(self.builtin))
        if self.builtin[name].lack or on == (name in self._switched_on):
            return
        self.num_changes += 1
        self._switched_on.symmetric_difference_update({name})
        if not on and name in self._drawers:
            self._drawers[name].hide()

    def toggle(self, name: object) -> None:
        """Switch one of them over; what a browser sends that is no layer's name is ignored."""
        if isinstance(name, str) and name in self.builtin:
            self.switch(name, name not in self.on)

    def show(self, frame: Frame) -> None:
        """Bring all shown layers to a frame."""
        for name in self.on:
            layer = self.builtin[name]
            if not self._draws(layer, name, frame):
                layer.lack = "failed, see the terminal"
                self.num_changes += 1
        self._of_nodes = [
            layer for layer in self._of_nodes if runs(layer, "show", partial(layer.show, frame), self._notify)
        ]
        self._of_shapes = {n: layer for n, layer in self._of_shapes.items() if self._draws(layer, n, frame)}

    def _is_set_up(self, layer: ViserLayer) -> bool:
        return runs(layer, "setup", partial(layer.setup, self._server), self._notify)

    def _draws(self, layer: BuiltinLayer | Layer, name: str, frame: Frame) -> bool:
        """Draw what a layer gives for a frame; returns whether that went well."""

        def draw() -> None:
            if name not in self._drawers:
                self._drawers[name] = ShapeDrawer(self._server, name, self._replay.robots, self._world)
            self._drawers[name].show(shapes_of(layer, frame))

        went_well = runs(layer, "shapes", draw, self._notify)
        if not went_well and name in self._drawers:
            self._drawers[name].hide()
        return went_well


def _has_nodes(layer: Layer | ViserLayer) -> TypeGuard[ViserLayer]:
    return hasattr(layer, "setup")


def _gives_shapes(layer: Layer | ViserLayer) -> TypeGuard[Layer]:
    return hasattr(layer, "shapes")
