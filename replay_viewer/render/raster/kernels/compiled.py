"""The compilation of the rasteriser's loops."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called; without the interpreter's lock, kept on disk where that is possible.

    Division by zero gives infinity, as in numpy.
    """
    # numba keeps what it compiled until the function's own file changes, and would miss changes in what it calls.
    function.__qualname__ += f"_{_version()}"
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # Neither this package's folder nor the user's can be written to.
        return numba.njit(nogil=True, error_model="numpy")(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function as a part of those that call it: handing over named tuples of arrays takes 100 ns a call."""
    return numba.njit(inline="always", error_model="numpy")(function)


@lru_cache
def _version() -> str:
    """A short hash of every source file of the rasteriser."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
