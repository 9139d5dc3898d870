"""URDF files: read safely, and turned by yourdfpy into links, joints and the shapes to draw.

Only what replaying needs is handed to yourdfpy: links, joints, visuals (or, when asked for, collision shapes in their
place) and materials. Inertias, dynamics, transmissions and extensions of simulators are left out, so that a mistake in
them stops nobody; see `urdf_xml`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yourdfpy
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # lxml ships no types.

from ..errors import FileProblem
from .safe_xml import parse_xml
from .shapes import Primitive
from .urdf_visuals import CAPSULE, Shapes
from .urdf_xml import tidy


@dataclass(frozen=True, eq=False)
class UrdfVisual:
    """One thing to draw on a link.

    Attributes:
        link: its name.
        shape: a primitive, or the name of a mesh file as written.
        origin: (4, 4) pose on the link, with the mesh's scale in it.
        rgba: 0..1, or None where the URDF gives no colour.
    """

    link: str
    shape: Primitive | str
    origin: np.ndarray
    rgba: tuple[float, float, float, float] | None


@dataclass(frozen=True, eq=False)
class Urdf:
    """A URDF as far as replaying needs it.

    Attributes:
        robot: as yourdfpy understands it.
        visuals: what to draw of it.
        problems: what of it was left out, a sentence each.
        has_collisions: whether any of its links has a collision shape.
    """

    robot: yourdfpy.Robot
    visuals: tuple[UrdfVisual, ...]
    problems: tuple[str, ...]
    has_collisions: bool


def read_urdf(path: Path, shapes: Shapes = "visual") -> Urdf:
    """Read a URDF; raises FileProblem if it cannot be read or is not a URDF.

    shapes: which of them become the visuals; where a URDF has no visuals at all, its collision shapes do.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}.") from error
    root = parse_xml(data, path)
    has_collisions = root.find("{*}link/{*}collision") is not None
    problems = tidy(root, shapes, path)
    try:
        # Written anew from the checked tree, so that what yourdfpy parses is what was checked.
        robot = yourdfpy.URDF.load(io.BytesIO(etree.tostring(root)), build_scene_graph=False, load_meshes=False).robot
        visuals = tuple(_visuals(robot))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise FileProblem(path, f"is not a valid URDF: {error}.") from error
    return Urdf(robot, visuals, tuple(problems), has_collisions)


def _visuals(robot: yourdfpy.Robot) -> Iterator[UrdfVisual]:
    global_colors = {material.name: material.color for material in robot.materials}
    for link in robot.links:
        for visual in link.visuals:
            assert visual.geometry is not None  # `tidy` removed such visuals.
            origin = np.eye(4) if visual.origin is None else visual.origin
            color = _color(visual.material, global_colors)
            if color is not None and color[3] == 0:
                continue  # Invisible on purpose.
            place = origin @ _scale(visual.geometry)
            yield UrdfVisual(link.name, _shape(visual.geometry), place, color)


def _color(
    material: yourdfpy.Material | None, global_colors: Mapping[str | None, yourdfpy.Color | None]
) -> tuple[float, float, float, float] | None:
    """A visual's own colour, or the one that the robot defines under the material's name."""
    if material is None:
        return None
    color = material.color if material.color is not None else global_colors.get(material.name)
    if color is None:
        return None
    red, green, blue, alpha = np.clip(np.nan_to_num(color.rgba), 0, 1).tolist()
    return red, green, blue, alpha


def _shape(geometry: yourdfpy.Geometry) -> Primitive | str:
    if geometry.box is not None:
        return Primitive("box", tuple(geometry.box.size.tolist()))
    if geometry.sphere is not None:
        return Primitive("sphere", (geometry.sphere.radius,))
    if geometry.cylinder is not None:
        return Primitive("cylinder", (geometry.cylinder.radius, geometry.cylinder.length))
    assert geometry.mesh is not None
    name = geometry.mesh.filename
    if name.startswith(CAPSULE):
        return Primitive("capsule", tuple(float(size) for size in name[len(CAPSULE) :].split()))
    return name


def _scale(geometry: yourdfpy.Geometry) -> np.ndarray:
    """A mesh's scale as a (4, 4) matrix."""
    if geometry.mesh is None or geometry.mesh.scale is None:
        return np.eye(4)
    return np.diag([*np.broadcast_to(geometry.mesh.scale, 3), 1.0])
