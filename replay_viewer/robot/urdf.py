"""URDF files: read safely, and turned by yourdfpy into links, joints and the shapes to draw.

Only what replaying needs is handed to yourdfpy: links, joints, visuals (or, when asked for, collision shapes in their
place) and materials. Inertias, dynamics, transmissions and extensions of simulators are left out, so that a mistake in
them stops nobody; see `urdf_xml`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yourdfpy
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # lxml ships no types.

from ..errors import FileProblem
from ..files.regular import read_regular
from .materials import Rgba, unit_color
from .safe_xml import one_line, parse_xml
from .shapes import Primitive
from .urdf_visuals import CAPSULE, Shapes
from .urdf_xml import tidy

_MAX_BYTES = 256 << 20
_MAX_LINKS = 50_000
_LINK = re.compile(rb"<link[\s/>]")


@dataclass(frozen=True, eq=False)
class UrdfVisual:
    """One thing to draw on a link.

    Attributes:
        link: its name.
        shape: a primitive, or the name of a mesh file as written.
        origin: (4, 4) pose on the link, with the mesh's scale in it.
        rgba: 0..1, or None where the URDF gives no colour.
        texture: the name of an image file as written, if the URDF gives one.
        undefined: the name of a material that nobody defines.
    """

    link: str
    shape: Primitive | str
    origin: np.ndarray
    rgba: Rgba | None
    texture: str | None = None
    undefined: str = ""


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
        data = read_regular(path, _MAX_BYTES)
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}.") from error
    num_links = len(_LINK.findall(data))
    if num_links > _MAX_LINKS:
        raise FileProblem(path, f"has {num_links} links, more than the {_MAX_LINKS} of which a robot is drawn.")
    root = parse_xml(data, path)
    has_collisions = root.find("{*}link/{*}collision") is not None
    problems = tidy(root, shapes, path)
    try:
        # Written anew from the checked tree, so that what yourdfpy parses is what was checked.
        content = etree.tostring(root, encoding="utf-8")
        etree.fromstring(content)  # What was forgiven may be no XML when it is written; yourdfpy would print so.
        robot = yourdfpy.URDF.load(io.BytesIO(content), build_scene_graph=False, load_meshes=False).robot
        visuals = tuple(_visuals(robot))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, etree.XMLSyntaxError) as error:
        raise FileProblem(path, f"is not a valid URDF: {one_line(error)}.") from error
    return Urdf(robot, visuals, tuple(problems), has_collisions)


def _visuals(robot: yourdfpy.Robot) -> Iterator[UrdfVisual]:
    defined = _materials_by_name(robot)
    for link in robot.links:
        for visual in link.visuals:
            assert visual.geometry is not None  # `tidy` removed such visuals.
            origin = np.eye(4) if visual.origin is None else visual.origin
            material = _looked_up(visual.material, defined)
            color = None if material is None or material.color is None else unit_color(material.color.rgba)
            if color is not None and color[3] == 0:
                continue  # Invisible on purpose.
            place = origin @ _scale(visual.geometry)
            texture = None if material is None or material.texture is None else material.texture.filename or None
            undefined = (visual.material.name or "") if visual.material is not None and material is None else ""
            yield UrdfVisual(link.name, _shape(visual.geometry), place, color, texture, undefined)


def _materials_by_name(robot: yourdfpy.Robot) -> dict[str, yourdfpy.Material]:
    """The materials that may be named: the robot's own, then those that visuals define, as urdfdom has it."""
    of_visuals = [visual.material for link in robot.links for visual in link.visuals]
    defined: dict[str, yourdfpy.Material] = {}
    for material in (*robot.materials, *of_visuals):
        if material is not None and material.name and _has_look(material):
            defined.setdefault(material.name, material)
    return defined


def _looked_up(
    material: yourdfpy.Material | None, defined: Mapping[str, yourdfpy.Material]
) -> yourdfpy.Material | None:
    """A visual's material, where it has a look of its own, else the one that is defined under its name."""
    if material is None or _has_look(material):
        return material
    return defined.get(material.name or "")


def _has_look(material: yourdfpy.Material) -> bool:
    return material.color is not None or material.texture is not None


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
