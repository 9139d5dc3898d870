"""Who has attached where: a recorder that is made anew comes in place of the one that nobody has closed."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import sys
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, Callable, Mapping, Tuple

# A line of code, by what it does and not by its file's name, which notebooks change; with those that called it.
Lines = Tuple[Tuple[CodeType, int], ...]
# Where a script, or a notebook's cell, begins.
_OUTERMOST = ("<module>", "<cell line:")
_messages = logging.getLogger("replay_viewer")


@dataclass(eq=False)
class Attachment:
    """A recorder on an environment.

    Attributes:
        env: the innermost environment.
        env_ids: the envs that it records.
        wanted: the path that it was given.
        lines: where it was made.
        path: of its recording.
        close: closes it.
        is_told: whether it was said on this environment that one was closed for the next.
    """

    env: Any
    env_ids: list[int]
    wanted: str
    lines: Lines
    path: Path
    close: Callable[[], None]
    is_told: bool = False


# An environment that nobody has any more may go, and its recorder with it. Any thread may attach.
_attachments: weakref.WeakSet = weakref.WeakSet()
_lock = threading.RLock()


def enter(new: Attachment) -> None:
    """Come in, and close who came to the same path, or by the same line of code for the same envs."""
    with _lock:
        beside = [other for other in _attachments if other.env is new.env]
        _attachments.add(new)
    new.is_told = any(other.is_told for other in beside)
    for other in beside:
        is_again = other.lines == new.lines and other.env_ids == new.env_ids
        if is_again or other.wanted == new.wanted:
            if not new.is_told:
                new.is_told = True
                _messages.warning(
                    "%s: closed, since the same environment is recorded anew %s, in %s. Close a recorder before that, "
                    "or use it in a `with` statement.",
                    other.path,
                    "by the same line of code" if is_again else "to the same path",
                    new.path,
                )
            other.close()


def leave(attachment: Attachment) -> None:
    """Go out; a second call does nothing."""
    with _lock:
        _attachments.discard(attachment)


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


def close_at_exit(close: Callable[..., object], **how: Any) -> Callable[[], object]:
    """Have a seat's method called when Python ends, for a script that ends without a word, or by an error.

    Args:
        close: the method; its seat is not kept alive for it.
        how: its arguments.

    Returns:
        What `atexit.unregister` takes.
    """
    return atexit.register(functools.partial(_close_if_there, weakref.WeakMethod(close), how))


def _close_if_there(method: Callable[[], Callable[..., object] | None], how: Mapping[str, Any]) -> None:
    close = method()
    if close is not None:
        close(**how)
