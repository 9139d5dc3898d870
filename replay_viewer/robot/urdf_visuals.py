"""The shapes and colours of a URDF's XML, made such that a parser takes them; those that cannot be are left out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # lxml ships no types.

from .xml_values import numbers_in, place_of, shown

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
_VISUAL_PARTS = ("origin", "geometry", "material")


def choose_shapes(root: etree._Element, shapes: Shapes) -> list[str]:
    """Leave of each link the shapes that are drawn, as visuals; returns a sentence where they are others than asked."""
    problems = []
    if shapes == "collision":
        for visual in root.findall("link/visual"):
            visual.getparent().remove(visual)
    elif root.find("link/visual") is None and root.find("link/collision") is not None:
        problems.append("The URDF has nothing to draw: its collision shapes are drawn instead.")
    if root.find("link/visual") is None:
        for collision in root.findall("link/collision"):
            collision.tag = "visual"
    for link in root.findall("link"):
        for element in list(link):
            if element.tag != "visual":
                link.remove(element)
    return problems


def tidy_visuals(root: etree._Element) -> Iterator[str]:
    """Leave of the visuals those that can be drawn, and of their colours those that are some; says what is left out."""
    for visual in root.findall("link/visual"):
        link, fault = visual.getparent(), _tidy_visual(visual)
        if fault:
            link.remove(visual)
            yield f"A visual of link '{link.get('name')}' {fault}, and is left out."
    for material in root.iter("material"):
        yield from _tidy_color(material)


def _tidy_visual(visual: etree._Element) -> str:
    """Make a visual one that yourdfpy knows; returns why it cannot be drawn, "" where it can."""
    for element in list(visual):
        if element.tag not in _VISUAL_PARTS:
            visual.remove(element)
    geometry = visual.find("geometry")
    if geometry is None or len(geometry) == 0:
        return "has no shape"
    shape = geometry[0]
    if shape.tag not in ("mesh", *_SIZES):
        return f"has the shape <{shape.tag}>, which is not known"
    if shape.tag == "mesh" and not shape.get("filename", "").strip():
        return "is a mesh without a filename"
    fault = "".join(fault for origin in visual.findall("origin")[:1] for fault in _tidy_origin(origin))
    fault = fault or (_tidy_scale(shape) if shape.tag == "mesh" else _tidy_sizes(shape))
    if shape.tag == "capsule" and not fault:
        sizes = f"{shape.get('radius')} {shape.get('length')}"
        geometry[:] = [etree.Element("mesh", {"filename": CAPSULE + sizes})]
    return fault


def _tidy_origin(origin: etree._Element) -> Iterator[str]:
    """What is wrong with a visual's origin."""
    for attribute in ("xyz", "rpy"):
        numbers = numbers_in(origin, attribute)
        if numbers is None or (len(numbers) == 3 and all(map(math.isfinite, numbers))):
            continue
        fault = "that is not finite" if len(numbers) == 3 else "that is not three numbers"
        yield f"has an origin {fault}, {attribute}='{shown(origin.get(attribute))}'"
        return


def _tidy_sizes(shape: etree._Element) -> str:
    for attribute, count in _SIZES[shape.tag].items():
        numbers = numbers_in(shape, attribute)
        if numbers is None:
            return f"is a {shape.tag} without {attribute}"
        if len(numbers) != count:
            return f"is a {shape.tag} with {attribute}='{shown(shape.get(attribute))}', which is no size"
    return ""


def _tidy_scale(mesh: etree._Element) -> str:
    numbers = numbers_in(mesh, "scale")
    if numbers is None or (len(numbers) in (1, 3) and all(map(math.isfinite, numbers))):
        return ""
    fault = "that is not finite" if len(numbers) in (1, 3) else "that is neither one number nor three"
    return f"has a scale {fault}, '{shown(mesh.get('scale'))}'"


def _tidy_color(material: etree._Element) -> Iterator[str]:
    """Make a material's colour four numbers; one of three is opaque, as it is where alpha is left out."""
    for color in material.findall("color"):
        numbers = numbers_in(color, "rgba")
        if numbers is not None and len(numbers) == 3:
            color.set("rgba", color.get("rgba") + " 1")
        elif numbers is None or len(numbers) != 4:
            material.remove(color)
            if numbers is not None:
                yield f"{place_of(material)} has the colour '{shown(color.get('rgba'))}', expected four numbers."
