"""XML from files that nobody vouches for: parsed without document types, entities or the network.

A document type is what entity bombs and external entities are written in, and neither URDF nor COLLADA needs one. So
any is refused where its name is read, before a parser looks at what it declares.

What other readers of URDF forgive is forgiven: a version that is none, a comment or a blank before the declaration,
control characters such as a NUL at the end, an encoding other than the stated one, "--" in a comment, an "&" that
begins no entity, text behind the end, an attribute that is there twice, and prefixes that no namespace declares. What
can be is put right in the bytes first, so that what is checked is what is parsed.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # lxml ships no types.

from ..errors import FileProblem
from ..files.kinds import HEAD_BYTES, kind_of, other_kind, refuse_pointer

_HARDENED: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
# UTF-32 before UTF-16, whose mark it begins with; the first characters of a file without a mark tell as well.
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<\0", "utf-16-be"),
)
_DECLARATION = re.compile(rb"<\?xml\s[^>]*\?>", re.IGNORECASE)
_BARE_AMPERSAND = re.compile(rb"&(?!#?\w+;)")
_LAST_TAG = re.compile(rb"</[\w.:-]+\s*>(?=[^<>]*\Z)")
_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)([^<>]*)")
# Kinds of files that a complaint about XML says nothing of.
_NO_MARKUP = ("a text file", "a JSON file", "a CSV table")
_STATED_ENCODING = re.compile(rb"<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([\w.-]+)[\"']")
# Encodings of one or two bytes a character, in which ASCII is what it is. Others, such as UTF-7, hide what they say.
_PLAIN = re.compile(
    r"(us-)?ascii|iso-8859-\d+|latin-?\d|(windows-|cp)125\d|gb2312|gbk|gb18030|big5|shift_jis|euc-(jp|kr)"
)
_USED_PREFIX = re.compile(rb"[<\s]([A-Za-z_][\w.-]*):[A-Za-z_]")
_DECLARED_PREFIX = re.compile(rb"\sxmlns:([\w.-]+)\s*=")
# What lxml adds to a complaint.
_PLACE_IN_PYTHON = re.compile(r" \(<string>, line \d+\)$")
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r")


class _PrologueSeen(Exception):
    """The root element begins: what could be a document type lies behind."""


class _Prologue:
    """A parser target that reads no further than the root element's start tag."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        if name.lower() == "html":
            raise FileProblem(self.path, "is an HTML page.", "Download the file itself, not the page that shows it.")
        problem = f"declares a document type ('<!DOCTYPE {name}'), which can hide entity bombs and is never needed."
        raise FileProblem(self.path, problem, "Remove the declaration.")

    def start(self, tag: str, attributes: object) -> None:
        raise _PrologueSeen

    def close(self) -> None:
        """Required of a parser target."""


def checked_xml(data: bytes, path: Path) -> bytes:
    """An XML document as UTF-8 without a declaration, which is what to parse of it.

    Raises FileProblem if it declares a document type, has no root element at all, or is a pointer to the document.
    """
    refuse_pointer(path, data)
    content = _plain_utf8(data)
    try:
        etree.fromstring(content, etree.XMLParser(target=_Prologue(path), encoding="utf-8", **_HARDENED))
    except _PrologueSeen:
        return content
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileProblem(path, _not_xml(data, one_line(error))) from error
    raise FileProblem(path, _not_xml(data, "it has no element"))


