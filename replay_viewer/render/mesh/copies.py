"""Copies of a surface as one surface, for what stands in a picture many times in another number each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .surface import Surface, stacked


class Copies:
    """Copies of a surface behind each other, made for 1, 2, 4, ... of them: few surfaces do for any number.

    Attributes:
        surface: what is copied.
    """

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self._made: dict[int, Surface] = {}

    def at_least(self, count: int) -> Surface:
        """So many copies, or up to twice that."""
        capacity = 1 << (count - 1).bit_length()
        if capacity not in self._made:
            self._made[capacity] = repeated(self.surface, capacity)
        return self._made[capacity]

    def first(self, copies: Surface, count: int) -> Surface:
        """The first so many of copies."""
        one = self.surface
        num_vertices, num_triangles = count * len(one.vertices), count * len(one.triangles)
        num_links, num_blocks = count * len(one.radii), count * len(one.blocks)
        return replace(
            copies,
            vertices=copies.vertices[:num_vertices],
            normals=copies.normals[:num_vertices],
            colors=copies.colors[:num_vertices],
            uv=copies.uv[:num_vertices],
            links=copies.links[:num_vertices],
            triangles=copies.triangles[:num_triangles],
            textures=copies.textures[:num_triangles],
            centers=copies.centers[:num_links],
            radii=copies.radii[:num_links],
            blocks=copies.blocks[:num_blocks],
            block_centers=copies.block_centers[:num_blocks],
            block_radii=copies.block_radii[:num_blocks],
        )


def repeated(surface: Surface, count: int) -> Surface:
    """So many copies of a surface behind each other, each on links of its own."""

    def numbered(indices: np.ndarray, most: int) -> np.ndarray:
        return stacked([indices + np.int32(k * most) for k in range(count)], indices.shape[1:], np.int32)

    def again(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values] * count)

    return replace(
        surface,
        vertices=again(surface.vertices),
        normals=again(surface.normals),
        colors=again(surface.colors),
        uv=again(surface.uv),
        links=numbered(surface.links, len(surface.radii)),
        triangles=numbered(surface.triangles, len(surface.vertices)),
        textures=again(surface.textures),
        centers=again(surface.centers),
        radii=again(surface.radii),
        blocks=numbered(surface.blocks, len(surface.triangles)),
        block_centers=again(surface.block_centers),
        block_radii=again(surface.block_radii),
    )
