"""The repair of a recording whose process died: cuts torn ends, and mends the headers that plain numpy reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable

import numpy as np

from ..errors import FileProblem
from ..files.regular import descriptor_of, refuse_large
from ..npz.npy import stated_count
from .disk import refuse_without_posix, write_all
from .extents import Extent, content_of, count_whole, file_content
from .files import RecordingFiles, find_files
from .headers import mended_header
from .layout import EPISODES, LOG, MAX_LINES_BYTES, MAX_RECORD_BYTES, record_dtype, terminals_dtype
from .log import end_of_lines, try_lock, write_line
from .terminals import read_ends
from .witnesses import find_doubts

# So much is read to find damage, which takes some ten seconds and a few hundred megabytes of memory.
_MAX_READ_BYTES, _MAX_READ_STEPS = 8 << 30, 50_000_000


@dataclass(frozen=True)
class RepairReport:
    """What `repair` found and did.

    Attributes:
        path: the recording's folder.
        num_steps: whole records in it.
        num_ends: episodes that have ended in them.
        changes: one sentence for each thing that it did; empty where all was well.
        doubts: one sentence for each thing that is not as it was written, and that nothing mends.
        unread_bytes: of the records, if they were too many to be read for doubts; else 0.
    """

    path: Path
    num_steps: int
    num_ends: int
    changes: tuple[str, ...]
    doubts: tuple[str, ...]
    unread_bytes: int = 0


def repair(path: str | Path) -> RepairReport:
    """Cut torn records and lines, drop ends of episodes whose step is missing, and correct headers.

    A reader needs none of it; `np.load` and other programs do. The records are read to find what else is damaged, up to
    8 GiB of them.
    Where a reader could not open the recording afterwards, everything is put back as it was.

    Raises:
        FileProblem: a packed recording, one that is still being written, or one that no repair makes readable.
        BadField, NewerVersion: a meta.json that does not fit.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileProblem(path, "is not a recording's folder.", "Only a folder can need repair.")
    refuse_without_posix(path)
    find_files(path)
    with _sole_access(path) as log, _Changes() as changes:
        # Listed only now: the writer may have ended just before.
        num_ends = _mend(find_files(path), changes)
        files = find_files(path)
        files.check_steps()
        max_bytes = min(_MAX_READ_BYTES, _MAX_READ_STEPS * files.layout.record_bytes)
        doubts = tuple(f"{doubt.finding}: {doubt.reason}." for doubt in find_doubts(files, max_bytes))
        size = sum(part.size for part in files.parts)
        if changes.told:
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            line = {"kind": "repair", "time": now, "num_records": files.num_steps, "changes": changes.told}
            write_line(log, line)
    return RepairReport(path, files.num_steps, num_ends, tuple(changes.told), doubts, size if size > max_bytes else 0)


class _Changes:
    """Changes to files, each of which is taken back where a later one fails.

    Attributes:
        told: a sentence for each, or for several that belong together.
    """

    def __init__(self) -> None:
        self.told: list[str] = []
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> _Changes:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        while kind is not None and self._undo:
            self._undo.pop()()

    def overwrite(self, path: Path, offset: int, content: bytes) -> None:
        """Write bytes over those that are there, or behind them."""
        size = path.stat().st_size
        self._restore_later(path, offset, min(len(content), size - offset), size)
        _write(path, offset, content)

    def cut(self, path: Path, end: int) -> None:
        """Drop what lies behind `end`."""
        size = path.stat().st_size
        self._restore_later(path, end, size - end, size)
        os.truncate(path, end)

    def remove(self, path: Path) -> None:
        """Remove a small file."""
        content = path.read_bytes()
        self._undo.append(lambda: path.write_bytes(content))
        path.unlink()

    def _restore_later(self, path: Path, offset: int, count: int, size: int) -> None:
        content = content_of(Extent(path, offset, count))

        def restore() -> None:
            _write(path, offset, content)
            os.truncate(path, size)

        self._undo.append(restore)


