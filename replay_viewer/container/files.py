"""The files of a recording that a reader cannot do without: found, and checked to fit each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import FileProblem
from ..files.kinds import HEAD_BYTES, refuse_pointer
from ..npz.npy import MAGIC
from .extents import Extent, content_of, count_whole, folder_extents, packed_extents, segments
from .layout import META, SEGMENT, TERMINALS, Layout
from .meta import Meta, read_meta

# A writer appends ends before their steps, and files are not looked at in one moment.
_STEPS_AHEAD = 1000
_COPY_AGAIN = "Copy the recording again, with all its files."


@dataclass(frozen=True)
class RecordingFiles:
    """The files of a recording as they are now.

    Attributes:
        path: its folder, or the one file that it is packed into.
        extents: of all its files by name; those of assets only where it is packed.
        meta: the content of its meta.json.
        parts: the segments in order.
        num_steps: whole records in all of them, perhaps none.
    """

    path: Path
    extents: Mapping[str, Extent]
    meta: Meta
    parts: tuple[Extent, ...]
    num_steps: int

    @property
    def layout(self) -> Layout:
        return self.meta.layout

    @property
    def terminals(self) -> Extent:
        """The table of episode ends."""
        return self.extents[TERMINALS]

    def check_steps(self) -> None:
        """Raise FileProblem where there is no step to be read, or the first file does not begin as it should."""
        if self.num_steps == 0:
            problem = "Its process ended, or its disk was full, before the first."
            raise FileProblem(self.path, "holds no whole step.", problem)
        first = self.parts[0]
        head = content_of(Extent(first.path, first.offset, len(MAGIC) + 4))
        if not head.startswith(MAGIC) or int.from_bytes(head[-4:], "little") + len(head) != self.layout.header_bytes:
            raise FileProblem(first.path, "does not begin as meta.json says.", "Copy the recording again.")


def find_files(path: Path) -> RecordingFiles:
    """Find them in a folder or in a packed recording.

    Raises:
        FileProblem: no recording, or files that are missing, damaged or compressed.
        BadField, NewerVersion: a meta.json that does not fit.
    """
    extents = folder_extents(path) if path.is_dir() else packed_extents(path)
    _refuse_pointers(extents)
    meta = read_meta(extents, path)
    if TERMINALS not in extents:
        raise FileProblem(path, f"{TERMINALS} is missing.", _COPY_AGAIN)
    parts, num_steps = segments(extents, meta.layout, path)
    _check_ends(extents[TERMINALS], meta, num_steps)
    return RecordingFiles(path, extents, meta, tuple(parts), num_steps)


def _refuse_pointers(extents: Mapping[str, Extent]) -> None:
    """Raise FileProblem where a file that is needed was not downloaded, and a pointer to it stands in its place."""
    for name, extent in extents.items():
        is_needed = name in (META, TERMINALS) or SEGMENT.fullmatch(name)
        if is_needed and extent.size < HEAD_BYTES:
            refuse_pointer(extent.path, content_of(extent))


def _check_ends(table: Extent, meta: Meta, num_steps: int) -> None:
    """Refuse a table of more ends than there are steps in which an episode could have ended."""
    layout = meta.layout
    num_rows = count_whole(table.size, layout.terminals_header_bytes, layout.columns.num_bytes)
    if num_rows > layout.num_envs * meta.info.every * (num_steps + _STEPS_AHEAD):
        problem = f"its table has {num_rows} ends of episodes for {num_steps} steps of {layout.num_envs} envs."
        raise FileProblem(table.path, problem, _COPY_AGAIN)
