"""A robot or an object of a USD stage as a URDF with meshes, for replaying it elsewhere.

Every rigid body becomes a link of its name whose frame is the body's. Where a joint's frame is another one than its
child's, a link without mass stands between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from ..mujoco.urdf_xml import add_joint, add_link, numbers, visual
from .joints import Joint, joint_tree
from .looks import Look, look_of
from .obj import ObjWriter
from .stage import geometries, is_body, prims_below, rigid, world_pose
from .surfaces import Surface, surface_of

_NEUTRAL = (0.7, 0.7, 0.7, 1.0)  # Of what has no colour.
_ANY_EFFORT, _ANY_SPEED, _ANY_DISTANCE = 1e3, 1e2, 1e3  # Of joints, whose limits a stage does not have [N or Nm, ...].
_SAME = 1e-6  # What two frames differ by, at most, that are one.


@dataclass
class ExportedUsd:
    """A URDF that was written; its meshes lie in a folder beside it.

    Attributes:
        urdf: the file.
        joint_names: of the joints that move.
        num_visuals: shapes that are drawn.
        notes: what is not as on the stage, a sentence each.
    """

    urdf: Path
    joint_names: list[str] = field(default_factory=list)
    num_visuals: int = 0
    notes: list[str] = field(default_factory=list)


def export_urdf(prim: Any, folder: Path, name: str, root_name: str = "") -> ExportedUsd:
    """Write `<name>.urdf` and its meshes into a folder.

    Args:
        prim: under which the bodies are, or which is one.
        folder: made if it is not there.
        name: of the robot and its file.
        root_name: of the body at the root; the first one that hangs on none where it is not given.
    """
    prims = list(prims_below(prim))
    bodies = {str(found.GetPath()): found for found in prims if is_body(found)} or {str(prim.GetPath()): prim}
    root = _root_of(prims, bodies, root_name)
    tree = joint_tree(prims, bodies, root)
    exported = ExportedUsd(folder / f"{name}.urdf", notes=[joint.note for joint in tree if joint.note])
    writer, robot = ObjWriter(folder), Element("robot", name=name)
    names = _names({path: bodies[path] for path in (root, *(joint.child for joint in tree))})
    drawn = _by_body(geometries(prims), bodies, root)
    for path, link_name in names.items():
        link, frame = add_link(robot, link_name), np.linalg.inv(rigid(world_pose(bodies[path])))
        for element in _visuals(drawn.get(path, ()), frame, writer, exported, link_name):
            link.append(element)
            exported.num_visuals += 1
    taken = set(names.values())
    for joint in tree:
        _add_joint(robot, joint, names, taken)
        if joint.kind != "fixed":
            exported.joint_names.append(joint.name)
    left_out = len(bodies) - len(names)
    if left_out:
        exported.notes.append(f"{left_out} of its bodies hang on no joint: they are left out.")
    if writer.lost:
        exported.notes.append(f"textures that cannot be read: {', '.join(writer.lost)}.")
    for element in robot:
        element.tail = "\n"
    folder.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(robot).write(exported.urdf, encoding="utf-8", xml_declaration=True)
    return exported


def _root_of(prims: list[Any], bodies: dict[str, Any], root_name: str) -> str:
    """The path of the body at the root."""
    named = [path for path, body in bodies.items() if body.GetName() == root_name]
    if len(named) == 1:
        return named[0]
    first = next(iter(bodies))
    children = {joint.child for joint in joint_tree(prims, bodies, first)}
    return next((path for path in named or bodies if path not in children), first)


def _names(bodies: dict[str, Any]) -> dict[str, str]:
    """Names of links by path, no two of which are equal."""
    names: dict[str, str] = {}
    for path, body in bodies.items():
        name = body.GetName()
        while name in names.values():
            name += "_"
        names[path] = name
    return names


def _by_body(shapes: Sequence[Any], bodies: dict[str, Any], root: str) -> dict[str, list[Any]]:
    """The shapes of each body, by its path; what is on none hangs on the root."""
    found: dict[str, list[Any]] = {}
    for shape in shapes:
        path = shape.GetPath()
        while path.pathElementCount and path.pathString not in bodies:
            path = path.GetParentPath()
        found.setdefault(path.pathString if path.pathElementCount else root, []).append(shape)
    return found


def _visuals(
    shapes: Sequence[Any], frame: np.ndarray, writer: ObjWriter, exported: ExportedUsd, name: str
) -> Iterator[Element]:
    """What is drawn on a link; frame: (4, 4) from the world to it."""
    for shape in shapes:
        try:
            surface = surface_of(shape)
        except ValueError as error:
            exported.notes.append(f"a shape is left out: {error}.")
            continue
        if surface is None:
            exported.notes.append(f"a shape is left out: {shape.GetPath()} is a {shape.GetTypeName()}.")
            continue
        for part, look in _parts(shape, surface.moved(frame @ world_pose(shape))):
            mesh = Element("mesh", filename=writer.write(part, look, name))
            rgba = look.rgba or _NEUTRAL
            material = "rgba_" + "_".join(f"{value:.3g}" for value in rgba)
            element = visual(np.eye(4), mesh, material, rgba)
            if writer.has_texture(look) and part.uvs is not None:
                # The mesh brings its own.
                element.remove(element[-1])
            yield element


def _parts(shape: Any, surface: Surface) -> Iterator[tuple[Surface, Look]]:
    """A surface by the materials of its faces."""
    from pxr import UsdGeom  # type: ignore[import-not-found]

    rest, own = np.arange(len(surface.counts)), look_of(shape)
    for subset in UsdGeom.Subset.GetAllGeomSubsets(UsdGeom.Imageable(shape)):
        if str(subset.GetElementTypeAttr().Get()) != "face":
            continue
        faces = np.array(subset.GetIndicesAttr().Get() or [], np.int64)
        faces, look = np.intersect1d(faces, rest), look_of(subset.GetPrim())
        rest = np.setdiff1d(rest, faces)
        if len(faces):
            yield surface.of(faces), own if look == Look() else look
    if len(rest):
        yield surface.of(rest), own


def _add_joint(robot: Element, joint: Joint, names: dict[str, str], taken: set[str]) -> None:
    """Append a joint, and a link at its frame where that is not its child's."""
    child = names[joint.child]
    is_childs = np.abs(joint.child_frame - np.eye(4)).max() < _SAME
    end = child
    if not is_childs:
        end = f"{child}_{joint.name}"
        while end in taken:
            end += "_"
        taken.add(end)
        add_link(robot, end)
    is_free = joint.kind == "revolute" and joint.limits is None
    kind = "continuous" if is_free else joint.kind
    element = add_joint(robot, joint.name, kind, names[joint.parent], end, joint.parent_frame)
    if kind != "fixed":
        SubElement(element, "axis", xyz=numbers(joint.axis))
        limit = SubElement(element, "limit", effort=numbers(_ANY_EFFORT), velocity=numbers(_ANY_SPEED))
        if not is_free:
            lower, upper = joint.limits or (-_ANY_DISTANCE, _ANY_DISTANCE)
            limit.set("lower", numbers(lower))
            limit.set("upper", numbers(upper))
    if not is_childs:
        add_joint(robot, f"{end}_frame", "fixed", end, child, np.linalg.inv(joint.child_frame))
