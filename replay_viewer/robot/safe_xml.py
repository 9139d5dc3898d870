"""XML from files that nobody vouches for: parsed without document types, entities or the network.

A document type is what entity bombs and external entities are written in, and neither URDF nor COLLADA needs one. So
any is refused where its name is read, before a parser looks at what it declares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # lxml ships no types.

from ..errors import FileProblem

_HARDENED: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


class _PrologueSeen(Exception):
    """The root element begins: what could be a document type lies behind."""


class _Prologue:
    """A parser target that reads no further than the root element's start tag."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        problem = f"declares a document type ('<!DOCTYPE {name}'), which can hide entity bombs and is never needed."
        raise FileProblem(self.path, problem, "Remove the declaration.")

    def start(self, tag: str, attributes: object) -> None:
        raise _PrologueSeen

    def close(self) -> None:
        """Required of a parser target."""


def refuse_doctype(data: bytes, path: Path) -> None:
    """Raise FileProblem if an XML document declares a document type, or has no root element at all."""
    try:
        etree.fromstring(data, etree.XMLParser(target=_Prologue(path), **_HARDENED))
    except _PrologueSeen:
        return
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileProblem(path, f"is not valid XML: {one_line(error)}.") from error


def parse_xml(data: bytes, path: Path) -> etree._Element:
    """The root element of an XML document without a document type; raises FileProblem for anything else."""
    refuse_doctype(data, path)
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, remove_blank_text=True, **_HARDENED)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileProblem(path, f"is not valid XML: {one_line(error)}.") from error


def one_line(error: Exception) -> str:
    """What a parser says of a broken file, on one line that is not too long."""
    text = " ".join(str(error).split()).rstrip(".")
    return text[:200] or type(error).__name__
