"""The tables that the loops read besides the samples: named tuples of arrays and numbers, as numba takes them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Columns of `SurfaceTable.vertices`: where a normal and a colour begin, and the texture coordinates.
NORMAL, COLOR, U, V = 0, 3, 6, 7


class SurfaceTable(NamedTuple):
    """Surfaces behind each other. What is needed together lies together, for the processor's cache.

    Attributes:
        vertices: (V, 8) float32, normal, linear colour, texture coordinates.
        triangles: (F, 5) int32, three vertices, which count within their surface, texture (-1 for none), link.
        texels: (T, 3), sRGB bytes.
        mips: (textures, levels, 3), offset, width, height.
        num_mips: (textures,).
    """

    vertices: np.ndarray
    triangles: np.ndarray
    texels: np.ndarray
    mips: np.ndarray
    num_mips: np.ndarray


class Instances(NamedTuple):
    """Surfaces where they stand, N of them. Triangles are numbered through all of them: the numbers in the samples.

    Attributes:
        first_number: (N + 1,) of the triangles.
        triangle: (N,) first triangle of its surface, in `SurfaceTable`.
        vertex: (N,) first vertex of its surface, likewise.
        point: (N,) of its vertices, in the points before the camera.
        rotation: (N,) of its links, in the rotations of all links.
        entity: (N,) which entity it is, -1 for none.
        is_terrain: (N,) whether it shows the checker of the ground.
    """

    first_number: np.ndarray
    triangle: np.ndarray
    vertex: np.ndarray
    point: np.ndarray
    rotation: np.ndarray
    entity: np.ndarray
    is_terrain: np.ndarray


class CameraTable(NamedTuple):
    """A pinhole camera.

    Attributes:
        rotation: (3, 3), rows right, down and ahead, in the world.
        focal: focal length [px].
        center_x: middle of the picture [px].
        center_y: likewise.
        height: above the ground at z = 0 [m].
        east: its place along x [m], less whole periods of the checker floor.
        north: its place along y [m], likewise.
    """

    rotation: np.ndarray
    focal: np.float32
    center_x: np.float32
    center_y: np.float32
    height: np.float32
    east: np.float32
    north: np.float32


class Sun(NamedTuple):
    """The sun and its shadow grid.

    Attributes:
        direction: (3,) towards it.
        axes: (3, 4), from places relative to the camera to (u, v, w), see `shadows`.
        cell: edge of the grid's cells [m].
        grid: (S, S), how far towards the sun the highest surface is.
        tiles: (S / TILE, S / TILE), whether anything casts a shadow there.
    """

    direction: np.ndarray
    axes: np.ndarray
    cell: np.float32
    grid: np.ndarray
    tiles: np.ndarray


class Paint(NamedTuple):
    """Colours in linear light, (3,) each, and tables from and to sRGB.

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
        to_srgb: (4096,) bytes of linear light in equal steps.
        to_linear: (256,) linear light of bytes.
    """

    sky_top: np.ndarray
    sky_bottom: np.ndarray
    ground: np.ndarray
    ground_dark: np.ndarray
    sun: np.ndarray
    sky_light: np.ndarray
    ground_light: np.ndarray
    has_ground: bool
    reach: np.float32
    to_srgb: np.ndarray
    to_linear: np.ndarray
