"""The repair of a recording whose process died: cuts torn ends, and states the counts that plain numpy reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from ..errors import FileProblem
from ..npz.npy import stated_count, with_count
from .disk import write_all
from .extents import Extent, content_of, count_whole, folder_extents, segments
from .layout import EPISODES, LOG, TERMINALS, Layout
from .log import end_of_lines, try_lock, write_line
from .meta import read_meta
from .terminals import read_ends


@dataclass(frozen=True)
class RepairReport:
    """What `repair` found and did.

    Attributes:
        path: the recording's folder.
        num_steps: whole records in it.
        num_ends: episodes that have ended in them.
        changes: one sentence for each thing that it did; empty where all was well.
    """

    path: Path
    num_steps: int
    num_ends: int
    changes: tuple[str, ...]


def repair(path: str | Path) -> RepairReport:
    """Cut torn records and lines, drop ends of episodes whose step is missing, and correct the counts in headers.

    A reader needs none of it; `np.load` and other programs do.

    Raises:
        FileProblem: a packed recording, one that is still being written, or one without meta.json.
        BadField, NewerVersion: a meta.json that does not fit.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileProblem(path, "is not a recording's folder.", "Only a folder can need repair.")
    layout = read_meta(folder_extents(path), path).layout
    with _sole_access(path) as log:
        changes: list[str] = []
        # Listed only now: the writer may have ended just before.
        extents = folder_extents(path)
        parts, num_steps = segments(extents, layout, path)
        for part in parts:
            changes += _mend_table(part, layout.header_bytes, layout.record_bytes)
        num_ends = 0
        if TERMINALS in extents:
            num_ends, of_ends = _mend_ends(extents[TERMINALS], layout, num_steps)
            changes += of_ends
        for name in (EPISODES, LOG):
            changes += _mend_lines(extents[name]) if name in extents else []
        if changes:
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            write_line(log, {"kind": "repair", "time": now, "num_records": num_steps, "changes": changes})
    return RepairReport(path, num_steps, num_ends, tuple(changes))


@contextmanager
def _sole_access(path: Path) -> Iterator[int]:
    """The log, open for appending, while no writer holds it."""
    log = os.open(path / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        if not try_lock(log):
            raise FileProblem(path, "is still being written.", "Repair it when its process has ended.")
        yield log
    finally:
        os.close(log)


def _mend_table(extent: Extent, header_bytes: int, record_bytes: int) -> list[str]:
    """Cut a torn last record and state the count; a file without a whole header holds nothing and goes."""
    name = extent.path.name
    if extent.size < header_bytes:
        extent.path.unlink()
        return [f"Removed {name}, which holds nothing."]
    count = count_whole(extent.size, header_bytes, record_bytes)
    end = header_bytes + count * record_bytes
    changes = []
    with open(extent.path, "r+b", buffering=0) as file:
        if extent.size > end:
            file.truncate(end)
            changes.append(f"Cut {extent.size - end} bytes of a torn record off {name}.")
        header = os.pread(file.fileno(), header_bytes, 0)
        if stated_count(header) != count:
            os.pwrite(file.fileno(), _recounted(header, count, extent.path), 0)
            changes.append(f"Stated the count of {name}: {count}.")
    return changes


def _recounted(header: bytes, count: int, path: Path) -> bytes:
    try:
        return with_count(header, count)
    except ValueError as error:
        raise FileProblem(path, f"has {error}.", "The viewer does not need it; numpy cannot open this file.") from None


def _mend_ends(extent: Extent, layout: Layout, num_steps: int) -> tuple[int, list[str]]:
    """Drop ends of episodes whose step was never appended, then mend the table.

    Returns how many ends remain, and what was done.
    """
    changes = []
    last = read_ends(extent, layout)["last_record"]
    kept = last < num_steps
    if not kept.all():
        _keep_rows(extent, layout, kept)
        changes.append(f"Dropped {np.count_nonzero(~kept)} ends of episodes whose step is missing.")
        extent = folder_extents(extent.path.parent)[TERMINALS]
    changes += _mend_table(extent, layout.terminals_header_bytes, layout.columns.num_bytes)
    return int(np.count_nonzero(kept)), changes


def _keep_rows(extent: Extent, layout: Layout, kept: np.ndarray) -> None:
    """Move the rows to keep over the others, from the first that goes; they are the last few of the table."""
    first, stride = int(np.argmin(kept)), layout.columns.num_bytes
    start = layout.terminals_header_bytes + first * stride
    with open(extent.path, "r+b", buffering=0) as file:
        tail = np.frombuffer(os.pread(file.fileno(), (len(kept) - first) * stride, start), np.uint8)
        rows = tail.reshape(-1, stride)[kept[first:]].tobytes()
        write_all(file.fileno(), rows, start)
        file.truncate(start + len(rows))


def _mend_lines(extent: Extent) -> list[str]:
    """Cut a line that was not written to its end."""
    content = content_of(extent)
    end = end_of_lines(content)
    if end == len(content):
        return []
    os.truncate(extent.path, end)
    return [f"Cut a torn line off {extent.path.name}."]
