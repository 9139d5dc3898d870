"""What the viewer is working on, told in every browser until it is over: everything that may take half a second."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import viser

from .wire.page_bridge import PageBridge


class Busy:
    """The work that goes on, by a name of its own; the page shows each as a line (page/busy.js)."""

    def __init__(self, page: PageBridge, clients: Mapping[int, viser.ClientHandle]) -> None:
        """clients: the browsers that are there, by id."""
        self._page, self._clients = page, clients
        self._work: dict[str, dict[str, Any]] = {}

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
        if self._work.get(name) != work:
            self._work[name] = work
            self._tell({name: work})

    def hide(self, name: str) -> None:
        """The work is over."""
        if self._work.pop(name, None) is not None:
            self._tell({name: None})

    @contextmanager
    def during(self, name: str, text: str) -> Iterator[None]:
        """Tell of work for as long as the block takes, on the thread that also draws."""
        self.show(name, text)
        try:
            yield
        finally:
            self.hide(name)

    def greet(self, client: viser.ClientHandle) -> None:
        """Tell a browser that has just come."""
        if self._work:
            self._page.update(client, {"busy": self._work})

    def _tell(self, news: dict[str, Any]) -> None:
        for client in list(self._clients.values()):
            self._page.update(client, {"busy": news})


_STYLE = """<style>
.rv-waiting{font-size:14px;margin:0.75em;line-height:1.45;overflow-wrap:anywhere}
.rv-waiting p{margin:4px 0 0;opacity:.75}
.rv-waiting i{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:8px;background:#2563eb;
animation:rv-wait 1.4s ease-in-out infinite}
@keyframes rv-wait{50%{opacity:.2}}
</style>"""


def waiting_html(text: str, detail: str = "", waits: bool = True) -> str:
    """What the page waits for, or only says; both texts may hold a file's name and are escaped."""
    dot = "<i></i>" if waits else ""
    return f'{_STYLE}<div class="rv-waiting">{dot}<b>{html.escape(text)}</b><p>{html.escape(detail)}</p></div>'
