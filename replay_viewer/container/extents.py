"""Where the files of a recording lie: in a folder, or uncompressed inside of one packed file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import FileProblem
from ..record.names import SEGMENT, segment_name
from .layout import Layout

_CHUNK_BYTES = 1 << 20


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
    with open(extent.path, "rb") as file:
        file.seek(extent.offset)
        left = extent.size
        while left > 0:
            chunk = file.read(min(_CHUNK_BYTES, left))
            if not chunk:
                raise FileProblem(extent.path, "got shorter while it was read.")
            left -= len(chunk)
            yield chunk


def content_of(extent: Extent) -> bytes:
    """All bytes of a small file."""
    return b"".join(chunks_of(extent))
