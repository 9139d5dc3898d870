"""The XML of a URDF, made such that a parser takes it: what is not needed leaves, what is wrong is said.

Needed are links, joints and how they hang together. A shape, a colour, a limit or a mimic that cannot be understood
costs itself and a sentence; a place of a joint that cannot be read is an error that names it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # lxml ships no types.

from ..errors import FileProblem, printable

# Which of a link's shapes are drawn.
Shapes = Literal["visual", "collision"]

# yourdfpy does not know capsules: they travel through it as a mesh of this name.
CAPSULE = "capsule:"
# The attributes of a shape that are numbers, and how many.
_SIZES = {
    "box": {"size": 3},
    "sphere": {"radius": 1},
    "cylinder": {"radius": 1, "length": 1},
    "capsule": {"radius": 1, "length": 1},
}
_JOINT_PARTS = ("parent", "child", "origin", "axis", "limit", "mimic")
_VISUAL_PARTS = ("origin", "geometry", "material")
_XACRO = ("${", "$(")
_CONVERT = "Convert it: xacro robot.urdf.xacro > robot.urdf"
_MAX_SHOWN = 60


def tidy(root: etree._Element, shapes: Shapes, path: Path) -> list[str]:
    """Leave of a <robot> what is drawn or moved, with numbers that are some.

    Returns a sentence for each thing that is left out.

    Raises FileProblem for other kinds of XML, for xacro, and for joints and links without what holds a robot together.
    """
    _use_plain_names(root, path)
    if root.tag != "robot":
        raise FileProblem(path, f"is not a URDF: it begins with <{root.tag}>, not with <robot>.", _other_kind(root.tag))
    if not root.get("name"):
        root.set("name", path.stem)
    for element in list(root):
        if element.tag not in ("link", "joint", "material"):
            root.remove(element)
    _refuse_xacro(root, path)
    for link in root.findall("link"):
        if not link.get("name"):
            raise FileProblem(path, "has a link without a name.")
    problems = []
    for joint in root.findall("joint"):
        problems += _tidy_joint(joint, path)
    problems += _define_links(root)
    problems += _tidy_shapes(root, shapes)
    for material in root.iter("material"):
        problems += _tidy_color(material)
    return problems


def has_xacro(text: str) -> bool:
    """Whether a text has an expression of xacro in it."""
    return any(begin in text for begin in _XACRO)


def _use_plain_names(root: etree._Element, path: Path) -> None:
    """Take all elements of the root's own vocabulary out of their namespace, and remove those of others.

    Raises FileProblem for elements of xacro, except in what is not needed.
    """
    own = {_vocabulary(root.tag)[0], ""}
    for element in list(root.iter()):
        vocabulary, name = _vocabulary(element.tag)
        parent = element.getparent()
        if vocabulary in own:
            element.tag = name
        elif "xacro" in vocabulary and not any(above.tag == "gazebo" for above in element.iterancestors()):
            raise FileProblem(path, f"is a xacro file, not a URDF: it has <xacro:{name}>.", _CONVERT)
        elif parent is not None:
            parent.remove(element)
        for attribute in list(element.attrib):
            if _vocabulary(attribute)[0]:
                del element.attrib[attribute]
    etree.cleanup_namespaces(root)


def _vocabulary(name: str) -> tuple[str, str]:
    """The namespace of an XML name, or its prefix where nothing declares it, and the name without it."""
    if name.startswith("{"):
        namespace, _, local = name[1:].rpartition("}")
        return namespace, local
    prefix, _, local = name.rpartition(":")
    return prefix, local


def _other_kind(tag: str) -> str:
    """What to do with a file whose root element is of another kind."""
    if tag == "mujoco":
        return "It is a model of MuJoCo (MJCF): give the robot's URDF. Recordings by attach export one."
    if tag in ("sdf", "model", "world"):
        return "It is an SDF: convert it to a URDF."
    return ""


def _refuse_xacro(root: etree._Element, path: Path) -> None:
    """Raise FileProblem for an expression of xacro anywhere but in the name of a file, which is looked up."""
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if attribute != "filename" and has_xacro(value):
                where = _where(element)
                problem = f"is a xacro file, not a URDF: {where} has {attribute}='{_shown(value)}', which is no value."
                raise FileProblem(path, problem, _CONVERT)


def _where(element: etree._Element) -> str:
    """An element as people find it: <origin> of joint 'knee'."""
    for owner in (element, *element.iterancestors()):
        if owner.tag in ("joint", "link") and owner.get("name"):
            name = f"{owner.tag} '{printable(owner.get('name'))}'"
            return name if owner is element else f"<{element.tag}> of {name}"
    return f"<{element.tag}>"


def _shown(value: str) -> str:
    text = printable(value)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."


def _tidy_joint(joint: etree._Element, path: Path) -> Iterator[str]:
    name = joint.get("name")
    if not name:
        raise FileProblem(path, "has a joint without a name.")
    for end in ("parent", "child"):
        element = joint.find(end)
        if element is None or not element.get("link"):
            raise FileProblem(path, f"joint '{name}' has no {end} link.")
    joint.set("type", joint.get("type", "").strip().lower())
    for element in list(joint):
        if element.tag not in _JOINT_PARTS:
            joint.remove(element)
    for tag, attribute in (("origin", "xyz"), ("origin", "rpy"), ("axis", "xyz")):
        element = joint.find(tag)
        if element is None:
            continue
        numbers = _numbers(element, attribute)
        if numbers is not None and len(numbers) != 3:
            problem = f"{_where(element)} has {attribute}='{_shown(element.get(attribute))}', expected three numbers."
            raise FileProblem(path, f"is not a valid URDF: {problem}")
    yield from _tidy_limit(joint)
    yield from _tidy_mimic(joint)


def _tidy_limit(joint: etree._Element) -> Iterator[str]:
    for limit in joint.findall("limit"):
        bad = _drop_bad_numbers(limit, ("lower", "upper", "effort", "velocity"), _is_number)
        if bad:
            yield f"Joint '{joint.get('name')}' has limits that are no numbers ({bad}): it is shown without these."


def _tidy_mimic(joint: etree._Element) -> Iterator[str]:
    for mimic in joint.findall("mimic"):
        name, other = joint.get("name"), (mimic.get("joint") or "").strip()
        if not other:
            joint.remove(mimic)
            yield f"Joint '{name}' mimics a joint without a name: it is taken for a joint of its own."
            continue
        bad = _drop_bad_numbers(mimic, ("multiplier", "offset"), _is_float)
        if bad:
            yield f"Joint '{name}' mimics '{other}' by what is no number ({bad}): 1 and 0 are taken."


def _define_links(root: etree._Element) -> list[str]:
    """Add links that joints name and nobody defines, such as "world", as empty ones; none if no tree comes of it."""
    defined = {link.get("name") for link in root.findall("link")}
    parents = [joint.find("parent").get("link") for joint in root.findall("joint")]
    children = [joint.find("child").get("link") for joint in root.findall("joint")]
    missing = [name for name in dict.fromkeys(parents + children) if name not in defined]
    if len((defined | set(missing)) - set(children)) != 1:
        return []
    for name in missing:
        etree.SubElement(root, "link", name=name)
    return [f"Link '{name}' is not defined, though a joint names it: an empty one is taken." for name in missing]


def _drop_bad_numbers(element: etree._Element, attributes: tuple[str, ...], is_good: Callable[[str], bool]) -> str:
    """Remove those of the attributes that are no good; returns them as they stood there, "" if all are."""
    bad = {key: value for key in attributes if (value := element.get(key)) is not None and not is_good(value)}
    for key in bad:
        del element.attrib[key]
    return ", ".join(f"{key}='{_shown(value)}'" for key, value in bad.items())


def _tidy_shapes(root: etree._Element, shapes: Shapes) -> list[str]:
    """Leave of each link the shapes that are drawn, as visuals."""
    problems = []
    if shapes == "collision":
        for visual in root.findall("link/visual"):
            visual.getparent().remove(visual)
        for collision in root.findall("link/collision"):
            collision.tag = "visual"
    if root.find("link/visual") is None and root.find("link/collision") is not None:
        problems.append("The URDF has nothing to draw: its collision shapes are drawn instead.")
        for collision in root.findall("link/collision"):
            collision.tag = "visual"
    for link in root.findall("link"):
        for element in list(link):
            fault = _tidy_visual(element) if element.tag == "visual" else ""
            if element.tag != "visual" or fault:
                link.remove(element)
            if fault:
                problems.append(f"A visual of link '{link.get('name')}' {fault}, and is left out.")
    return problems


def _tidy_visual(visual: etree._Element) -> str:
    """Make a visual one that yourdfpy knows; returns why it cannot be drawn, "" where it can."""
    for element in list(visual):
        if element.tag not in _VISUAL_PARTS:
            visual.remove(element)
    geometry = visual.find("geometry")
    if geometry is None or len(geometry) == 0:
        return "has no shape that is known"
    shape = geometry[0]
    if shape.tag not in ("mesh", *_SIZES) or (shape.tag == "mesh" and not shape.get("filename")):
        return "has no shape that is known"
    fault = "".join(fault for origin in visual.findall("origin")[:1] for fault in _tidy_origin(origin))
    fault = fault or (_tidy_scale(shape) if shape.tag == "mesh" else _tidy_sizes(shape))
    if shape.tag == "capsule" and not fault:
        sizes = f"{shape.get('radius')} {shape.get('length')}"
        geometry[:] = [etree.Element("mesh", {"filename": CAPSULE + sizes})]
    return fault


def _tidy_origin(origin: etree._Element) -> Iterator[str]:
    """What is wrong with a visual's origin."""
    for attribute in ("xyz", "rpy"):
        numbers = _numbers(origin, attribute)
        if numbers is not None and not (len(numbers) == 3 and all(map(math.isfinite, numbers))):
            yield f"has an origin that is not finite, {attribute}='{_shown(origin.get(attribute))}'"
            return


