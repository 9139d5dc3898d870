"""The layers that are shown, and the one place that calls them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import ReplayError, UnknownName, printable

if TYPE_CHECKING:
    import viser

    from ...replay.frames import Frame
    from .layer import BuiltinLayer, Layer

_log = logging.getLogger(__name__)


class ShownLayers:
    """The viewer's own layers, of which those that are switched on are shown, and a user's, which always are.

    Attributes:
        builtin: the viewer's own, by name.
        num_changes: how often it changed which of them are shown.
    """

    def __init__(
        self,
        server: viser.ViserServer,
        builtin: Sequence[BuiltinLayer],
        added: Sequence[Layer],
        notify: Callable[[str, str], object],
        switched_on: set[str] | None = None,
    ) -> None:
        """Set up what a user added, and the layers that are switched on.

        Args:
            server: what they add their nodes to.
            builtin: the viewer's own.
            added: a user's.
            notify: called with a title and a text when a layer fails.
            switched_on: names of layers; kept up to date, so that the next recording is shown with the same ones.
        """
        self.builtin = {layer.name: layer for layer in builtin}
        self._switched_on = set() if switched_on is None else switched_on
        self.num_changes = 0
        self._server, self._notify = server, notify
        self._is_set_up: set[str] = set()
        self._added = [layer for layer in added if self._runs(layer, layer.setup, server)]
        for name in self.on:
            self._sets_up(self.builtin[name])

    @property
    def on(self) -> list[str]:
        """The names of those layers that are switched on and have their data."""
        return [name for name in self.builtin if name in self._switched_on and not self.builtin[name].lack]

    def switch(self, name: str, on: bool) -> None:
        """Switch one of the viewer's own layers on or off; one that lacks its data stays off.

        Raises UnknownName for a name that no layer has.
        """
        if name not in self.builtin:
            raise UnknownName("layer", name, tuple(self.builtin))
        layer = self.builtin[name]
        if layer.lack or on == (name in self._switched_on):
            return
        self.num_changes += 1
        self._switched_on.symmetric_difference_update({name})
        if name in self._is_set_up:
            layer.set_visible(on)
        else:
            self._sets_up(layer)

    def toggle(self, name: object) -> None:
        """Switch one of them over; what a browser sends that is no layer's name is ignored."""
        if isinstance(name, str) and name in self.builtin:
            self.switch(name, name not in self.on)

    def show(self, frame: Frame) -> None:
        """Bring all shown layers to a frame."""
        for name in self.on:
            layer = self.builtin[name]
            if not self._runs(layer, layer.show, frame):
                self._give_up(layer)
        self._added = [layer for layer in self._added if self._runs(layer, layer.show, frame)]

    def _sets_up(self, layer: BuiltinLayer) -> None:
        if self._runs(layer, layer.setup, self._server):
            self._is_set_up.add(layer.name)
        else:
            self._give_up(layer)

    def _give_up(self, layer: BuiltinLayer) -> None:
        layer.set_visible(False)
        layer.lack = "failed, see the terminal"
        self.num_changes += 1

    def _runs(self, layer: Layer | BuiltinLayer, method: Callable[..., object], argument: Any) -> bool:
        """Call a method of a layer; what it raises ends the layer, not the viewer."""
        try:
            method(argument)
        except Exception as error:
            what = f"{type(layer).__name__}.{method.__name__}"
            if not isinstance(error, ReplayError):
                _log.exception("%s failed: the layer is not shown any more", what)
            told = str(error) if isinstance(error, ReplayError) else f"{type(error).__name__}: {error}"
            self._notify(f"{what} failed, and is not shown any more", printable(told))
            return False
        return True
