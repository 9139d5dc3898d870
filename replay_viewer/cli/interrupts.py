"""Ctrl-C, and `kill` or a queue's time limit, which stop a command alike, so that nothing half-written is left."""

from __future__ import annotations

import signal
import threading

# A process has one set of signal handlers.
_interrupted = threading.Event()


def catch_interrupts() -> None:
    """From now on both signals raise KeyboardInterrupt in the main thread, and are remembered."""
    _interrupted.clear()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def check_interrupted() -> None:
    """Raise KeyboardInterrupt if there was a signal: trimesh swallows one that comes while it is imported."""
    if _interrupted.is_set():
        raise KeyboardInterrupt


def _interrupt(number: int, frame: object) -> None:
    _interrupted.set()
    raise KeyboardInterrupt
