"""Who sits on which environment: a hook that is made anew takes the place of the one that nobody has closed."""

from __future__ import annotations

import logging
import os
import sys
import weakref
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, Callable, Tuple

# A line of code, by what it does and not by its file's name, which notebooks change; with those that called it.
Lines = Tuple[Tuple[CodeType, int], ...]
# Where a script, or a notebook's cell, begins.
_OUTERMOST = ("<module>", "<cell line:")
_messages = logging.getLogger("replay_viewer")


@dataclass(eq=False)
class Seat:
    """A hook's place on an environment.

    Attributes:
        env: the innermost environment.
        env_ids: the envs that it records.
        wanted: the path that it was given.
        lines: where it was made.
        path: of its recording.
        close: closes it.
        is_told: whether it was said on this environment that a hook was closed for the next.
    """

    env: Any
    env_ids: list[int]
    wanted: str
    lines: Lines
    path: Path
    close: Callable[[], None]
    is_told: bool = False


# An environment that nobody has any more may go, and its hook with it.
_seats: weakref.WeakSet = weakref.WeakSet()


def take_seat(seat: Seat) -> None:
    """Sit down, and close who came to the same path, or by the same line of code for the same envs."""
    beside = [other for other in _seats if other.env is seat.env]
    _seats.add(seat)
    seat.is_told = any(other.is_told for other in beside)
    for other in beside:
        is_again = other.lines == seat.lines and other.env_ids == seat.env_ids
        if is_again or other.wanted == seat.wanted:
            if not seat.is_told:
                seat.is_told = True
                _messages.warning(
                    "%s: closed, since the same environment is recorded anew %s, in %s. Close a recorder before that, "
                    "or use it in a `with` statement.",
                    other.path,
                    "by the same line of code" if is_again else "to the same path",
                    seat.path,
                )
            other.close()


def leave_seat(seat: Seat) -> None:
    """Get up; a second call does nothing."""
    _seats.discard(seat)


def wanted_path(path: str | Path) -> str:
    """The path as others may write it too."""
    return os.path.realpath(path)


def calling_lines(depth: int) -> Lines:
    """The line that has called, `depth` calls below this one, and its callers up to a script's or a cell's own line."""
    lines: list[tuple[CodeType, int]] = []
    frame: Any = sys._getframe(depth + 1)
    while frame is not None:
        lines.append((frame.f_code, frame.f_lineno))
        if frame.f_code.co_name.startswith(_OUTERMOST):
            break
        frame = frame.f_back
    return tuple(lines)
