"""Watching: what a report is made of is looked at again and again, and something is done where it has changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ..episodes.annotations import annotations_path
from ..episodes.load import sources_of
from ..errors import ReplayError

# How often it is looked for [s].
PERIOD = 2.0

Stamp = tuple[tuple[str, int, int], ...]


def states(paths: Sequence[Path]) -> Iterator[Stamp]:
    """The state of the files below some paths: now, and each time that it has become another one, without end.

    Args:
        paths: recordings, files of records, and folders of them.
    """
    known = None
    while True:
        found = _stamp_of(paths)
        if found != known:
            known = found
            yield found
        time.sleep(PERIOD)


def _stamp_of(paths: Sequence[Path]) -> Stamp:
    """The size and the time of every file that a report is made of; nothing where there is none yet."""
    found: list[tuple[str, int, int]] = []
    with suppress(ReplayError, OSError):
        for source in sources_of(paths):
            files = [*source.iterdir()] if source.is_dir() else [source]
            for file in (*files, annotations_path(source)):
                with suppress(OSError):
                    state = os.stat(file)
                    found.append((str(file), state.st_size, state.st_mtime_ns))
    return tuple(found)
