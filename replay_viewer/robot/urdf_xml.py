"""The XML of a URDF, made such that a parser takes it: what is not needed leaves, what is wrong is said.

Needed are links, joints and how they hang together. A shape, a colour, a limit or a mimic that cannot be understood
costs itself and a sentence; a place of a joint that cannot be read is an error that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # lxml ships no types.

from ..errors import FileProblem
from .tree import MOVABLE
from .urdf_visuals import Shapes, choose_shapes, tidy_visuals
from .xml_values import is_float, is_number, numbers_in, place_of, shown

_JOINT_PARTS = ("parent", "child", "origin", "axis", "limit", "mimic")
_XACRO = ("${", "$(")
_CONVERT = "Convert it: xacro robot.urdf.xacro > robot.urdf"


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
    problems = _prune(root, shapes)
    _refuse_xacro(root, path)
    problems += _drop_loose(root, path)
    for joint in root.findall("joint"):
        problems += _tidy_joint(joint, path)
    problems += _define_links(root)
    problems += tidy_visuals(root)
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
    if tag.lower() == "html":
        return "It is a page: download the file itself, not the page that shows it."
    return ""


def _refuse_xacro(root: etree._Element, path: Path) -> None:
    """Raise FileProblem for an expression of xacro anywhere but in the name of a file, which is looked up."""
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if attribute != "filename" and has_xacro(value):
                where = place_of(element)
                problem = f"is a xacro file, not a URDF: {where} has {attribute}='{shown(value)}', which is no value."
                raise FileProblem(path, problem, _CONVERT)


def _prune(root: etree._Element, shapes: Shapes) -> list[str]:
    """Remove what is neither drawn nor moved; returns a sentence where other shapes are drawn than asked."""
    for element in list(root):
        if element.tag not in ("link", "joint", "material"):
            root.remove(element)
    for part in root.findall("joint/*"):
        if part.tag not in _JOINT_PARTS:
            part.getparent().remove(part)
    return choose_shapes(root, shapes)


def _drop_loose(root: etree._Element, path: Path) -> Iterator[str]:
    """Remove links that nothing can refer to, and joints that connect nothing; says which.

    Raises FileProblem for such a joint where a link would hang on nothing without it.
    """
    for link in root.findall("link"):
        if not link.get("name"):
            root.remove(link)
            yield "A link has no name, and is left out."
    joints = root.findall("joint")
    loose = [joint for joint in joints if not (_end_of(joint, "parent") and _end_of(joint, "child"))]
    children = {_end_of(joint, "child") for joint in joints if joint not in loose}
    for joint in loose:
        name, end = joint.get("name", ""), "child" if _end_of(joint, "parent") else "parent"
        if len({link.get("name") for link in root.findall("link")} - children) > 1:
            raise FileProblem(path, f"joint '{name}' has no {end} link.")
        root.remove(joint)
        yield f"Joint '{name}' has no {end} link, and is left out."


def _end_of(joint: etree._Element, end: str) -> str:
    """The name of a joint's parent or child link, "" where it names none."""
    element = joint.find(end)
    return "" if element is None else element.get("link", "")


def _tidy_joint(joint: etree._Element, path: Path) -> Iterator[str]:
    if not joint.get("name"):
        child = _end_of(joint, "child")
        joint.set("name", f"joint of {child}")
        yield f"The joint that leads to link '{child}' has no name: it is called 'joint of {child}'."
    joint.set("type", joint.get("type", "").strip().lower())
    if joint.get("type") not in MOVABLE:
        for part in joint.xpath("axis | limit | mimic"):
            joint.remove(part)
    for tag, attribute in (("origin", "xyz"), ("origin", "rpy"), ("axis", "xyz")):
        element = joint.find(tag)
        if element is None:
            continue
        numbers = numbers_in(element, attribute)
        if numbers is not None and len(numbers) != 3:
            problem = f"{place_of(element)} has {attribute}='{shown(element.get(attribute))}', expected three numbers."
            raise FileProblem(path, f"is not a valid URDF: {problem}")
    yield from _tidy_limit(joint)
    yield from _tidy_mimic(joint)


def _tidy_limit(joint: etree._Element) -> Iterator[str]:
    for limit in joint.findall("limit"):
        bad = _drop_bad_numbers(limit, ("lower", "upper", "effort", "velocity"), is_number)
        if bad:
            yield f"Joint '{joint.get('name')}' has limits that are no numbers ({bad}): it is shown without these."


def _tidy_mimic(joint: etree._Element) -> Iterator[str]:
    for mimic in joint.findall("mimic"):
        name, other = joint.get("name"), (mimic.get("joint") or "").strip()
        if not other:
            joint.remove(mimic)
            yield f"Joint '{name}' mimics a joint without a name: it is taken for a joint of its own."
            continue
        if other == name:
            joint.remove(mimic)
            yield f"Joint '{name}' mimics itself: it is taken for a joint of its own."
            continue
        bad = _drop_bad_numbers(mimic, ("multiplier", "offset"), is_float)
        if bad:
            yield f"Joint '{name}' mimics '{other}' by what is no number ({bad}): it counts as left out."


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
    return ", ".join(f"{key}='{shown(value)}'" for key, value in bad.items())
