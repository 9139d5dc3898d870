"""Visuals: the meshes on each link, loaded once per file, with their places and colours."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import trimesh

from ..errors import FileProblem, listing
from ..progress import Progress
from ..rollout.rollout import Verdict
from .drawable import has_area, reaches_too_far
from .materials import NEUTRAL, Rgba, flat_color, has_own_look, readable
from .mesh_files.reading import YUp
from .mesh_size import size_doubts
from .mesh_up import TURN, MeshUp, choose_turned
from .meshes import MeshFile, MeshPart, load_mesh_file
from .shapes import Primitive, primitive_mesh
from .stance import PlacedMesh, Stance

# A shape, or a mesh file with the texture that the URDF gives it.
Source = tuple[Primitive | Path, Path | str | None]

# Reading STL is numpy, which two threads do in half the time; COLLADA gains a third at best, and more threads nothing.
_THREADS = 2
# A robot of more shapes than this has them coarse.
_MANY = 1000


@dataclass(frozen=True, eq=False)
class Visual:
    """One mesh on one link.

    Attributes:
        link: index of the link.
        mesh_key: of the mesh.
        mesh: in the file's own units; one object for all visuals with the same mesh_key.
        origin: (4, 4) from the mesh's vertices to the link [m], scale included.
        rgba: sRGB 0..1, the colour to draw it in, except where the mesh has a texture or vertex colours.
        normals: (V, 3) for a smooth surface, None for a flat shaded one.
    """

    link: int
    mesh_key: str
    mesh: trimesh.Trimesh
    origin: np.ndarray
    rgba: Rgba
    normals: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Geometry:
    """A visual before its mesh is loaded.

    Attributes:
        link: index of the link that it is drawn with.
        shape: a primitive, or a mesh file.
        origin: (4, 4) from the shape to the link [m], scale included.
        rgba: the colour for a mesh that has none of its own.
        link_name: of the link it belongs to, which may be fixed to the one it is drawn with.
        texture: an image file, or the name of one that is not found, for a mesh without a look of its own.
        undefined: the name of a material that it should have, and nobody defines.
    """

    link: int
    shape: Primitive | Path
    origin: np.ndarray
    rgba: Rgba | None
    link_name: str
    texture: Path | str | None = None
    undefined: str = ""

    @property
    def source(self) -> Source:
        """What is loaded for it, once for all that have the same."""
        return self.shape, self.texture


@dataclass(frozen=True, eq=False)
class LoadedVisuals:
    """What is drawn of a robot, and every doubt about it.

    Attributes:
        visuals: what is drawn.
        lost: a sentence for each shape or file that had to be left out.
        looks: a sentence for each file that is drawn, but not as it should be.
        verdicts: what was decided of the meshes as a whole.
    """

    visuals: tuple[Visual, ...]
    lost: tuple[str, ...]
    looks: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


def load_visuals(
    geometries: Sequence[Geometry],
    stance: Stance,
    mesh_up: MeshUp | None = None,
    progress: Progress | None = None,
) -> LoadedVisuals:
    """Load every mesh once.

    Args:
        geometries: what is to be drawn.
        stance: the links that they are on.
        mesh_up: which way is up in meshes that may have Y up, where the user says it.
        progress: called with how many of how many meshes are loaded.
    """
    sources = list(dict.fromkeys(geometry.source for geometry in geometries))
    files, failures = _load_all(sources, len(geometries) > _MANY, progress)
    placed = [mesh for geometry in geometries for mesh in _placed(geometry, files.get(geometry.source), stance)]
    turned, verdicts = choose_turned(placed, stance, mesh_up)
    visuals: list[Visual] = []
    lost: dict[str, list[str]] = {}
    undefined: dict[str, list[str]] = {}
    for geometry in geometries:
        file = files.get(geometry.source)
        drawn, reasons = ([], [failures[geometry.source]]) if file is None else _drawable(geometry, file, turned)
        visuals += drawn
        if geometry.undefined and any(visual.rgba == NEUTRAL for visual in drawn):
            undefined.setdefault(geometry.undefined, []).append(geometry.link_name)
        for reason in reasons:
            lost.setdefault(reason, []).append(geometry.link_name)
    return LoadedVisuals(
        tuple(visuals),
        tuple(f"{reason} Left out on {on_links(names)}." for reason, names in lost.items()),
        (
            *(f"Material '{name}' of {on_links(names)} is not defined." for name, names in undefined.items()),
            *dict.fromkeys(f"{shape}: {problem}." for (shape, _), file in files.items() for problem in file.problems),
        ),
        (*verdicts, *size_doubts(placed, stance)),
    )


def on_links(names: Iterable[str]) -> str:
    """The links by name, each once, as in "links hip, knee"."""
    unique = list(dict.fromkeys(names))
    return f"link{'s' if len(unique) > 1 else ''} {listing(unique)}"


def _load_all(
    sources: Sequence[Source], is_coarse: bool, progress: Progress | None
) -> tuple[Mapping[Source, MeshFile], Mapping[Source, str]]:
    """Every source that can be loaded, and why the others cannot."""
    loaded: dict[Source, MeshFile | str] = {}
    with ThreadPoolExecutor(_THREADS) as pool:
        for source, result in zip(sources, pool.map(partial(_try_load, is_coarse), sources), strict=True):
            loaded[source] = result
            if progress is not None:
                progress(len(loaded), len(sources))
    files = {source: result for source, result in loaded.items() if not isinstance(result, str)}
    return files, {source: result for source, result in loaded.items() if isinstance(result, str)}


def _try_load(is_coarse: bool, source: Source) -> MeshFile | str:
    """A source's mesh, or what is wrong with it."""
    shape, texture = source
    try:
        if isinstance(shape, Path):
            return load_mesh_file(shape, texture)
        mesh = primitive_mesh(shape, is_coarse)
        problems = () if texture is None else (f"the texture '{texture}' is drawn on mesh files only",)
        normals = np.asarray(mesh.vertex_normals) if shape.is_round else None
        return MeshFile((MeshPart(mesh, np.eye(4), normals),), problems)
    except FileProblem as problem:
        return str(problem)
    except ValueError as error:
        return f"A shape cannot be drawn: {error}."


