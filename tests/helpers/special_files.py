"""What a path may lead to instead of a regular file, and a limit on how long a test waits for it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SPECIAL = ("pipe", "link to a pipe", "endless device", "socket")


def put_special(path: Path, kind: str) -> Path:
    """Have something that is no regular file at a path, in the place of what is there."""
    if path.exists():
        path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a pipe":
        pipe = path.with_name(f"{path.name}-pipe")
        os.mkfifo(pipe)
        path.symlink_to(pipe)
    elif kind == "endless device":
        path.symlink_to("/dev/zero")
    elif kind == "socket":
        _bind(path)
    return path


def sparse(path: Path, size: int, begin: bytes = b"") -> Path:
    """A file of any size that takes no room on the disk: zeros behind its first bytes."""
    path.write_bytes(begin)
    os.truncate(path, size)
    return path


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Fail what waits or works for longer, also inside of a system call."""

    def fail(*_: object) -> None:
        raise AssertionError(f"took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _bind(path: Path) -> None:
    """A socket; its address may not be long, so it is bound from its folder."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)