def _tidy_sizes(shape: etree._Element) -> str:
    for attribute, count in _SIZES[shape.tag].items():
        numbers = _numbers(shape, attribute)
        if numbers is None:
            return f"is a {shape.tag} without {attribute}"
        if len(numbers) != count:
            return f"is a {shape.tag} with {attribute}='{_shown(shape.get(attribute))}', which is no size"
    return ""


def _tidy_scale(mesh: etree._Element) -> str:
    numbers = _numbers(mesh, "scale")
    if numbers is None or (len(numbers) in (1, 3) and all(map(math.isfinite, numbers))):
        return ""
    return f"has a scale that is not finite, '{_shown(mesh.get('scale'))}'"


def _tidy_color(material: etree._Element) -> Iterator[str]:
    """Make a material's colour four numbers; one of three is opaque, as it is where alpha is left out."""
    for color in material.findall("color"):
        numbers = _numbers(color, "rgba")
        if numbers is not None and len(numbers) == 3:
            color.set("rgba", color.get("rgba") + " 1")
        elif numbers is None or len(numbers) != 4:
            material.remove(color)
            if numbers is not None:
                yield f"{_where(material)} has the colour '{_shown(color.get('rgba'))}', expected four numbers."


def _numbers(element: etree._Element, attribute: str) -> list[float] | None:
    """The numbers of an attribute, [] where it has something else; None where there is none, or nothing in it.

    Commas between them count as blanks, as some exporters write them.
    """
    value = element.get(attribute, "").replace(",", " ").strip()
    if not value:
        element.attrib.pop(attribute, None)
        return None
    element.set(attribute, value)
    texts = value.split()
    return [float(text) for text in texts] if all(map(_is_float, texts)) else []


def _is_number(text: str) -> bool:
    """Whether a text is a number, which NaN is not."""
    return _is_float(text) and not math.isnan(float(text))


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
