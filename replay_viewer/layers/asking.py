"""Asking layers for their shapes: what they give is looked at, and one that fails is told of once and left out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, get_args

from ..errors import ReplayError, printable
from .layer import BuiltinLayer, Layer
from .shapes import Shape

if TYPE_CHECKING:
    from ..replay.frames import Frame

# Called with a title and a text.
Notify = Callable[[str, str], object]

_log = logging.getLogger(__name__)

# More shapes than this are more nodes than a browser holds.
_MOST_SHAPES = 2000
# A user's layer is one object, which the viewer and a film that is drawn meanwhile both ask.
_one_at_a_time = threading.Lock()


class BadLayer(ReplayError):
    """A layer that gives something else than shapes."""


def shapes_of(layer: Layer | BuiltinLayer, frame: Frame) -> tuple[Shape, ...]:
    """What a layer draws at a frame; raises whatever the layer does, and BadLayer for what are no shapes."""
    if isinstance(layer, BuiltinLayer):
        return tuple(layer.shapes(frame))
    with _one_at_a_time:
        given = layer.shapes(frame)
    if given is None:
        return ()
    if not isinstance(given, Sequence):
        raise BadLayer(f"gave a {type(given).__name__}, expected a list of shapes.")
    for shape in given:
        if not isinstance(shape, get_args(Shape)):
            raise BadLayer(f"gave a {type(shape).__name__}, expected {', '.join(_kinds())}.")
    if len(given) > _MOST_SHAPES:
        raise BadLayer(f"gave {len(given)} shapes, more than {_MOST_SHAPES}. One shape may have many pieces.")
    return tuple(given)


def runs(layer: object, method: str, work: Callable[[], object], notify: Notify) -> bool:
    """Whether some work for a layer went well; what it raises ends the layer, not who asks, and is told of."""
    try:
        work()
    except Exception as error:
        what = f"{name_of(layer)}.{method}"
        if not isinstance(error, ReplayError):
            _log.exception("%s failed: the layer is not shown any more", what)
        told = str(error) if isinstance(error, ReplayError) else f"{type(error).__name__}: {error}"
        notify(f"{what} failed, and is not shown any more", printable(told))
        return False
    return True


def name_of(layer: object) -> str:
    """What to call a layer where it is told of."""
    return type(layer).__name__


def _kinds() -> list[str]:
    return [kind.__name__ for kind in get_args(Shape)]
