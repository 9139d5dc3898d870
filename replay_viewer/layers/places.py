"""Places: what the coordinates of a shape are relative to, a link, a pose of its own, or the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .checks import BadShape, finite_array


@dataclass(frozen=True)
class Link:
    """A link of an entity, by their names. What hangs on it moves with it, and is sent to browsers once.

    Attributes:
        entity: such as "robot".
        link: such as "base".
    """

    entity: str
    link: str


@dataclass(frozen=True, eq=False)
class Pose:
    """A pose in the world; shapes with the same pose object are moved together.

    Attributes:
        position: (3,) [m].
        wxyz: (4,).
    """

    position: np.ndarray
    wxyz: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "position", finite_array(self, "position", self.position, (3,)))
        object.__setattr__(self, "wxyz", finite_array(self, "wxyz", self.wxyz, (4,)))


# None is the world.
Place = Link | Pose | None


def known_place(shape: object, place: object) -> object:
    """The place of a shape; raises BadShape for anything else."""
    if place is not None and not isinstance(place, (Link, Pose)):
        raise BadShape(shape, "place", f"is a {type(place).__name__}, expected a Link, a Pose, or None.")
    return place