def parse_xml(data: bytes, path: Path) -> etree._Element:
    """The root element of an XML document without a document type; raises FileProblem for anything else.

    Names whose prefix no namespace declares keep it: "sensor:camera".
    """
    content = checked_xml(data, path)
    parser = etree.XMLParser(
        remove_comments=True, remove_pis=True, remove_blank_text=True, recover=True, encoding="utf-8", **_HARDENED
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileProblem(path, _not_xml(data, one_line(error))) from error
    for entry in parser.error_log:
        if not _is_forgiven(entry):
            complaint = f"{one_line(entry.message)}, line {entry.line}"
            raise FileProblem(path, _not_xml(data, _cut_off(content) or complaint))
    for element in root.iter():
        if len(set(element.attrib)) < len(element.attrib):
            _keep_first_of_each(element)
    return root


def strict_xml(data: bytes, path: Path) -> bytes:
    """The document for a parser that forgives nothing: without what has a prefix that no namespace declares.

    Raises FileProblem as `checked_xml` does, and for such a document that is broken otherwise.
    """
    content = checked_xml(data, path)
    if _cut_off(content):
        raise FileProblem(path, _not_xml(data, _cut_off(content)))
    if set(_USED_PREFIX.findall(content)) <= {b"xml", b"xmlns", *_DECLARED_PREFIX.findall(content)}:
        return content
    root = parse_xml(content, path)
    for element in list(root.iter()):
        for name in [name for name in element.attrib if _is_undeclared(name)]:
            del element.attrib[name]
        if _is_undeclared(element.tag) and element.getparent() is not None:
            element.getparent().remove(element)
    return etree.tostring(root, encoding="utf-8")


def one_line(error: object) -> str:
    """What a parser says of a broken file, on one line that is not too long."""
    text = _PLACE_IN_PYTHON.sub("", " ".join(str(error).split())).rstrip(".")
    return text[:200] or type(error).__name__


def _keep_first_of_each(element: etree._Element) -> None:
    """Remove the attributes of an element whose name another before them has; the parser keeps both."""
    attributes = dict(reversed(element.attrib.items()))
    element.attrib.clear()
    for name, value in attributes.items():
        element.set(name, value)


def _without_comments(content: bytes) -> bytes:
    """The document with the line breaks alone of its comments."""
    parts, start = [], 0
    while (begin := content.find(b"<!--", start)) >= 0 and (end := content.find(b"-->", begin + 4)) >= 0:
        parts += [content[start:begin], b"\n" * content.count(b"\n", begin, end)]
        start = end + 3
    return b"".join([*parts, content[start:]])


def _without_text_behind(content: bytes) -> bytes:
    """The document without what stands behind its end, where that is no markup."""
    end = _LAST_TAG.search(content)
    return content if end is None else content[: end.end()]


def _is_forgiven(complaint: Any) -> bool:
    """Whether the document means the same to everybody in spite of what the parser says."""
    return complaint.domain_name == "NAMESPACE" or complaint.type_name == "ERR_ATTRIBUTE_REDEFINED"


def _cut_off(content: bytes) -> str:
    """What to say of a document whose end is missing, "" where it is there."""
    root = _ROOT.search(content)
    if root is None or root[2].endswith(b"/") or b"</" + root[1] in content:
        return ""
    return f"it is cut off: </{root[1].decode()}> is missing at its end"


def _is_undeclared(name: str) -> bool:
    return ":" in name and not name.startswith("{")


def _plain_utf8(data: bytes) -> bytes:
    """The document in UTF-8, without its declaration, comments, control characters and text behind its end.

    All lines keep their number.
    """
    encoded = _decoded(data).lstrip("\ufeff").encode("utf-8", "replace")
    content = _without_comments(encoded.translate(None, _CONTROLS))
    return _without_text_behind(_BARE_AMPERSAND.sub(b"&amp;", _DECLARATION.sub(b"", content)))


def _decoded(data: bytes) -> str:
    marked = next((name for mark, name in _ENCODINGS if data.startswith(mark)), None)
    if marked is not None:
        return data.decode(marked, "replace")
    stated = _STATED_ENCODING.search(data[:1000])
    name = stated[1].decode().lower() if stated else ""
    for encoding in (name if _PLAIN.fullmatch(name) else "utf-8", "utf-8"):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1")


def _not_xml(data: bytes, complaint: str) -> str:
    """What to say of a file that is no XML: what it is where that is known, else what the parser says."""
    kind = kind_of(data.strip()[:HEAD_BYTES])
    if kind not in _NO_MARKUP:
        kind = other_kind(data.strip(), "COLLADA")
    return f"is not valid XML: it is {kind}." if kind and kind != "a URDF" else f"is not valid XML: {complaint}."
