"""The layers of a film: ours by name and a user's own, asked for their shapes frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..camera.presets import CameraPose
from ..errors import BadArgument
from ..layers import BuiltinLayer, Layer, builtin_layers
from ..layers.asking import Notify, runs, shapes_of
from ..replay.frames import Frame
from ..replay.replay import Replay
from ..replay.world import World
from .overlays.legend import Entry, Row
from .shapes import Beside, ShapePlacer, together
from .takes import frame_of_lead, name_of


class FilmLayers:
    """The layers of a world's lead, and of the others those of ours that have their data. Not for several threads.

    Attributes:
        rows: of a legend.
    """

    def __init__(self, chosen: Sequence[str | Layer], world: World, notify: Notify) -> None:
        """Find them.

        Args:
            chosen: names of ours, and a user's.
            world: what is filmed.
            notify: called with a title and a text when one fails, which is left out from then on.

        Raises:
            BadArgument: one that lacks its data.
        """
        self._world = world
        layers = _layers_of(chosen, world.lead.replay)
        for layer in layers:
            if isinstance(layer, BuiltinLayer) and layer.lack:
                raise BadArgument("--layers", layer.name, f"{layer.lack}.")
        self.rows = [_row(layer) for layer in layers if isinstance(layer, BuiltinLayer)]
        self._lead = _TakeLayers(layers, world.lead.replay, notify)
        names = [name for name in chosen if isinstance(name, str)]
        self._others = [_TakeLayers(_layers_of(names, take.replay), take.replay, notify) for take in world.others]

    def at(self, frame: Frame, camera: CameraPose, height: int) -> Beside:
        """What they add to a picture of so many lines, at a frame of all takes."""
        found = [self._lead.at(frame_of_lead(self._world, frame), camera, height)]
        if self._world.others:
            frames = self._world.frames_beside(frame.position)
            beside = zip(self._world.others, self._others, frames, self._world.offsets, strict=True)
            for take, layers, other, offset in beside:
                found.append(layers.at(other, camera, height).of_take(partial(name_of, take), offset))
        return together(found)


class _TakeLayers:
    """The layers of one recording, without those that lack their data."""

    def __init__(self, layers: Sequence[BuiltinLayer | Layer], replay: Replay, notify: Notify) -> None:
        self._layers = [layer for layer in layers if not (isinstance(layer, BuiltinLayer) and layer.lack)]
        self._notify, self._placer = notify, ShapePlacer(replay.robots)

    def at(self, frame: Frame, camera: CameraPose, height: int) -> Beside:
        """What they add to a picture; one that fails is left out from now on."""
        placed: list[Beside] = []

        def place(layer: BuiltinLayer | Layer) -> None:
            placed.append(self._placer.place(shapes_of(layer, frame), frame, camera, height))

        self._layers = [layer for layer in self._layers if runs(layer, "shapes", partial(place, layer), self._notify)]
        return together(placed)


def _layers_of(chosen: Sequence[str | Layer], replay: Replay) -> list[BuiltinLayer | Layer]:
    """Layers of a replay, ours by their names."""
    if not any(isinstance(layer, str) for layer in chosen):
        return [layer for layer in chosen if not isinstance(layer, str)]
    own = {layer.name: layer for layer in builtin_layers(replay)}
    return [own[layer] if isinstance(layer, str) else layer for layer in chosen]


def _row(layer: BuiltinLayer) -> Row:
    """What a layer's colours mean."""
    entries = tuple(Entry(meaning.text, meaning.colors, bool(meaning.colors)) for meaning in layer.legend)
    return Row(entries, layer.title)
