"""MP4 films in fragments: how many frames are in one, and what it says of itself."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO, Iterator

# Bytes that are kept for what is said of a film when it is complete.
TITLE_BYTES, COMMENT_BYTES = 250, 4000
# The header of a film lies in its first bytes.
_HEAD_BYTES = 1 << 16
_TITLE, _COMMENT = b"\xa9nam", b"\xa9cmt"


def placeholder(num_bytes: int) -> str:
    """A text that is written over later."""
    return "-" * num_bytes


def count_frames(path: Path) -> int:
    """Frames of the fragments that are whole. May raise OSError."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        total = waiting = 0
        for kind, start, end in _boxes(file, 0, size):
            if end > size:
                break
            if kind == b"moof":
                waiting = sum(_frames_in(file, *box) for box in _inside(file, start, end, b"traf"))
            elif kind == b"mdat":
                total, waiting = total + waiting, 0
        return total


def say(path: Path, title: str, comment: str) -> None:
    """Write title and comment over those that were kept free for them; what is too long is left out.

    May raise OSError.
    """
    with open(path, "rb+") as file:
        head = file.read(_HEAD_BYTES)
        for name, text in ((_TITLE, title), (_COMMENT, comment)):
            place = _payload(head, name)
            content = text.encode()
            if place is not None and len(content) <= place[1]:
                file.seek(place[0])
                file.write(content.ljust(place[1]))


def _payload(head: bytes, name: bytes) -> tuple[int, int] | None:
    """Where the text of an entry begins, and its bytes: size, name, size, "data", type, language, text."""
    at = head.find(name)
    if at < 0 or head[at + 8 : at + 12] != b"data":
        return None
    (size,) = struct.unpack(">I", head[at + 4 : at + 8])
    start, end = at + 20, at + 4 + size
    return (start, end - start) if start <= end <= len(head) else None


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes in a range: kind, where the content begins, where it ends."""
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", file.read(8))[0], 16
        if size < head:
            return
        yield kind, start + head, start + size
        start += size


def _inside(file: BinaryIO, start: int, end: int, kind: bytes) -> list[tuple[int, int]]:
    return [(first, last) for found, first, last in _boxes(file, start, end) if found == kind]


def _frames_in(file: BinaryIO, start: int, end: int) -> int:
    """Frames of a track's fragment: runs have a version, flags and their number."""
    total = 0
    for first, last in _inside(file, start, end, b"trun"):
        if first + 8 <= last:
            file.seek(first + 4)
            total += struct.unpack(">I", file.read(4))[0]
    return total
