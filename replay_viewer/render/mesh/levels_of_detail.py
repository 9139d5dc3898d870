"""Levels of detail: surfaces with fewer triangles that look the same from far away.

Vertices are clustered in the cells of a grid (J. Rossignac and P. Borrel, Multi-resolution 3D approximations for
rendering complex scenes, 1993). Surfaces stay closed: all vertices of a cell move to one place. Their normals, colours
and texture coordinates stay apart where they differ, so that edges stay edges.
"""

from __future__ import annotations

import math
import threading

import numpy as np

from ...robot.triangles import areas
from ...robot.weld import unique_rows
from .link_triangles import LinkTriangles, arranged
from .surface import Surface, assembled, triangles_by_link

# Edge of the finest cells [m].
FINEST = 0.0005
# A level that saves less than this share of the triangles and vertices is not worth its memory.
_LEAST_GAIN = 0.2
# What is averaged agrees to within a sixth of the range of (roughly) visible lightness, and a 64th of a texture.
_COLOR_STEPS = 6
_UV_STEPS = 64
# At triangles longer than this many cells, normals are averaged only if they agree to about four degrees.
_LARGE = 4
_NORMAL_STEPS = 16


class Levels:
    """A surface in levels of detail, each made when it is first asked for; threads share them.

    Attributes:
        full: the surface itself.
    """

    def __init__(self, surface: Surface) -> None:
        self.full = surface
        self._levels: dict[int, Surface] = {}
        self._lock = threading.Lock()
        self._coarsest = _exponent(2 * float(surface.radii.max(initial=0))) + 1

    def at(self, cell: float) -> Surface:
        """The surface with details of up to `cell` [m] left out: every point moves by less than that along each axis.

        The cells are 0.5 mm times a power of two; a surface that is smaller than its cells keeps the last level that
        has triangles.
        """
        exponent = min(_exponent(cell), self._coarsest)
        if exponent < 0:
            return self.full
        level = self._levels.get(exponent)
        return level if level is not None else self._make(exponent)

    def _make(self, exponent: int) -> Surface:
        with self._lock:
            if exponent not in self._levels:
                self._levels[exponent] = self._simplified(exponent)
            return self._levels[exponent]

    def _simplified(self, exponent: int) -> Surface:
        """The level of a number; always made from the full surface, so that it does not depend on who asks first."""
        level = simplified(self.full, FINEST * 2**exponent)
        while not len(level.triangles) and len(self.full.triangles):
            exponent -= 1
            level = simplified(self.full, FINEST * 2**exponent)
        return level if _effort(level) <= (1 - _LEAST_GAIN) * _effort(self.full) else self.full


def _effort(surface: Surface) -> int:
    """What it takes to draw a surface; of flat shaded ones, whose vertices are shared in a level, vertices go first."""
    return len(surface.triangles) + len(surface.vertices)


def simplified(surface: Surface, cell: float) -> Surface:
    """The surface with all vertices of a link in one cell of a grid at one place, cells of this edge [m]."""
    parts = [coarser(part, cell) for part in triangles_by_link(surface)]
    return assembled(parts, surface.atlas, len(surface.radii), surface.problems)


def coarser(part: LinkTriangles, cell: float) -> LinkTriangles:
    """The part with all vertices in one cell of a grid at one place, cells of this edge [m]."""
    return arranged(_clustered(part, cell))


def _clustered(part: LinkTriangles, cell: float) -> LinkTriangles:
    """The part with one vertex for all that lie in one cell and look the same."""
    sizes = areas(part.vertices[part.triangles])
    # Large triangles keep their place and their normals, whatever small ones there are at their edges.
    weights = np.bincount(part.triangles.ravel(), np.repeat(sizes, 3), minlength=len(part.vertices))
    first, cluster = unique_rows(_looks(part, cell))
    cells = np.floor(part.vertices[first] / np.float32(cell))
    _, place = unique_rows(cells)
    places = _means(part.vertices, place[cluster], weights)
    kept = _distinct(place[cluster][part.triangles], sizes)
    normals = _means(part.normals, cluster, weights)
    return LinkTriangles(
        link=part.link,
        vertices=places[place],
        normals=normals / np.linalg.norm(normals, axis=1, keepdims=True),
        colors=_means(part.colors, cluster, weights),
        uv=_means(part.uv, cluster, weights),
        triangles=cluster[part.triangles[kept]],
        textures=part.textures[kept],
    )


def _looks(part: LinkTriangles, cell: float) -> np.ndarray:
    """Rows (V, 5 or 8) that are equal for vertices to be made one: cell, direction, colour, place in a texture."""
    shades = np.floor(_COLOR_STEPS * np.sqrt(part.colors)) @ _powers(_COLOR_STEPS + 1)
    columns = [np.floor(part.vertices / np.float32(cell)), _directions(part, cell)[:, None], shades[:, None]]
    if (part.textures >= 0).any():
        textures = np.full(len(part.vertices), -1, np.float32)
        textures[part.triangles] = part.textures[:, None]
        columns += [np.floor(part.uv * _UV_STEPS), textures[:, None]]
    return np.hstack(columns)


def _directions(part: LinkTriangles, cell: float) -> np.ndarray:
    """Numbers (V,) of the normals' directions: fine ones at large triangles, which show every bend, else one of six."""
    corners = part.vertices[part.triangles]
    edges = corners - corners[:, (1, 2, 0)]
    is_large = np.einsum("fek,fek->fe", edges, edges).max(axis=1, initial=0) > (_LARGE * cell) ** 2
    at_large = np.zeros(len(part.vertices), np.bool_)
    at_large[part.triangles[is_large]] = True
    axis = np.abs(part.normals).argmax(axis=1)
    is_positive = part.normals[np.arange(len(axis)), axis] > 0
    fine = np.round((part.normals + 1) * _NORMAL_STEPS) @ _powers(2 * _NORMAL_STEPS + 1)
    return np.where(at_large, fine + 6, (axis * 2 + is_positive).astype(np.float32))


def _powers(base: int) -> np.ndarray:
    """What digits (..., 3) to this base count."""
    return np.array([1, base, base**2], np.float32)


def _distinct(places: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Which of the triangles between places (F, 3) to keep: of those at the same three, in the same turn, the largest.

    Triangles with two corners at one place are none any more.
    """
    a, b, c = places.T
    kept = np.flatnonzero((a != b) & (b != c) & (c != a))
    kept = kept[np.argsort(-sizes[kept], kind="stable")]
    turn = places[kept].argmin(axis=1)[:, None] + np.arange(3)
    first, _ = unique_rows(np.take_along_axis(places[kept], turn % 3, axis=1))
    return kept[first]


def _means(values: np.ndarray, groups: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted means (G, k) of the values (V, k) in each group, float32."""
    totals = np.bincount(groups, weights)
    sums = [np.bincount(groups, weights * column) for column in values.T]
    return (np.column_stack(sums) / totals[:, None]).astype(np.float32)


def _exponent(cell: float) -> int:
    """The largest power of two whose cells, in multiples of the finest, are not larger than this; -1 for smaller."""
    return math.floor(math.log2(cell / FINEST)) if cell >= FINEST else -1