@contextmanager
def _sole_access(path: Path) -> Iterator[int]:
    """The log, open for appending, while no writer holds it."""
    is_new = not (path / LOG).exists()
    if is_new:
        (path / LOG).touch(0o644)
    log = descriptor_of(path / LOG, os.O_WRONLY | os.O_APPEND)
    try:
        if not try_lock(log):
            raise FileProblem(path, "is still being written.", "Repair it when its process has ended.")
        yield log
    except BaseException:
        if is_new:
            os.unlink(path / LOG)
        raise
    finally:
        os.close(log)


def _mend(files: RecordingFiles, changes: _Changes) -> int:
    """Mend all files; returns the number of episodes that have ended."""
    layout = files.layout
    dtype = record_dtype(layout.row, layout.num_envs)
    for number, part in enumerate(files.parts):
        if part.size >= layout.header_bytes:
            _mend_table(part, layout.header_bytes, layout.record_bytes, dtype, changes)
        elif number > 0:
            changes.remove(part.path)
            changes.told.append(f"Removed {part.path.name}, which holds nothing.")
    num_ends = _mend_ends(files, changes)
    for name in (EPISODES, LOG):
        if name in files.extents:
            _mend_lines(files, name, changes)
    return num_ends


def _mend_table(extent: Extent, header_bytes: int, entry_bytes: int, dtype: np.dtype, changes: _Changes) -> None:
    """Cut a torn last entry and mend the header."""
    path, name = extent.path, extent.path.name
    count = count_whole(extent.size, header_bytes, entry_bytes)
    end = header_bytes + count * entry_bytes
    if extent.size > end:
        changes.cut(path, end)
        changes.told.append(f"Cut {extent.size - end} bytes of a torn record off {name}.")
    header = content_of(Extent(path, 0, min(extent.size, header_bytes)))
    if stated_count(header) == count:
        return
    try:
        mended = mended_header(header, header_bytes, dtype, count)
    except ValueError as error:
        fix = "The viewer does not need it; numpy cannot open this file."
        raise FileProblem(path, f"has {error}.", fix) from None
    changes.overwrite(path, 0, mended)
    changes.told.append(f"Stated the count of {name}: {count}.")


def _mend_ends(files: RecordingFiles, changes: _Changes) -> int:
    """Drop ends of episodes whose step was never appended, then mend the table. Returns how many remain."""
    layout, extent = files.layout, files.terminals
    header_bytes, stride = layout.terminals_header_bytes, layout.columns.num_bytes
    kept = read_ends(extent, layout)["last_record"] < files.num_steps
    if not kept.all():
        # Those that go are among the last few of the table.
        first = int(np.argmin(kept))
        start = header_bytes + first * stride
        refuse_large(extent.path, (len(kept) - first) * stride, MAX_RECORD_BYTES)
        rows = content_of(Extent(extent.path, start, (len(kept) - first) * stride))
        remaining = np.frombuffer(rows, np.uint8).reshape(-1, stride)[kept[first:]].tobytes()
        changes.overwrite(extent.path, start, remaining)
        changes.cut(extent.path, start + len(remaining))
        changes.told.append(f"Dropped {np.count_nonzero(~kept)} ends of episodes whose step is missing.")
        extent = Extent(extent.path, 0, start + len(remaining))
    _mend_table(extent, header_bytes, stride, terminals_dtype(layout.columns, layout.row), changes)
    return int(np.count_nonzero(kept))


def _mend_lines(files: RecordingFiles, name: str, changes: _Changes) -> None:
    """Cut a line that was not written to its end."""
    content, extent = file_content(files.extents, name, files.path, MAX_LINES_BYTES), files.extents[name]
    end = end_of_lines(content)
    if end < len(content):
        changes.cut(extent.path, end)
        changes.told.append(f"Cut a torn line off {extent.path.name}.")


def _write(path: Path, offset: int, content: bytes) -> None:
    with open(path, "r+b", buffering=0) as file:
        write_all(file.fileno(), offset, len(content), (content,))
