"""Shapes: what layers draw, as plain numbers that a browser and a film show alike.

A shape is checked when it is made, and never changes afterwards: one that is given again for the next frame, or whose
numbers are the same, is not sent to browsers again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..theme import Rgb
from .checks import colors_like, finite_array, length, text_lines, triangle_array
from .places import Place, known_place

# Of coordinate frames: x, y and z.
AXIS_COLORS: tuple[Rgb, Rgb, Rgb] = ((204, 0, 0), (0, 204, 0), (0, 0, 204))
# An arrow's head, in radii of its shaft: how wide and how long it is.
_HEAD_RADIUS, _HEAD_LENGTH = 2.5, 5.5


@dataclass(frozen=True, eq=False)
class Arrows:
    """Straight arrows. Those shorter than half their head are left out.

    Attributes:
        starts: (N, 3) [m].
        vectors: (N, 3) from there to the tips [m].
        color: sRGB bytes of all, or of each (N, 3).
        radius: of the shafts [m].
        place: what they are relative to.
        head_radius, head_length: [m]; None for what suits the shafts.
    """

    starts: np.ndarray
    vectors: np.ndarray
    color: Rgb | np.ndarray
    radius: float = 0.01
    place: Place = None
    head_radius: float | None = None
    head_length: float | None = None

    def __post_init__(self) -> None:
        radius = length(self, "radius", self.radius)
        head_radius = _HEAD_RADIUS * radius if self.head_radius is None else self.head_radius
        head_length = _HEAD_LENGTH * radius if self.head_length is None else self.head_length
        starts = finite_array(self, "starts", self.starts, (None, 3))
        _set(
            self,
            starts=starts,
            vectors=finite_array(self, "vectors", self.vectors, (len(starts), 3)),
            color=colors_like(self, self.color, len(starts)),
            radius=radius,
            place=known_place(self, self.place),
            head_radius=length(self, "head_radius", head_radius),
            head_length=length(self, "head_length", head_length),
        )

    @property
    def num_pieces(self) -> int:
        return len(self.starts)

    @property
    def head(self) -> tuple[float, float]:
        """Radius and length of the heads [m]."""
        assert self.head_radius is not None and self.head_length is not None
        return self.head_radius, self.head_length

    @property
    def are_long(self) -> np.ndarray:
        """Which of them are long enough to be drawn, (N,) bool."""
        return np.linalg.norm(self.vectors, axis=-1) > self.head[1] / 2


@dataclass(frozen=True, eq=False)
class Lines:
    """Straight thin lines, without light and shadow in a browser.

    Attributes:
        segments: (N, 2, 3), their ends [m]; `through` makes them of points.
        color: sRGB bytes of all, or of each (N, 3).
        radius: half their thickness [m].
        place: what they are relative to.
    """

    segments: np.ndarray
    color: Rgb | np.ndarray
    radius: float = 0.005
    place: Place = None

    def __post_init__(self) -> None:
        segments = finite_array(self, "segments", self.segments, (None, 2, 3))
        color, place = colors_like(self, self.color, len(segments)), known_place(self, self.place)
        _set(self, segments=segments, color=color, radius=length(self, "radius", self.radius), place=place)

    @property
    def num_pieces(self) -> int:
        return len(self.segments)


@dataclass(frozen=True, eq=False)
class Tubes:
    """Straight round pieces, each of its own thickness.

    Attributes:
        segments: (N, 2, 3), the middles of their ends [m]; `through` makes them of points.
        radii: (N,) [m].
        color: sRGB bytes of all, or of each (N, 3).
        place: what they are relative to.
    """

    segments: np.ndarray
    radii: np.ndarray
    color: Rgb | np.ndarray
    place: Place = None

    def __post_init__(self) -> None:
        segments = finite_array(self, "segments", self.segments, (None, 2, 3))
        radii = finite_array(self, "radii", self.radii, (len(segments),))
        color, place = colors_like(self, self.color, len(segments)), known_place(self, self.place)
        _set(self, segments=segments, radii=np.abs(radii), color=color, place=place)

    @property
    def num_pieces(self) -> int:
        return len(self.segments)


@dataclass(frozen=True, eq=False)
class Points:
    """Balls.

    Attributes:
        positions: (N, 3), their middles [m].
        color: sRGB bytes of all, or of each (N, 3).
        radius: [m].
        place: what they are relative to.
    """

    positions: np.ndarray
    color: Rgb | np.ndarray
    radius: float = 0.02
    place: Place = None

    def __post_init__(self) -> None:
        positions = finite_array(self, "positions", self.positions, (None, 3))
        color, place = colors_like(self, self.color, len(positions)), known_place(self, self.place)
        _set(self, positions=positions, color=color, radius=length(self, "radius", self.radius), place=place)

    @property
    def num_pieces(self) -> int:
        return len(self.positions)


@dataclass(frozen=True, eq=False)
class Axes:
    """Coordinate frames: x red, y green, z blue.

    Attributes:
        positions: (N, 3) [m].
        wxyz: (N, 4).
        length: of an axis [m].
        radius: of an axis [m]; None for what suits the length.
        place: what they are relative to.
    """

    positions: np.ndarray
    wxyz: np.ndarray
    length: float = 0.1
    radius: float | None = None
    place: Place = None

    def __post_init__(self) -> None:
        positions = finite_array(self, "positions", self.positions, (None, 3))
        radius = 0.03 * self.length if self.radius is None else self.radius
        _set(
            self,
            positions=positions,
            wxyz=finite_array(self, "wxyz", self.wxyz, (len(positions), 4)),
            length=length(self, "length", self.length),
            radius=length(self, "radius", radius),
            place=known_place(self, self.place),
        )

    @property
    def num_pieces(self) -> int:
        return len(self.positions)


@dataclass(frozen=True, eq=False)
class Labels:
    """Text at places; nothing hides it.

    Attributes:
        positions: (N, 3) [m].
        texts: N lines.
        place: what they are relative to.
    """

    positions: np.ndarray
    texts: Sequence[str]
    place: Place = None

    def __post_init__(self) -> None:
        lines = text_lines(self, "texts", self.texts)
        positions = finite_array(self, "positions", self.positions, (len(lines), 3))
        _set(self, positions=positions, texts=lines, place=known_place(self, self.place))

    @property
    def num_pieces(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles of one colour.

    Attributes:
        vertices: (V, 3) [m].
        triangles: (N, 3), which vertices.
        color: sRGB bytes.
        opacity: 1 hides what is behind it, 0 is not seen.
        place: what they are relative to.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    color: Rgb | np.ndarray
    opacity: float = 1.0
    place: Place = None

    def __post_init__(self) -> None:
        vertices = finite_array(self, "vertices", self.vertices, (None, 3))
        _set(
            self,
            vertices=vertices,
            triangles=triangle_array(self, self.triangles, len(vertices)),
            color=colors_like(self, self.color, None),
            opacity=min(length(self, "opacity", self.opacity), 1.0),
            place=known_place(self, self.place),
        )

    @property
    def num_pieces(self) -> int:
        return len(self.triangles)


@dataclass(frozen=True, eq=False)
class Tints:
    """Colours in the place of the own ones of some links of an entity; what is fixed to one of them has its colour.

    Attributes:
        entity: its name.
        links: K names.
        color: sRGB bytes of all, or of each (K, 3).
    """

    entity: str
    links: Sequence[str]
    color: Rgb | np.ndarray

    def __post_init__(self) -> None:
        links = text_lines(self, "links", self.links)
        _set(self, links=links, color=colors_like(self, self.color, len(links)))

    @property
    def num_pieces(self) -> int:
        return len(self.links)


Shape = Arrows | Lines | Tubes | Points | Axes | Labels | Mesh | Tints


def through(points: np.ndarray) -> np.ndarray:
    """The segments (S, 2, 3) of a line through points (P, 3), or of K lines through points (P, K, 3) side by side."""
    points = np.asarray(points)
    return np.stack([points[:-1], points[1:]], axis=-2).reshape(-1, 2, 3)


def colors_of(shape: Arrows | Lines | Tubes | Points | Tints) -> np.ndarray:
    """The colour of each piece of a shape, (N, 3) uint8."""
    return np.broadcast_to(np.asarray(shape.color, np.uint8), (shape.num_pieces, 3))


def _set(shape: object, **values: object) -> None:
    """Put checked values into a frozen shape while it is made."""
    for name, value in values.items():
        object.__setattr__(shape, name, value)
