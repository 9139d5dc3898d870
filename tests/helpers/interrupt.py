"""Ctrl-C, or anything else, at a line of one's choice; Python 3.8 suffices."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, Callable


class Interrupt:
    """Raises KeyboardInterrupt, or calls something, before the n-th line of some code that runs inside of it.

    where: what the files of this code begin with. came: whether there were so many lines.
    """

    def __init__(self, where: tuple[str, ...], line: int, handler: Callable[[], None] | None = None) -> None:
        self.where, self.left, self.came, self.handler = where, line, False, handler

    def __enter__(self) -> Interrupt:
        sys.settrace(self._trace)
        return self

    def __exit__(self, kind: type | None, *rest: object) -> bool:
        sys.settrace(None)
        return kind is KeyboardInterrupt

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if self.came or not frame.f_code.co_filename.startswith(self.where):
            return None
        if event == "line":
            self.left -= 1
        if self.left < 0:
            self.came = True
            sys.settrace(None)
            if self.handler is None:
                raise KeyboardInterrupt
            self.handler()
        return self._trace
