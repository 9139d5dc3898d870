"""The values in a URDF's XML: numbers in attributes, and how an element is called in a message."""

from __future__ import annotations

import math

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # lxml ships no types.

from ..errors import printable

_MAX_SHOWN = 60


def numbers_in(element: etree._Element, attribute: str) -> list[float] | None:
    """The numbers of an attribute, [] where it has something else; None where there is none, or nothing in it.

    Commas between them count as blanks, as some exporters write them.
    """
    value = element.get(attribute, "").replace(",", " ").strip()
    if not value:
        element.attrib.pop(attribute, None)
        return None
    element.set(attribute, value)
    texts = value.split()
    return [float(text) for text in texts] if all(map(is_float, texts)) else []


def is_number(text: str) -> bool:
    """Whether a text is a number, which NaN is not."""
    return is_float(text) and not math.isnan(float(text))


def is_float(text: str) -> bool:
    """Whether a text is what Python takes for a float, NaN included."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def place_of(element: etree._Element) -> str:
    """An element as people find it: <origin> of joint 'knee'."""
    for owner in (element, *element.iterancestors()):
        if owner.tag in ("joint", "link") and owner.get("name"):
            name = f"{owner.tag} '{printable(owner.get('name'))}'"
            return name if owner is element else f"<{element.tag}> of {name}"
    return f"<{element.tag}>"


def shown(value: str) -> str:
    """A value for a message: printable, and not too long."""
    text = printable(value)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
