"""How commands import large libraries: a signal waits for their end, what they load without need stays away, and what
they log is not printed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .interrupts import held_interrupts

# trimesh imports these if they are installed, for what is never asked of it here: 0.3 s of a start of 0.7 s.
_NEVER_NEEDED = ("embreex", "manifold3d", "networkx", "rtree", "scipy", "shapely", "svg")
# What these say of a file, to programmers and with tracebacks, is told to users in sentences by what reads it.
_NOT_PRINTED = ("trimesh", "yourdfpy")
_NOWHERE = logging.NullHandler()
_CHECKER = "typeguard"


@contextlib.contextmanager
def large_imports() -> Iterator[None]:
    """For imports alone: while it lasts, trimesh finds only what it needs, as where no more is installed.

    Nothing that modules make is garbage, so it is not sought meanwhile, nor among it later.
    """
    for name in _NOT_PRINTED:
        logging.getLogger(name).addHandler(_NOWHERE)  # Python prints what no handler takes.
    collects = gc.isenabled()
    gc.disable()
    away = [name for name in _NEVER_NEEDED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(away))  # type: ignore[arg-type]  # Python's own mark for what cannot be imported.
    try:
        with held_interrupts():
            yield
    finally:
        for name in away:
            if sys.modules.get(name) is None:
                sys.modules.pop(name, None)
        gc.freeze()
        if collects:
            gc.enable()


@contextlib.contextmanager
def trusted_defaults() -> Iterator[None]:
    """While it lasts, tyro takes the defaults of commands for what their types say, which is checked before a release.

    It would import typeguard to check them, for 0.04 s.
    """
    if _CHECKER in sys.modules:
        yield
        return
    sys.modules[_CHECKER] = trusting = _Trusting(_CHECKER)
    try:
        yield
    finally:
        if sys.modules.get(_CHECKER) is trusting:
            del sys.modules[_CHECKER]


class _Trusting(ModuleType):
    """A typeguard for which every value is of every type; whatever else is asked of it is the real one's."""

    @staticmethod
    def check_type(value: object, expected: object) -> object:
        return value

    def __getattr__(self, name: str) -> Any:
        del sys.modules[_CHECKER]
        return getattr(importlib.import_module(_CHECKER), name)