def _placed(geometry: Geometry, file: MeshFile | None, stance: Stance) -> Iterator[PlacedMesh]:
    """The meshes of a geometry that can be computed with, in the zero pose."""
    for part in file.parts if file is not None else ():
        if not reaches_too_far(part.mesh, _product(geometry.origin, part.transform)):
            yield PlacedMesh(
                link=stance.tree.index_of[geometry.link_name],
                mesh=part.mesh,
                inner=part.transform,
                outer=stance.poses[geometry.link] @ geometry.origin,
                y_up=file.y_up if file is not None else None,
                path=geometry.shape if isinstance(geometry.shape, Path) else None,
            )


def _drawable(geometry: Geometry, file: MeshFile, turned: Collection[YUp]) -> tuple[list[Visual], list[str]]:
    """The visuals of a geometry that can be drawn, and what is wrong with the others, a sentence each.

    A part without area is no loss where the file has others.
    """
    origin = geometry.origin @ TURN if file.y_up in turned else geometry.origin
    visuals = _visuals(geometry, file.parts, origin)
    reasons = [reaches_too_far(visual.mesh, visual.origin) for visual in visuals]
    near = [visual for visual, reason in zip(visuals, reasons, strict=True) if not reason]
    drawn = [visual for visual in near if has_area(visual.mesh, visual.origin)]
    problems = [f"{geometry.shape}: {reason}." for reason in dict.fromkeys(reasons) if reason]
    if near and not drawn:
        lack = "has no triangle with an area"
        if any(has_area(visual.mesh, np.eye(4)) for visual in near):
            lack = "is scaled to nothing: its scale, or the unit or a matrix in its file, is zero or next to it"
        problems.append(f"{geometry.shape}: {lack}.")
    return drawn, problems


def _visuals(geometry: Geometry, parts: Sequence[MeshPart], origin: np.ndarray) -> list[Visual]:
    """The parts of a file, whose own origin lies on the link at `origin` (4, 4)."""
    return [
        Visual(
            link=geometry.link,
            mesh_key=f"{geometry.shape}#{index}" + (f" {geometry.texture}" if geometry.texture else ""),
            mesh=part.mesh,
            origin=_product(origin, part.transform),
            rgba=_color(part.mesh, geometry.rgba),
            normals=part.normals,
        )
        for index, part in enumerate(parts)
    ]


def _product(origin: np.ndarray, transform: np.ndarray) -> np.ndarray:
    """Both of (4, 4), one after the other; not finite where that overflows."""
    with np.errstate(all="ignore"):
        return origin @ transform


def _color(mesh: trimesh.Trimesh, fallback: Rgba | None) -> Rgba:
    """The colour of a mesh: its file's, else the one of the URDF, else neutral. So does RViz."""
    if has_own_look(mesh):
        return (1.0, 1.0, 1.0, 1.0)
    return readable(flat_color(mesh) or fallback or NEUTRAL)
