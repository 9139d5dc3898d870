"""Members of a packed recording: a ZIP whose members are stored as they are, so that reads need no unpacking."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import Iterable

from ..container.extents import Extent
from ..errors import FileProblem
from .names import is_inside

# The ZIP's local file header up to the lengths of name and extra field: APPNOTE.TXT, section 4.3.7.
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_NOT_OURS = "It was not packed by replay-viewer; unzip it and open the folder."


def packed_extents(path: Path) -> dict[str, Extent]:
    """The members of a packed recording by name, assets included.

    Raises:
        FileProblem: not a ZIP, cut short, or with members that `pack` never writes: compressed, encrypted,
            overlapping, two of one name, links, or names that lead out of the recording.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise FileProblem(path, f"is no whole ZIP file: {error}.", "Was its copy cut short?") from None
    for member in members:
        _check_member(path, member)
    if len({member.filename for member in members}) < len(members):
        raise FileProblem(path, "has two members of one name.", _NOT_OURS)
    with open(path, "rb") as file:
        fd = file.fileno()
        extents = {m.filename: Extent(path, _data_offset(path, fd, m), m.file_size) for m in members}
        _check_apart(path, extents.values(), os.fstat(fd).st_size)
    return extents


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename
    if not is_inside(name):
        raise FileProblem(path, f"has a member that leads out of the recording: {name!r}.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise FileProblem(path, f"has a link as a member: {name!r}.", _NOT_OURS)
    if member.flag_bits & 1:
        raise FileProblem(path, f"has an encrypted member: {name!r}.", _NOT_OURS)
    if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
        raise FileProblem(path, f"has a compressed member: {name!r}.", _NOT_OURS)


def _data_offset(path: Path, fd: int, member: zipfile.ZipInfo) -> int:
    """Where the member's bytes begin; its local header may be longer than the directory says."""
    head = os.pread(fd, _LOCAL_HEADER.size, member.header_offset)
    if len(head) < _LOCAL_HEADER.size or not head.startswith(b"PK\x03\x04"):
        raise FileProblem(path, f"has no member where its directory says: {member.filename!r}.")
    _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(head)
    return member.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes


def _check_apart(path: Path, extents: Iterable[Extent], size: int) -> None:
    """Members that share bytes could add up to far more than the file."""
    end = 0
    for extent in sorted(extents, key=lambda extent: (extent.offset, extent.size)):
        if extent.offset < end or extent.offset + extent.size > size:
            raise FileProblem(path, "has members that overlap or reach beyond its end.")
        end = extent.offset + extent.size
