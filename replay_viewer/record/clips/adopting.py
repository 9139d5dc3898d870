"""Films whose writer lives no more: they are adopted, which means that they get a name and may be shown."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ...clip_record import CLOSED, ClipRecord, is_partial, newest, to_json
from ...clips.films import manifests_below
from ...container.log import mend_last_line, read_lines, try_lock, write_line
from ...errors import FileProblem, ReplayError
from ...files.regular import descriptor_of
from .completing import complete_film, now
from .drawer import Drawer

_MAX_MANIFEST_BYTES = 1 << 28
# Encoders that have lost their writer have so much time for what they were given [s].
_PATIENCE, _PERIOD = 600.0, 0.05
_messages = logging.getLogger("replay_viewer")


def adopt_below(folder: Path, patience: float = 0.0) -> list[ClipRecord]:
    """Adopt the films below a folder whose writers live no more, and say so in the log; never raises."""
    adopted = []
    for path in manifests_below(folder):
        try:
            adopted += adopt(path, patience)
        except (OSError, ReplayError) as error:
            _messages.warning("%s: its films cannot be adopted: %s.", path, error)
    return adopted


def adopt(manifest: Path, patience: float = _PATIENCE) -> list[ClipRecord]:
    """Adopt the films of a manifest; none where its writer lives, or an encoder of its.

    Args:
        manifest: the path.
        patience: how long a writer that is dying, and its encoders, are waited for [s].

    Returns:
        Those that are complete by now.

    Raises:
        OSError, FileProblem: it cannot be read or written.
    """
    fd = descriptor_of(manifest, os.O_RDWR | os.O_APPEND)
    try:
        size = os.fstat(fd).st_size
        if size > _MAX_MANIFEST_BYTES or not _lock_within(fd, patience):
            return []
        mend_last_line(fd)
        lines = list(read_lines(os.pread(fd, _MAX_MANIFEST_BYTES, 0)))
        if not lines or any(line.get(CLOSED) for line in lines):
            return []
        adopted = [_adopted(fd, manifest, record) for record in _open_films(lines, manifest)]
        write_line(fd, {CLOSED: True})
    finally:
        os.close(fd)
    found = [record for record in adopted if record is not None]
    if found:
        _messages.warning(
            "%s: adopted %d film%s of a process that lives no more: %s.",
            *(manifest.parent, len(found), "" if len(found) == 1 else "s"),
            ", ".join(record.file or f"states {record.recording}, still to be drawn" for record in found),
        )
    return found


def adopt_died(manifest: str, python: str) -> None:
    """Adopt the films of a process that has just died, and have those drawn of which there are states; never raises.

    Args:
        manifest: the path.
        python: the interpreter that draws, or "".
    """
    with suppress(Exception):  # Nobody is there who could be told.
        path = Path(manifest)
        adopted = adopt(path)
        if any(record.is_drawn_later for record in adopted):
            Drawer(path.parent, python or None).draw()


def _lock_within(fd: int, seconds: float) -> bool:
    """Lock a manifest, which its writer and the encoders that outlive it hold."""
    end = time.monotonic() + seconds
    while not try_lock(fd):
        if time.monotonic() >= end:
            return False
        time.sleep(_PERIOD)
    return True


def _open_films(lines: list[dict], manifest: Path) -> list[ClipRecord]:
    return [record for record in newest(lines, manifest).values() if not record.complete]


def _adopted(fd: int, manifest: Path, record: ClipRecord) -> ClipRecord | None:
    """A film as it is from now on, which is written down; None where nothing is left of it."""
    has_ended = record.ended is not None
    record = replace(record, partial=record.partial or not has_ended, ended=record.ended or now())
    if record.file is None:
        if record.recording is None or not (manifest.parent / record.recording).exists():
            return None
        if not has_ended:
            write_line(fd, to_json(record))
        return record
    path = manifest.parent / record.file
    if not is_partial(record.file) or not path.exists():
        return None
    try:
        record = complete_film(manifest.parent, path, record)
    except FileProblem as error:
        _messages.warning("%s", error)
        return None
    write_line(fd, to_json(record))
    return None if record.file is None else record
