"""What a recording that is about to be made still lacks before it can be opened."""

from __future__ import annotations

import time
from pathlib import Path

from ..container.extents import Extent, folder_extents, segments
from ..container.meta import read_meta
from ..errors import FileProblem
from ..record.names import LOG, META, TERMINALS
from .container_log import ContainerLog

# A writer locks its log right after it made it.
_LOCKED_AFTER = 2.0


def lacks_first_step(path: Path) -> str:
    """What a recording's folder has to get before it can be opened; empty where it has its first step.

    Raises:
        FileProblem: it will never get one: the path is a file, or its writer is gone.
        BadField, NewerVersion: a meta.json that does not fit.
    """
    if not path.exists():
        return "it does not exist yet"
    if not path.is_dir():
        raise FileProblem(path, "is a file, and only a recording's folder grows.", "View it without --tail.")
    extents = folder_extents(path)
    if META in extents and TERMINALS in extents and segments(extents, read_meta(extents, path).layout, path)[1]:
        return ""
    if _is_abandoned(extents.get(LOG)):
        raise FileProblem(path, "holds no whole step.", "Its process ended, or its disk was full, before the first.")
    return "no step has been recorded yet"


def _is_abandoned(log: Extent | None) -> bool:
    if log is None or time.time() - log.path.stat().st_mtime < _LOCKED_AFTER:
        return False
    state = ContainerLog(log, packed=False)
    return state.closed or state.is_held() is False
