"""What the loops read besides the samples: named tuples of arrays and numbers, which numba takes as they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Geometry(NamedTuple):
    """The surfaces of a picture behind each other. What is needed together lies together, for the processor's cache.

    vertices (V, 8) float32: normal, linear colour, texture coordinates. triangles (F, 5) int32: three vertices, which
    count within their surface, texture (-1 for none), link. texels (T, 3): sRGB bytes. mips (textures, levels, 3):
    offset, width, height. num_mips (textures,).
    """

    vertices: np.ndarray
    triangles: np.ndarray
    texels: np.ndarray
    mips: np.ndarray
    num_mips: np.ndarray


class Instances(NamedTuple):
    """Surfaces where they stand, N of them. Triangles are numbered through all of them: `ids` of the samples.

    first_number (N + 1,): of the triangles. triangle (N,): of its surface, in `Geometry`. vertex (N,): likewise.
    point (N,): of its vertices, in the points before the camera. rotation (N,): of its links, in `rotations`.
    entity (N,): which entity it is.
    """

    first_number: np.ndarray
    triangle: np.ndarray
    vertex: np.ndarray
    point: np.ndarray
    rotation: np.ndarray
    entity: np.ndarray


class Camera(NamedTuple):
    """A pinhole camera. rotation (3, 3): rows right, down and ahead, in the world. focal, center_x, center_y [px].

    height [m] above the ground at z = 0. east, north [m]: its place, less whole periods of the checker floor.
    """

    rotation: np.ndarray
    focal: np.float32
    center_x: np.float32
    center_y: np.float32
    height: np.float32
    east: np.float32
    north: np.float32


class Sun(NamedTuple):
    """The sun and its shadow grid. direction (3,): towards it. axes (3, 4): from places relative to the camera to
    (u, v, w), see `shadows`. cell [m]: of the grid. grid (S, S). tiles (S / TILE, S / TILE).
    """

    direction: np.ndarray
    axes: np.ndarray
    cell: np.float32
    grid: np.ndarray
    tiles: np.ndarray


class Paint(NamedTuple):
    """Colours in linear light. sky_top, sky_bottom, ground, ground_dark (3,). sun, sky_light, ground_light (3,): what
    a white surface gets from the sun, from above and from below. has_ground. reach [m]: how far the ground is seen.

    to_srgb (4096,): bytes. to_linear (256,).
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
