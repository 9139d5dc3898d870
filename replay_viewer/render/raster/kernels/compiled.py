"""The compilation of the rasteriser's loops, and what is kept of it on disk."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import pickle
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache

# Beginning and end of what is told where nothing can be kept.
_COMPILES_AGAIN = "The renderer compiles its loops anew each time (up to a minute)"
_ADVICE = "NUMBA_CACHE_DIR names another folder."
# For a process that compiles a loop [s]; it is compiled here after that.
_LONGEST_WAIT = 300.0

_log = logging.getLogger(__name__)
# numba's types leave out some of its options.
_njit: Any = numba.njit


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called; without the interpreter's lock, kept on disk where that is possible.

    Division by zero gives infinity, as in numpy.
    """
    # numba keeps what it compiled until the function's own file changes, and would miss changes in what it calls.
    function.__qualname__ += f"_{_version()}"
    loop: Any = _njit(nogil=True, no_cfunc_wrapper=True, error_model="numpy")(function)
    try:
        loop._cache = _Kept(function)
    except RuntimeError:  # Neither this package's folder nor the user's can be written to.
        loop._cache = _NotKept()
    return loop


def inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that others call, and Python never: without the ways in from there, a third of the time."""
    return _without_ways_in(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function as a part of those that call it, where handing over its arguments would take long."""
    return _without_ways_in(function, forceinline=True)


def _without_ways_in(function: Callable[..., Any], **options: bool) -> Callable[..., Any]:
    return _njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, error_model="numpy", **options)(function)


def is_kept(loop: Any) -> bool:
    """Whether something of it is kept on disk."""
    return isinstance(loop._cache, _Kept) and loop._cache.index.exists()


def can_be_kept(loop: Any) -> bool:
    """Whether there is a folder for it that can be written to."""
    return isinstance(loop._cache, _Kept) and os.access(loop._cache.cache_path, os.W_OK)


def await_maker(loop: Any, maker: subprocess.Popen[bytes]) -> None:
    """Tell of another process that compiles a loop, which is not compiled here before it has ended."""
    loop._cache.maker = maker


class _Kept(FunctionCache):
    """What numba keeps of a function, where no damage and no full disk keeps anything from being drawn.

    Attributes:
        index: the file that lists what is kept.
        maker: a process that is compiling it, if there is one.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        locator = self._impl.locator
        self._cache_file = _CheckedFile(self.cache_path, self._impl.filename_base, locator.get_source_stamp())
        self.index = Path(self.cache_path, f"{self._impl.filename_base}.nbi")
        self.maker: subprocess.Popen[bytes] | None = None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        kept = self._load(sig, target_context)
        if kept is not None or self.maker is None:
            return kept
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.maker.wait(_LONGEST_WAIT)
        self.maker = None
        return self._load(sig, target_context)

    def _load(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # Unpickling what is damaged fails in any way there is.
            _tell_once(f"What the renderer keeps in {self.cache_path} is damaged: it is compiled anew.")
        with contextlib.suppress(OSError):
            self.flush()
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:  # A full disk, a folder that nobody may write to, what is damaged there.
            reason = getattr(error, "strerror", None) or type(error).__name__
            _tell_once(f"{_COMPILES_AGAIN}, since {self.cache_path} takes nothing ({reason}). {_ADVICE}")


class _NotKept(NullCache):
    """In the place of what is kept, where nothing can be."""

    def save_overload(self, sig: Any, cres: Any) -> None:
        _tell_once(f"{_COMPILES_AGAIN}, since there is no folder that it may write to. {_ADVICE}")


class _CheckedFile(IndexDataCacheFile):
    """Files with a checksum: machine code with a wrong bit would end the process."""

    def save(self, key: Any, data: Any) -> None:
        packed = self._dump(data)
        super().save(key, (hashlib.sha256(packed).digest(), packed))

    def load(self, key: Any) -> Any:
        """What was kept, None if nothing was. Raises whatever exception for what is damaged."""
        kept = super().load(key)
        if kept is None:
            return None
        checksum, packed = kept
        if hashlib.sha256(packed).digest() != checksum:
            raise ValueError("The checksum does not fit.")
        return pickle.loads(packed)


@cache
def _tell_once(message: str) -> None:
    _log.warning(message)


@cache
def _version() -> str:
    """A short hash of every source file of the rasteriser."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
