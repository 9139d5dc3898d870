"""Pseudo-terminals, on which programs draw; for Python 3.8 too."""

from __future__ import annotations

import contextlib
import os


def drawn_on(master: int, terminal: int) -> str:
    """All that is drawn on a terminal until a process that was given it ends; both ends are closed."""
    os.close(terminal)
    drawn = b""
    with contextlib.suppress(OSError):  # The terminal's other end is closed: Linux calls that an error.
        while True:
            drawn += os.read(master, 10000)
    os.close(master)
    return drawn.decode()
