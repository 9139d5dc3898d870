"""Extents: where the bytes of a recording's files lie, in a folder or inside of one packed file.

A packed recording is a ZIP whose members are stored as they are, so that a part of a member is read like a part of a
file, and nothing needs to know which of the two a recording is.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import FileProblem
from ..files.regular import open_regular, refuse_large
from ..files.zips import content_offset, files_in, open_zip
from .layout import SEGMENT, Layout, is_inside, segment_name

_CHUNK_BYTES = 1 << 20
_NOT_OURS = "It was not packed by replay-viewer; unzip it and open the folder."


@dataclass(frozen=True)
class Extent:
    """A file of the recording as a run of bytes: `size` of them at `offset` in the file `path`."""

    path: Path
    offset: int
    size: int


def folder_extents(folder: Path) -> dict[str, Extent]:
    """The recording's files in a folder by name, as they are now; without the assets.

    They are looked at in the order of their names: records before the table of ends, which a writer extends first, so
    that no end is missing of an episode whose records are there.
    """
    with os.scandir(folder) as entries:
        files = sorted((entry for entry in entries if entry.is_file()), key=lambda entry: entry.name)
    return {file.name: Extent(folder / file.name, 0, file.stat().st_size) for file in files}


def packed_extents(path: Path) -> dict[str, Extent]:
    """The members of a packed recording by name, assets included.

    Raises:
        FileProblem: not a ZIP, cut short, or with members that `pack` never writes: compressed, encrypted,
            overlapping, two of one name, links, or names that lead out of the recording.
    """
    with open_regular(path) as file:
        try:
            with open_zip(file) as archive:
                members = files_in(archive)
        except zipfile.BadZipFile as error:
            raise FileProblem(path, f"is no whole ZIP file: {error}.", "Was its copy cut short?") from None
        for member in members:
            _check_member(path, member)
        if len({member.filename for member in members}) < len(members):
            raise FileProblem(path, "has two members of one name.", _NOT_OURS)
        fd = file.fileno()
        extents = {member.filename: _member_extent(path, fd, member) for member in members}
        _check_apart(path, extents.values(), os.fstat(fd).st_size)
    return extents


def segments(extents: Mapping[str, Extent], layout: Layout, where: object) -> tuple[list[Extent], int]:
    """The files that hold records, in order, and how many whole records they hold together.

    Raises FileProblem where one is missing, or all but the last are not full: steps would be lost unseen.
    """
    names = [segment_name(index) for index in range(sum(1 for name in extents if SEGMENT.fullmatch(name)))]
    for name in names:
        if name not in extents:
            raise FileProblem(where, f"{name} is missing.", "Copy the recording again, with all its files.")
    parts = [extents[name] for name in names]
    counts = [count_whole(part.size, layout.header_bytes, layout.record_bytes) for part in parts]
    full = layout.records_per_segment
    for index, count in enumerate(counts):
        if count > full or (count < full and index < len(counts) - 1):
            problem = f"{names[index]} holds {count} steps, expected {full}."
            raise FileProblem(where, problem, "Copy the recording again; this file is damaged.")
    return parts, sum(counts)


def count_whole(size: int, header_bytes: int, record_bytes: int) -> int:
    """Whole records in a file of `size` bytes; a torn last one does not count."""
    return max(0, size - header_bytes) // record_bytes


def chunks_of(extent: Extent) -> Iterator[bytes]:
    """The bytes of an extent, a megabyte at a time. Raises FileProblem where the file ends before them."""
    with open_regular(extent.path) as file:
        file.seek(extent.offset)
        left = extent.size
        while left > 0:
            chunk = file.read(min(_CHUNK_BYTES, left))
            if not chunk:
                raise FileProblem(extent.path, "got shorter while it was read.")
            left -= len(chunk)
            yield chunk


def content_of(extent: Extent) -> bytes:
    """All bytes of an extent that is known to be small."""
    return b"".join(chunks_of(extent))


def file_content(extents: Mapping[str, Extent], name: str, recording: Path, max_bytes: int) -> bytes:
    """All bytes of a recording's file that should be small; none where it is not there.

    Raises FileProblem where it has more than `max_bytes`.
    """
    if name not in extents:
        return b""
    refuse_large(recording / name, extents[name].size, max_bytes)
    return content_of(extents[name])


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


def _member_extent(path: Path, fd: int, member: zipfile.ZipInfo) -> Extent:
    try:
        return Extent(path, content_offset(fd, member), member.file_size)
    except zipfile.BadZipFile:
        raise FileProblem(path, f"has no member where its directory says: {member.filename!r}.") from None


def _check_apart(path: Path, extents: Iterable[Extent], size: int) -> None:
    """Members that share bytes could add up to far more than the file."""
    end = 0
    for extent in sorted(extents, key=lambda extent: (extent.offset, extent.size)):
        if extent.offset < end or extent.offset + extent.size > size:
            raise FileProblem(path, "has members that overlap or reach beyond its end.")
        end = extent.offset + extent.size
