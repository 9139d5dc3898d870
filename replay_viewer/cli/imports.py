"""How commands import large libraries: a signal waits for their end, what they load without need stays away, and what
they log is not printed.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator

from .interrupts import held_interrupts

# trimesh imports these if they are installed, for what is never asked of it here: 0.3 s of a start of 0.7 s.
_NEVER_NEEDED = ("embreex", "manifold3d", "networkx", "rtree", "scipy", "shapely", "svg")
# What these say of a file, to programmers and with tracebacks, is told to users in sentences by what reads it.
_NOT_PRINTED = ("trimesh", "yourdfpy")
_NOWHERE = logging.NullHandler()


@contextlib.contextmanager
def large_imports() -> Iterator[None]:
    """For imports alone: while it lasts, trimesh finds only what it needs, as where no more is installed."""
    for name in _NOT_PRINTED:
        logging.getLogger(name).addHandler(_NOWHERE)  # Python prints what no handler takes.
    away = [name for name in _NEVER_NEEDED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(away))  # type: ignore[arg-type]  # Python's own mark for what cannot be imported.
    try:
        with held_interrupts():
            yield
    finally:
        for name in away:
            if sys.modules.get(name) is None:
                sys.modules.pop(name, None)
