"""How commands import large libraries: a signal waits for their end, and what they load without need stays away."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from .interrupts import held_interrupts

# trimesh imports these if they are installed, for what is never asked of it here: 0.3 s of a start of 0.7 s.
_NEVER_NEEDED = ("embreex", "manifold3d", "networkx", "rtree", "scipy", "shapely", "svg")


@contextlib.contextmanager
def large_imports() -> Iterator[None]:
    """For imports alone: while it lasts, trimesh finds only what it needs, as where no more is installed."""
    away = [name for name in _NEVER_NEEDED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(away))  # type: ignore[arg-type]  # Python's own mark for what cannot be imported.
    try:
        with held_interrupts():
            yield
    finally:
        for name in away:
            if sys.modules.get(name) is None:
                sys.modules.pop(name, None)
