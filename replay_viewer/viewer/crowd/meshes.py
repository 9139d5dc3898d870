"""A robot as one of many: a coarse mesh per link, of one colour or of a few, with an instance for each env."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import viser

from ...render.mesh.levels_of_detail import coarser
from ...render.mesh.link_triangles import LinkTriangles, arranged
from ...render.mesh.surface import Surface, robot_surface, triangles_by_link
from ...robot import Robot
from ...robot.materials import to_linear
from ...robot.triangles import areas
from ...robot.weld import unique_rows
from ..wire.server import send_properties
from .picking import LinkBoxes, boxes_around

# Triangles of all robots together that a laptop's GPU draws at the rate of its display.
_ALL_TRIANGLES = 4_000_000
_FEWEST, _MOST = 60, 1000
# Up to so many envs, links are drawn in up to so many colours; each is a mesh whose poses are sent too.
_COLORFUL_ENVS, _MOST_COLORS = 64, 3
# Of a part with more triangles, details smaller than one in so many along it are left out first.
_MANY, _FINE = 4000, 64
# Cells shrink or grow by this while the right size is looked for.
_CELL_STEP = 2**0.5
# So many envs cast shadows.
_SHADOW_ENVS = 64
# A link as dark as can be still has so much of the colour that tells something; light [0..1] below this counts as dark.
_DARKEST, _DARK = 0.55, 0.02


@dataclass(frozen=True, eq=False)
class LinkMesh:
    """Triangles on one link, in its coordinates.

    Attributes:
        link: its index.
        vertices: (V, 3) float32 [m].
        triangles: (F, 3) int32.
        light: (3,) its colour as linear light, 0..1.
    """

    link: int
    vertices: np.ndarray
    triangles: np.ndarray
    light: np.ndarray


def link_meshes(robot: Robot, num_envs: int) -> list[LinkMesh]:
    """The meshes of a robot of which so many are drawn; the more there are, the coarser they get."""
    surface = robot_surface(robot)
    budget = int(np.clip(_ALL_TRIANGLES / (num_envs * robot.num_bodies), _FEWEST, _MOST))
    num_colors = _MOST_COLORS if num_envs <= _COLORFUL_ENVS else 1
    parts = [_colored(_handy(part), surface) for part in triangles_by_link(surface)]
    return [_mesh(piece, budget) for part in parts for piece in _by_color(part, num_colors)]


def _handy(part: LinkTriangles) -> LinkTriangles:
    """The part, without its finest details if it has many triangles: looking for the right cells takes a while."""
    return coarser(part, _extent(part) / _FINE) if len(part.triangles) > _MANY else part


def _extent(part: LinkTriangles) -> float:
    """The longest edge [m] of a part's box."""
    return float(np.ptp(part.vertices, axis=0).max())


def _mesh(part: LinkTriangles, budget: int) -> LinkMesh:
    """A part of one colour, with at most so many triangles."""
    light = _weighted_mean(part.colors[part.triangles[:, 0]], part)
    few = _within(replace(part, colors=np.tile(light, (len(part.vertices), 1))), budget)
    return LinkMesh(part.link, few.vertices, few.triangles, light)


def _within(part: LinkTriangles, budget: int) -> LinkTriangles:
    """The part with the finest cells that leave at most `budget` triangles, and some."""
    if len(part.triangles) <= budget:
        return part
    cell = _extent(part) * (2 / budget) ** 0.5
    few = coarser(part, cell)
    while len(few.triangles) > budget:
        cell *= _CELL_STEP
        few = coarser(part, cell)
    while True:
        finer = coarser(part, cell / _CELL_STEP)
        if len(finer.triangles) > budget:
            return few if len(few.triangles) else finer
        few, cell = finer, cell / _CELL_STEP


