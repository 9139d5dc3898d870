"""Surfaces: everything that is drawn of a robot or a terrain, as flat arrays for the rasteriser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import trimesh

from ...robot import Robot, Visual, materials
from ...robot.drawable import FARTHEST
from ...robot.link_scene import link_normals, outward_faces
from ...robot.triangles import face_normals
from ...rollout.rollout import Terrain
from .link_triangles import (
    LinkTriangles,
    arranged,
    block_spheres,
    blocks_of,
    faceted,
    flat_shaded,
    spheres,
)
from .textures import TextureAtlas, make_atlas

# Visuals that are fainter than this are left out. Alphas are told apart in steps, each drawn by itself.
FAINTEST = 0.05
_ALPHA_STEP = 1 / 64
# Texture coordinates are kept within this, where float32 still tells texels apart.
_MOST_REPEATS = 4096.0


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles in coordinates of the links they are on, grouped by link and in blocks; a terrain is one link.

    Attributes:
        vertices: (V, 3) float32 [m]. A flat shaded triangle has vertices of its own.
        normals: (V, 3) float32, of unit length.
        colors: (V, 3) float32, linear light 0..1, white where a texture gives the colour.
        uv: (V, 2) float32, from the upper left corner of the texture right and down; zero without texture.
        links: (V,) int32, ascending.
        triangles: (F, 3) int32.
        textures: (F,) int32, index into the atlas, -1 for none.
        atlas: the textures.
        centers: (L, 3) float32, of spheres about what is drawn on each link.
        radii: (L,) float32, of those spheres, -1 where nothing is drawn.
        blocks: (B, 2) int32, first triangle and last + 1 of up to 1024 triangles that are near each other on a link.
        block_centers: (B, 3) float32, of spheres about the blocks, in link coordinates.
        block_radii: (B,) float32, of those spheres.
        problems: what of the robot cannot be drawn as it is, a sentence each.
    """

    vertices: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    uv: np.ndarray
    links: np.ndarray
    triangles: np.ndarray
    textures: np.ndarray
    atlas: TextureAtlas
    centers: np.ndarray
    radii: np.ndarray
    blocks: np.ndarray
    block_centers: np.ndarray
    block_radii: np.ndarray
    problems: tuple[str, ...] = ()


def robot_surface(robot: Robot) -> Surface:
    """What is drawn of a robot, as the viewer draws it. A texture that cannot be read is drawn as one colour."""
    return _surface_of(robot, [visual for visual in robot.visuals if visual.rgba[3] >= FAINTEST])


def robot_surfaces(robot: Robot) -> dict[float, Surface]:
    """What is drawn of a robot by its alpha, 0..1: what is opaque, which may be nothing, then what is translucent."""
    visuals: dict[float, list[Visual]] = {1.0: []}
    for visual in robot.visuals:
        if visual.rgba[3] >= FAINTEST:
            visuals.setdefault(round(visual.rgba[3] / _ALPHA_STEP) * _ALPHA_STEP, []).append(visual)
    return {alpha: _surface_of(robot, some) for alpha, some in visuals.items()}


def _surface_of(robot: Robot, visuals: Sequence[Visual]) -> Surface:
    """The surface of some of a robot's visuals."""
    images = {visual.mesh_key: materials.texture(visual.mesh) for visual in visuals}
    atlas, index, broken = make_atlas({key: image for key, image in images.items() if image is not None})
    parts = [_part(visual, index, is_broken=visual.mesh_key in broken) for visual in visuals]
    problems = tuple(
        f"{key.rpartition('#')[0]}: its texture cannot be read ({why}). Drawn in one colour."
        for key, why in broken.items()
    )
    return assembled(parts, atlas, robot.num_links, problems)


def terrain_surface(terrain: Terrain, color: np.ndarray) -> Surface:
    """A flat shaded terrain of one colour (3,), linear light. Triangles in one plane share vertices."""
    count = len(terrain.vertices)
    part = LinkTriangles(
        link=0,
        vertices=_drawable(terrain.vertices),
        normals=np.zeros((count, 3), np.float32),
        colors=np.tile(np.asarray(color, np.float32), (count, 1)),
        uv=np.zeros((count, 2), np.float32),
        triangles=terrain.triangles.astype(np.int32),
        textures=np.full(len(terrain.triangles), -1, np.int32),
    )
    return assembled([faceted(arranged(part))], make_atlas({})[0], num_links=1)


def assembled(
    parts: Iterable[LinkTriangles], atlas: TextureAtlas, num_links: int, problems: tuple[str, ...] = ()
) -> Surface:
    """A surface of parts in spatial order."""
    parts = sorted(parts, key=lambda part: part.link)
    num_vertices = [len(part.vertices) for part in parts]
    num_triangles = [len(part.triangles) for part in parts]
    vertices = stacked([part.vertices for part in parts], (3,), np.float32)
    links = np.repeat(np.array([part.link for part in parts], np.int32), num_vertices)
    triangles = stacked(_counted_on([part.triangles for part in parts], num_vertices), (3,), np.int32)
    blocks = stacked(_counted_on([blocks_of(count) for count in num_triangles], num_triangles), (2,), np.int32)
    centers, radii = _link_spheres(vertices, links, num_links)
    block_centers, block_radii = block_spheres(vertices, triangles, blocks)
    return Surface(
        vertices=vertices,
        normals=stacked([part.normals for part in parts], (3,), np.float32),
        colors=stacked([part.colors for part in parts], (3,), np.float32),
        uv=stacked([part.uv for part in parts], (2,), np.float32),
        links=links,
        triangles=triangles,
        textures=stacked([part.textures for part in parts], (), np.int32),
        atlas=atlas,
        centers=centers,
        radii=radii,
        blocks=blocks,
        block_centers=block_centers,
        block_radii=block_radii,
        problems=problems,
    )


