"""Notices of what goes on: work that may take half a second, and what the page waits for before there is a replay."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Busy:
    """The work that goes on, each by a name of its own; the page shows it as a line (page/busy.js).

    Attributes:
        state: all of it, as the page takes it.
    """

    def __init__(self, update: Callable[[Mapping[str, Any]], object]) -> None:
        """update: hands every browser what changed."""
        self.state: dict[str, dict[str, Any]] = {}
        self._update = update

    def show(self, name: str, text: str, done: int = 0, total: int = 0, cancel: str = "") -> None:
        """Tell of some work, or how far it is.

        Args:
            name: which work.
            text: what is done, such as "Opening run.rec ...".
            done: how much of it is done.
            total: how much there is to do; 0 where nobody knows.
            cancel: the action that ends it; empty where nothing does.
        """
        work = {"text": text, "done": done, "total": total, "cancel": cancel}
        if self.state.get(name) != work:
            self.state[name] = work
            self._tell({name: work})

    def hide(self, name: str) -> None:
        """The work is over."""
        if self.state.pop(name, None) is not None:
            self._tell({name: None})

    @contextmanager
    def during(self, name: str, text: str) -> Iterator[None]:
        """Tell of work for as long as the block takes, on the thread that also draws."""
        self.show(name, text)
        try:
            yield
        finally:
            self.hide(name)

    def _tell(self, news: dict[str, Any]) -> None:
        self._update({"busy": news})


def waiting_html(text: str, detail: str = "", waits: bool = True) -> str:
    """What the page waits for, or only says; both texts may hold a file's name and are escaped."""
    dot = "<i></i>" if waits else ""
    return f'<div class="rv-waiting">{dot}<b>{html.escape(text)}</b><p>{html.escape(detail)}</p></div>'
