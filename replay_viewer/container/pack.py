"""The packing of a recording's folder into one file to send.

It is a ZIP with stored, aligned members, which numpy reads as an npz.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import FileProblem
from ..files.zips import LOCAL_HEADER, stored_member
from ..npz.npy import PAGE
from .extents import Extent, chunks_of, content_of, count_whole
from .files import find_files
from .headers import mended_header
from .layout import ASSETS, EPISODES, LOG, META, record_dtype, terminals_dtype

# What zipfile writes of a local header besides name and extra field, with 20 bytes for the 64-bit sizes.
_LOCAL_HEADER_BYTES = LOCAL_HEADER.size + 20
# An extra field of padding as Android's zipalign writes it: id, length, alignment, zeros.
_PADDING = struct.Struct("<HHH")
_PADDING_ID = 0xD935


@dataclass(frozen=True)
class _Member:
    """A file to pack: `head`, then the bytes of `body`."""

    name: str
    head: bytes
    body: Extent

    @property
    def size(self) -> int:
        return len(self.head) + self.body.size


def pack(path: str | Path, out: str | Path, progress: Callable[[int, int], None] | None = None) -> Path:
    """Put a recording's folder into the file `out`; nothing is there until it is whole.

    A torn last record is left out, and counts are stated, as `repair` would. A recording that still grows is packed
    as it is now.

    Args:
        path: the recording's folder.
        out: by custom `<name>.rec`; must not exist.
        progress: called with the bytes done and the bytes in all, about every megabyte.

    Raises:
        FileProblem: no recording, a damaged one, links among its assets, or an `out` that exists.
        BadField, NewerVersion: a meta.json that does not fit.
    """
    path, out = Path(path), Path(out)
    _check_paths(path, out)
    members = _members(path)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        with open(partial, "xb") as file:
            _write_zip(file, members, progress or (lambda done, total: None))
            os.fsync(file.fileno())
        os.replace(partial, out)
    except OSError as error:
        raise FileProblem(out, f"cannot be written: {error.strerror}.") from error
    finally:
        if partial.exists():
            partial.unlink()
    return out


def _check_paths(path: Path, out: Path) -> None:
    if not path.is_dir():
        raise FileProblem(path, "is not a recording's folder.", "A packed recording is one file already.")
    if out.exists():
        raise FileProblem(out, "exists already.", "Choose another name.")
    if not out.parent.is_dir():
        raise FileProblem(out.parent, "is not a folder.", "Make it first.")


def _members(path: Path) -> list[_Member]:
    """What goes into the file, meta.json first. Raises FileProblem for what no reader would open."""
    files = find_files(path)
    files.check_steps()
    layout = files.layout
    record, row = record_dtype(layout.row, layout.num_envs), terminals_dtype(layout.columns, layout.row)
    members = [_Member(META, b"", files.extents[META])]
    members += [_table(part, layout.header_bytes, layout.record_bytes, record) for part in files.parts]
    members.append(_table(files.terminals, layout.terminals_header_bytes, layout.columns.num_bytes, row))
    return members + list(_plain_files(path))


def _table(extent: Extent, header_bytes: int, entry_bytes: int, dtype: np.dtype) -> _Member:
    """A table with a mended header and without a torn last entry."""
    count = count_whole(extent.size, header_bytes, entry_bytes)
    header = content_of(Extent(extent.path, 0, min(extent.size, header_bytes)))
    try:
        head = mended_header(header, header_bytes, dtype, count)
    except ValueError as error:
        raise FileProblem(extent.path, f"has {error}.", "Copy the recording again; this file is damaged.") from None
    return _Member(extent.path.name, head, Extent(extent.path, min(extent.size, header_bytes), count * entry_bytes))


def _plain_files(path: Path) -> Iterator[_Member]:
    """Lines and assets, as they are."""
    for file in (path / EPISODES, path / LOG, path / ASSETS, *sorted((path / ASSETS).rglob("*"))):
        # A link could carry any file of this machine into what is sent away.
        if file.is_symlink():
            raise FileProblem(file, "is a link.", "Put the file itself in its place.")
        if file.is_file():
            yield _Member(file.relative_to(path).as_posix(), b"", Extent(file, 0, file.stat().st_size))


def _write_zip(file: BinaryIO, members: list[_Member], progress: Callable[[int, int], None]) -> None:
    done, total = 0, sum(member.size for member in members)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for member in members:
            with archive.open(_zip_info(member, file.tell()), "w", force_zip64=True) as target:
                for chunk in chain([member.head], chunks_of(member.body)):
                    target.write(chunk)
                    done += len(chunk)
                    progress(done, total)


def _zip_info(member: _Member, offset: int) -> zipfile.ZipInfo:
    """The member's entry at `offset`; tables are padded so that their first byte lies at the start of a page."""
    info = stored_member(member.name)
    if member.name.endswith(".npy"):
        data = offset + _LOCAL_HEADER_BYTES + len(member.name.encode()) + _PADDING.size
        zeros = -data % PAGE
        info.extra = _PADDING.pack(_PADDING_ID, 2 + zeros, PAGE) + bytes(zeros)
    return info
