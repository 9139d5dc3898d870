"""The tables that the loops read besides the samples.

Arrays are handed to the loops one by one, and numbers in named tuples without arrays: numba counts who refers to an
array whenever a name is given to one, which took 40% of a picture where it happened for each pixel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .arguments import Bytes2, Floats1, Floats2, Ints1, Ints2, Ints3, Longs1, Longs2

# Columns of `SurfaceTable.vertices`: where a normal and a colour begin, and the texture coordinates.
NORMAL, COLOR, U, V = 0, 3, 6, 7
# Columns of `SurfaceTable.triangles` behind the three vertices.
TEXTURE, LINK = 3, 4
# Columns of `Placement.instances`.
TRIANGLE, VERTEX, POINT, FIRST_LINK, ENTITY, IS_TERRAIN = range(6)
# Columns of `Placement.links`: a rotation, row by row, then the tint.
TINT, TINT_SHARE = 9, 12

# A colour, a direction, or a row of a matrix.
Row = tuple[np.float32, np.float32, np.float32]
_Row4 = tuple[np.float32, np.float32, np.float32, np.float32]


class SurfaceTable(NamedTuple):
    """Surfaces behind each other. What is needed together lies together, for the processor's cache.

    Attributes:
        vertices: (V, 8) float32, normal, linear colour, texture coordinates.
        triangles: (F, 5) int32, three vertices, which count within their surface, texture (-1 for none), link.
        texels: (T, 3), sRGB bytes.
        mips: (textures, levels, 3), offset, width, height.
        num_mips: (textures,).
    """

    vertices: Floats2
    triangles: Ints2
    texels: Bytes2
    mips: Ints3
    num_mips: Ints1


class Placement(NamedTuple):
    """Surfaces where they stand, N of them. Triangles are numbered through all of them: the numbers in the samples.

    Attributes:
        first_number: (N + 1,) int64, of the triangles.
        instances: (N, 6) int64, of each surface its first triangle in `SurfaceTable`, its first vertex there, its first
            vertex in the points before the camera, its first link in `links`, which entity it is (-1 for none), and
            whether it shows the checker of the ground.
        alphas: (N,) float32, how much of what is behind them they hide.
        links: (R, 13) float32, of all their links: a rotation, row by row, then linear red, green and blue of a tint,
            and how much of the own colour it takes away.
    """

    first_number: Longs1
    instances: Longs2
    alphas: Floats1
    links: Floats2


class CameraTable(NamedTuple):
    """A pinhole camera.

    Attributes:
        rotation: three rows, right, down and ahead, in the world.
        focal: focal length [px].
        center_x: middle of the picture [px].
        center_y: likewise.
        height: above the ground at z = 0 [m].
        east: its place along x [m], less whole periods of the checker floor.
        north: its place along y [m], likewise.
    """

    rotation: tuple[Row, Row, Row]
    focal: np.float32
    center_x: np.float32
    center_y: np.float32
    height: np.float32
    east: np.float32
    north: np.float32


class Sun(NamedTuple):
    """The sun, and where its shadow grid lies.

    Attributes:
        direction: towards it.
        axes: three rows of four, from places relative to the camera to (u, v, w), see `shadows`.
        cell: edge of the grid's cells [m].
    """

    direction: Row
    axes: tuple[_Row4, _Row4, _Row4]
    cell: np.float32


class Paint(NamedTuple):
    """Colours in linear light.

    Attributes:
        sky_top: of the background's gradient.
        sky_bottom: likewise.
        ground: of the checker floor.
        ground_dark: likewise.
        sun: what a white surface gets from the sun.
        sky_light: what it gets from above.
        ground_light: what it gets from below.
        has_ground: whether there is a checker floor.
        reach: how far the ground is seen [m].
    """

    sky_top: Row
    sky_bottom: Row
    ground: Row
    ground_dark: Row
    sun: Row
    sky_light: Row
    ground_light: Row
    has_ground: bool
    reach: np.float32


def rows_of(matrix: np.ndarray) -> Any:
    """A matrix as rows of float32."""
    return tuple(tuple(row) for row in np.asarray(matrix, np.float32))
