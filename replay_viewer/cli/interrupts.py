"""Ctrl-C, and `kill` or a queue's time limit, which stop a command alike, so that nothing half-written is left."""

from __future__ import annotations

import contextlib
import signal
from typing import Iterator


class _Signals:
    """What a process has one of: whether a signal came, and whether it has to wait."""

    came = False
    are_held = False


@contextlib.contextmanager
def caught_interrupts() -> Iterator[None]:
    """Until the block ends, both signals raise KeyboardInterrupt, also where a shell had them ignored."""
    _Signals.came = False
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


@contextlib.contextmanager
def held_interrupts() -> Iterator[None]:
    """A signal raises KeyboardInterrupt at the end of the block only; for imports of large libraries.

    In them an interrupt is swallowed (trimesh), aborts the process (modules in C++), or makes Python end by the signal
    although somebody handled it (code in strings, such as that of dataclasses). A second signal does not wait.
    """
    _Signals.are_held = True
    try:
        yield
    finally:
        _Signals.are_held = False
    if _Signals.came:
        raise KeyboardInterrupt


def _interrupt(number: int, frame: object) -> None:
    waits = _Signals.are_held and not _Signals.came
    _Signals.came = True
    if not waits:
        raise KeyboardInterrupt