def triangles_by_link(surface: Surface) -> Iterator[LinkTriangles]:
    """The triangles of a surface, link by link, without links that have none."""
    links = np.unique(surface.links)
    triangle_links = surface.links[surface.triangles[:, 0]]
    for link in links:
        v = slice(*np.searchsorted(surface.links, [link, link + 1]))
        f = slice(*np.searchsorted(triangle_links, [link, link + 1]))
        yield LinkTriangles(
            link=int(link),
            vertices=surface.vertices[v],
            normals=surface.normals[v],
            colors=surface.colors[v],
            uv=surface.uv[v],
            triangles=surface.triangles[f] - np.int32(v.start),
            textures=surface.textures[f],
        )


def stacked(arrays: Sequence[np.ndarray], shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Arrays (n, *shape) behind each other; an empty one where there are none."""
    if len(arrays) == 1:
        return arrays[0].astype(dtype, copy=False)  # A large terrain is not held twice.
    return np.concatenate([np.zeros((0, *shape), dtype), *arrays]).astype(dtype, copy=False)


def _link_spheres(vertices: np.ndarray, links: np.ndarray, num_links: int) -> tuple[np.ndarray, np.ndarray]:
    """Spheres about what is drawn on each link, see `Surface`; `links` (V,) ascends."""
    starts = np.flatnonzero(np.diff(links, prepend=-1))
    centers, radii = np.zeros((num_links, 3), np.float32), np.full(num_links, -1, np.float32)
    centers[links[starts]], radii[links[starts]] = spheres(vertices, starts)
    return centers, radii


def _part(visual: Visual, index: Mapping[str, int], is_broken: bool) -> LinkTriangles:
    """A visual in the coordinates of its link, in spatial order."""
    vertices = _drawable(trimesh.transform_points(visual.mesh.vertices, visual.origin))
    triangles = outward_faces(visual)
    is_flat = visual.normals is None
    normals = np.zeros_like(vertices) if is_flat else _repaired(link_normals(visual), vertices, triangles)
    part = LinkTriangles(
        link=visual.link,
        vertices=vertices,
        normals=normals.astype(np.float32),
        colors=_colors(visual, is_broken),
        uv=_uv(visual, visual.mesh_key in index),
        triangles=triangles.astype(np.int32),
        textures=np.full(len(triangles), index.get(visual.mesh_key, -1), np.int32),
    )
    return flat_shaded(arranged(part)) if is_flat else arranged(part)


def _drawable(vertices: np.ndarray) -> np.ndarray:
    """Vertices (V, 3) as float32 that can be computed with: those of a terrain are drawn at the end of what can be."""
    return vertices.clip(-FARTHEST, FARTHEST).astype(np.float32, copy=False)


def _colors(visual: Visual, is_broken: bool) -> np.ndarray:
    """Linear light (V, 3) of a visual's vertices."""
    colors = materials.vertex_colors(visual.mesh)
    if colors is not None:
        return materials.to_linear(colors[:, :3] / 255).astype(np.float32)
    rgba = materials.readable(materials.flat_color(visual.mesh) or materials.NEUTRAL) if is_broken else visual.rgba
    return np.tile(materials.to_linear(np.array(rgba[:3])).astype(np.float32), (len(visual.mesh.vertices), 1))


def _uv(visual: Visual, is_textured: bool) -> np.ndarray:
    """Texture coordinates (V, 2) of a visual's vertices, downwards; files have them upwards."""
    if not is_textured:
        return np.zeros((len(visual.mesh.vertices), 2), np.float32)
    right, up = np.nan_to_num(materials.texture_coordinates(visual.mesh)).clip(-_MOST_REPEATS, _MOST_REPEATS).T
    return np.column_stack([right, 1 - up]).astype(np.float32)


def _repaired(normals: np.ndarray, vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Normals (V, 3), with that of one of its triangles where a vertex has none."""
    bad = ~(np.linalg.norm(normals, axis=1) > 0.5)
    if bad.any():
        normals = normals.copy()
        affected = triangles[bad[triangles].any(axis=1)]
        of_face = np.zeros_like(normals)
        of_face[affected] = face_normals(vertices[affected])[:, None]
        normals[bad] = of_face[bad]
    return normals


def _counted_on(arrays: Sequence[np.ndarray], counts: Sequence[int]) -> list[np.ndarray]:
    """Arrays of indices, each plus all counts before it."""
    starts = np.cumsum([0, *counts]).tolist()
    return [array + start if start else array for array, start in zip(arrays, starts, strict=False)]
