"""STL: text or binary, the latter as long as its head says."""

from __future__ import annotations

import struct
from codecs import BOM_UTF8

from ...files.kinds import HEAD_BYTES, kind_of
from .reading import Unreadable

_HEAD_BYTES = 84
_TRIANGLE_BYTES = 50


def whole_stl(data: bytes) -> bytes:
    """The bytes of an STL without what follows its last triangle; raises Unreadable where some are missing."""
    if _is_text(data):
        text = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removeprefix(BOM_UTF8)
        if b"endsolid" in text.lower():
            return text
        if text.lower().rstrip().endswith(b"endfacet"):  # All triangles are whole.
            return text + b"\nendsolid\n"
        raise Unreadable("is cut off: its 'endsolid' is missing")
    if len(data) < _HEAD_BYTES:
        raise Unreadable(f"is cut off: it has {len(data)} bytes, and the head of an STL alone takes {_HEAD_BYTES}")
    (promised,) = struct.unpack_from("<I", data, _HEAD_BYTES - 4)
    there = (len(data) - _HEAD_BYTES) // _TRIANGLE_BYTES
    if there < promised and kind_of(data[:HEAD_BYTES]) == "a text file":
        raise Unreadable("is a text file, not STL")
    if there < promised:
        raise Unreadable(f"is cut off: its head promises {promised} triangles, and {there} are there")
    return data[: _HEAD_BYTES + promised * _TRIANGLE_BYTES]


def _is_text(data: bytes) -> bool:
    """Whether it is the kind of STL that is text; binary ones may begin with "solid" too, and have zeros."""
    head = data[:HEAD_BYTES].lower()
    begin = head.removeprefix(BOM_UTF8).lstrip()
    return begin.startswith(b"solid") and b"\0" not in data[:_HEAD_BYTES] and (b"facet" in head or b"endsolid" in head)
