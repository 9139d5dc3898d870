"""The marks of functions that are compiled, and how Python calls them.

They are written in the part of Python that numba understands, and compiled in two steps. Once for all machines, numba
makes LLVM's code of them, which is shipped as `loops.bc` (`tests/helpers/make_loops.py`). On each machine, when one is
called first, LLVM makes code for its processor (`machine_code`): half a second, where numba took eight.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from .arguments import Arguments
from .machine_code import address_of


class Loop:
    """A function that Python calls; other threads run meanwhile. Division by zero gives infinity, as in numpy.

    Attributes:
        function: what it is in Python. Its annotations are kinds of `arguments`; it returns None or an int.
        arguments: what it takes.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.arguments = function, Arguments(function)
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self._run: Callable[[Any], None] | None = None

    def __call__(self, *values: Any) -> int:
        """What the function returns, 0 for None. Raises TypeError for arguments that are not of its kinds."""
        if self._run is None:
            self._run = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address_of(self.__name__))
        words = ctypes.create_string_buffer(self.arguments.words(values))
        self._run(ctypes.addressof(words))
        return ctypes.c_int64.from_buffer(words).value


def compiled(function: Callable[..., Any]) -> Loop:
    """Compile a function that Python calls."""
    return Loop(function)


def inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that others call."""
    function.is_inlined = False  # type: ignore[attr-defined]
    return function


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function as a part of those that call it, where handing over its arguments would take long."""
    function.is_inlined = True  # type: ignore[attr-defined]
    return function
