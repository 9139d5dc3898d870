"""STL: text or binary, the latter as long as its head says."""

from __future__ import annotations

import struct

from .reading import Unreadable

_HEAD_BYTES = 84
_TRIANGLE_BYTES = 50


def whole_stl(data: bytes) -> bytes:
    """The bytes of an STL without what follows its last triangle; raises Unreadable where some are missing."""
    if _is_text(data):
        if b"endsolid" not in data.lower():
            raise Unreadable("is cut off: its 'endsolid' is missing")
        return data
    if len(data) < _HEAD_BYTES:
        raise Unreadable(f"is cut off: it has {len(data)} bytes, and the head of an STL alone takes {_HEAD_BYTES}")
    (promised,) = struct.unpack_from("<I", data, _HEAD_BYTES - 4)
    there = (len(data) - _HEAD_BYTES) // _TRIANGLE_BYTES
    if there < promised:
        raise Unreadable(f"is cut off: its head promises {promised} triangles, and {there} are there")
    return data[: _HEAD_BYTES + promised * _TRIANGLE_BYTES]


def _is_text(data: bytes) -> bool:
    """Whether it is the kind of STL that is text; binary ones may begin with "solid" too, and have zeros."""
    return data.lstrip()[:5].lower() == b"solid" and b"\0" not in data[:_HEAD_BYTES] and b"facet" in data[:1000].lower()
