"""Runs a script as on a system without what POSIX alone has, such as Windows: `python without_posix.py script [args]`.

There is no `fcntl`, and `os` has no reads at a place, no flags of opening and no masks of processors.
"""

from __future__ import annotations

import os
import runpy
import sys

_MODULES = ("fcntl", "pwd", "grp", "resource", "termios", "syslog")
_OF_OS = (
    "pread",
    "pwrite",
    "preadv",
    "pwritev",
    "fdatasync",
    "O_CLOEXEC",
    "O_DIRECTORY",
    "O_NOFOLLOW",
    "sched_getaffinity",
)


def _forget() -> None:
    for name in _MODULES:
        sys.modules[name] = None  # type: ignore[assignment]  # An import of it fails.
    for name in _OF_OS:
        if hasattr(os, name):
            delattr(os, name)


if __name__ == "__main__":
    _forget()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
