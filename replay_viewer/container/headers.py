"""The .npy headers of a recording's files: what they state, against meta.json, and how they are mended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..npz.npy import build_header, stated_count, stated_dtype, with_count
from .extents import Extent, content_of, count_whole
from .files import RecordingFiles
from .layout import META, TERMINALS, Layout, StructSpec, record_dtype, segment_name, terminals_dtype

# Segments that are looked at; they are written with one header.
_MAX_SEGMENTS = 64


class Doubt(NamedTuple):
    """Something in a recording's files that is not as it was written.

    Attributes:
        finding: what it is.
        reason: what tells so.
    """

    finding: str
    reason: str


class _Table(NamedTuple):
    """A file of entries of one size behind a header.

    Attributes:
        name: of the file.
        extent: where it is.
        header_bytes: of its header, as meta.json says, like the next.
        entry_bytes: from one entry to the next.
        dtype: of an entry, if no bytes lie between its fields.
    """

    name: str
    extent: Extent
    header_bytes: int
    entry_bytes: int
    dtype: np.dtype


def doubts_of_headers(files: RecordingFiles) -> list[Doubt]:
    """Files whose header contradicts meta.json, and those that are shorter than their header says."""
    return [doubt for table in _tables(files) for doubt in _doubts_of(table, files.layout)]


def mended_header(header: bytes, header_bytes: int, dtype: np.dtype, count: int) -> bytes:
    """The header of a file of `count` entries; one that never got to the disk whole is made anew.

    Args:
        header: as it is in the file.
        header_bytes: that it should have.
        dtype: of an entry, if no bytes lie between its fields.
        count: of entries.

    Raises:
        ValueError: it is not one of ours.
    """
    fresh = build_header(dtype)
    is_unwritten = len(header) < header_bytes or not any(header)
    return with_count(fresh if is_unwritten and len(fresh) == header_bytes else header, count)


def _tables(files: RecordingFiles) -> Iterator[_Table]:
    layout = files.layout
    row, columns = _in_order(layout.row), _in_order(layout.columns)
    dtype = record_dtype(row, layout.num_envs)
    for index, part in enumerate(files.parts[:_MAX_SEGMENTS]):
        yield _Table(segment_name(index), part, layout.header_bytes, layout.record_bytes, dtype)
    dtype = terminals_dtype(columns, row)
    yield _Table(TERMINALS, files.terminals, layout.terminals_header_bytes, layout.columns.num_bytes, dtype)


def _doubts_of(table: _Table, layout: Layout) -> Iterator[Doubt]:
    if table.extent.size < table.header_bytes:
        return  # Its writer has just begun it.
    header = content_of(Extent(table.extent.path, table.extent.offset, table.header_bytes))
    dtype = stated_dtype(header, table.dtype)
    problem = "its header cannot be read" if dtype is None else _contradiction(dtype, table, layout)
    if problem:
        yield Doubt(
            f"{table.name} is not as {META} says", f"{problem}; one of the two is damaged, numbers may be wrong"
        )
    stated = stated_count(header)
    present = count_whole(table.extent.size, table.header_bytes, table.entry_bytes)
    if stated > present:
        yield Doubt(f"{table.name} was cut", f"its header states {stated} entries, {present} are there")


def _contradiction(dtype: np.dtype, table: _Table, layout: Layout) -> str:
    """Where the header has something else than meta.json; empty where they agree."""
    if dtype.itemsize != table.entry_bytes:
        return f"its header has entries of {dtype.itemsize} bytes, not {table.entry_bytes}"
    if table.name == TERMINALS:
        problem = _misplaced(dtype, "row", layout.row_offset, ()) or _differing(dtype, layout.columns)
        return problem or _differing(dtype["row"], layout.row)
    problem = _misplaced(dtype, "env", layout.env_offset, (layout.num_envs,))
    if problem:
        return problem
    row = dtype["env"].base
    if row.itemsize != layout.row.num_bytes:
        return f"its header has rows of {row.itemsize} bytes, not {layout.row.num_bytes}"
    return _differing(row, layout.row)


def _misplaced(dtype: np.dtype, name: str, offset: int, shape: tuple[int, ...]) -> str:
    """Whether rows of fields are not where they should be."""
    found = (dtype.fields or {}).get(name)
    fits = found is not None and found[0].base.fields and found[1] == offset and found[0].shape == shape
    return "" if fits else f"its header has {name!r} elsewhere"


def _differing(dtype: np.dtype, struct: StructSpec) -> str:
    """The first field of meta.json that the header has not, or as another type, or elsewhere."""
    for field in struct.fields:
        found = (dtype.fields or {}).get(field.name)
        if found is None or found[:2] != (np.dtype((field.dtype, field.shape)), struct.offsets[field.name]):
            return f"its header has no {field.name!r} of that type and place"
    return ""


def _in_order(struct: StructSpec) -> StructSpec:
    """The same with its fields in the order of their places."""
    fields = tuple(sorted(struct.fields, key=lambda field: struct.offsets[field.name]))
    return StructSpec(fields, struct.offsets, struct.num_bytes)
