"""The two kinds of layers: a user's own, and ours, which have names and are switched on and off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..theme import Rgb

if TYPE_CHECKING:
    from ..replay.frames import Frame
    from .shapes import Shape


class Layer(Protocol):
    """Something drawn beside the robots, in the browser and in films.

    Example:
        class Goal:
            def shapes(self, frame):
                return [Points([[3, 0, 0]], (234, 88, 12), radius=0.1)]
    """

    def shapes(self, frame: Frame) -> Sequence[Shape] | None:
        """What is drawn at a frame.

        frame.position is the position in steps, frame.envs[0] the env shown as a position in the recording, and
        frame.entities[name] has `link_positions` (E, L, 3) [m] and `link_wxyz` (E, L, 4) of all envs shown; link 0 is
        the base. Never called twice at the same time; an exception ends the layer, not the viewer nor the film.
        """
        ...


class Meaning(NamedTuple):
    """A line of a legend.

    Attributes:
        colors: what is explained: one colour, or several of a scale from left to right; a note has none.
        text: what they mean.
    """

    colors: tuple[Rgb, ...]
    text: str


class BuiltinLayer:
    """One of our own layers, of one replay. It is not for several threads.

    Attributes:
        name: for options and actions.
        title: in the panel.
        hint: likewise.
        lack: why it cannot be shown and what would fill it; empty where it can.
    """

    name = ""
    title = ""
    hint = ""

    def __init__(self, lack: str = "") -> None:
        self.lack = lack

    @property
    def legend(self) -> tuple[Meaning, ...]:
        """What its colours mean; of a layer that does not lack its data."""
        return ()

    def shapes(self, frame: Frame) -> Sequence[Shape]:
        """What is drawn at a frame, of its first env; likewise."""
        raise NotImplementedError