def _colored(part: LinkTriangles, surface: Surface) -> LinkTriangles:
    """The part without textures, in whose place their mean colours stand."""
    atlas = surface.atlas
    is_textured = part.textures >= 0
    if not is_textured.any():
        return part
    last = atlas.table[np.arange(len(atlas.table)), atlas.num_levels - 1, 0]
    means = to_linear(atlas.texels[last] / 255)
    colors = part.colors.copy()
    colors[part.triangles[is_textured]] = means[part.textures[is_textured]][:, None]
    return replace(part, colors=colors, uv=np.zeros_like(part.uv), textures=np.full_like(part.textures, -1))


def _by_color(part: LinkTriangles, most: int) -> Iterator[LinkTriangles]:
    """The part in pieces, one for each of its largest colours; what has another goes with the first."""
    _, color = unique_rows(np.round(part.colors[part.triangles[:, 0]] * 16))
    sizes = np.bincount(color, areas(part.vertices[part.triangles]))
    largest = np.argsort(-sizes, kind="stable")[:most]
    for rank, index in enumerate(largest):
        chosen = color == index
        if rank == 0:
            chosen |= ~np.isin(color, largest)
        yield arranged(replace(part, triangles=part.triangles[chosen], textures=part.textures[chosen]))


def _weighted_mean(values: np.ndarray, part: LinkTriangles) -> np.ndarray:
    """The mean (k,) of values (F, k) of a part's triangles, by their areas."""
    sizes = areas(part.vertices[part.triangles])
    return (sizes @ values / max(float(sizes.sum()), np.finfo(np.float32).tiny)).astype(np.float32)


@dataclass(frozen=True)
class _Part:
    """A mesh on a link, and its node."""

    mesh: LinkMesh
    handle: viser.BatchedMeshHandle


class Bodies:
    """One entity in all envs but one, in nodes below one of a name."""

    def __init__(
        self, server: viser.ViserServer, name: str, robot: Robot, meshes: Sequence[LinkMesh], num_envs: int
    ) -> None:
        """meshes: of the robot. num_envs: all there are, with the one."""
        self.boxes: LinkBoxes = boxes_around([m.link for m in meshes], [m.vertices for m in meshes])
        self._parts = [
            _Part(mesh, _add_part(server, f"{name}/{robot.link_names[mesh.link]}-{index}", mesh, num_envs))
            for index, mesh in enumerate(meshes)
        ]
        lightness = np.array([mesh.light.max() for mesh in meshes])
        self._shades = _DARKEST + (1 - _DARKEST) * lightness / max(lightness.max(initial=0.0), _DARK)

    @property
    def num_handles(self) -> int:
        return len(self._parts)

    def move(self, positions: np.ndarray, wxyz: np.ndarray) -> None:
        """Put instances on links (N, L, 3) [m] and (N, L, 4)."""
        for part in self._parts:
            link = part.mesh.link
            poses = {"batched_positions": positions[:, link].copy(), "batched_wxyzs": wxyz[:, link].copy()}
            send_properties(part.handle, poses)

    def paint(self, colors: np.ndarray | None) -> None:
        """Give the instances these colours (N, 3), sRGB 0..1, or the robot's own; lighter and darker links stay so."""
        telling = None if colors is None else to_linear(colors)
        for part, shade in zip(self._parts, self._shades, strict=True):
            light = part.mesh.light if telling is None else shade * telling
            # The page takes these colours as linear light, unlike those of single meshes.
            part.handle.batched_colors = np.round(255 * light).astype(np.uint8)


def _add_part(server: viser.ViserServer, name: str, mesh: LinkMesh, num_envs: int) -> viser.BatchedMeshHandle:
    """The node of a mesh, its instances nowhere yet."""
    count = num_envs - 1
    wxyz = np.zeros((count, 4), np.float32)
    wxyz[:, 0] = 1
    return server.scene.add_batched_meshes_simple(
        name,
        vertices=mesh.vertices,
        faces=mesh.triangles,
        batched_wxyzs=wxyz,
        batched_positions=np.zeros((count, 3), np.float32),
        batched_colors=np.round(255 * mesh.light).astype(np.uint8),
        lod="off",
        cast_shadow=num_envs <= _SHADOW_ENVS,
    )
