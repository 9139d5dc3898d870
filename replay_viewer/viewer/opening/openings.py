"""Recordings that a browser asks for, opened one after the other in the background, and handed over together."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ...errors import ReplayError, printable
from ..wire.page import Page
from .dropped import SeveralRecordings
from .opening import Opening, OpenRequest

if TYPE_CHECKING:
    from ...replay.replay import Replay

# By this name the pages are told of an opening.
_OPENING = "opening"

_log = logging.getLogger(__name__)


class Opened(NamedTuple):
    """A recording that is open, and how it was."""

    request: OpenRequest
    replay: Replay


# Finds out what to open, on a thread of the work's.
Find = Callable[[], OpenRequest]
# Takes what was opened, or raises; then it is closed.
Take = Callable[[Sequence[Opened]], object]


class Openings:
    """What is being opened: at most for one browser at a time. Only the owner thread touches it."""

    def __init__(self, page: Page, choose: Callable[[SeveralRecordings], object]) -> None:
        """choose: lets the pages choose, where several recordings were found in the place of one."""
        self._page, self._choose = page, choose
        self._opening: Opening | None = None
        self._left: list[Find] = []
        self._opened: list[Opened] = []
        self._take: Take = lambda opened: None
        self._asked_by = -1

    def begin(self, wanted: Sequence[Find], client_id: int, take: Take) -> None:
        """Open all that is wanted, in the place of what is being opened.

        Args:
            wanted: none is taken at once.
            client_id: who asks, and is told what goes wrong.
            take: takes them.
        """
        self.abandon()
        self._left, self._asked_by, self._take = list(wanted), client_id, take
        self._page.busy.show(_OPENING, "Opening ...", cancel="cancel_opening")
        self._go_on()

    def abandon(self) -> None:
        """Open no further; what was opened so far is closed."""
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.abandon()
            self._end()

    def _go_on(self) -> None:
        if self._left:
            self._opening = Opening(self._left.pop(0), partial(self._page.post, self._follow))
        else:
            self._hand_over()

    def _follow(self) -> None:
        """The opening has news."""
        opening = self._opening
        if opening is None:
            return
        job = opening.job
        if job.state == "running":
            self._page.busy.show(_OPENING, f"{opening.doing} ...", job.done, job.total, "cancel_opening")
            return
        self._opening = None
        if job.state == "done":
            assert opening.request is not None
            self._opened.append(Opened(opening.request, opening.replay))
            return self._go_on()
        self._end()
        if isinstance(job.error, SeveralRecordings):
            self._choose(job.error)
        else:
            self._notify(_as_dropped(job.problem, opening.request))

    def _hand_over(self) -> None:
        opened, self._opened = self._opened, []
        names = ", ".join(printable(each.request.name) for each in opened)
        self._page.busy.show(_OPENING, f"Showing {names} ..." if names else "Showing ...")
        try:
            self._take(opened)
        except Exception as error:
            for each in opened:
                each.replay.close()
            if isinstance(error, ReplayError):
                self._notify(str(error))
            else:
                _log.exception("a recording that was opened cannot be shown")
                self._notify(f"An error of the viewer itself: {type(error).__name__}: {error}")
        finally:
            self._end()

    def _end(self) -> None:
        opened, self._opened = self._opened, []
        for each in opened:
            each.replay.close()
        self._page.busy.hide(_OPENING)

    def _notify(self, problem: str) -> None:
        client = self._page.clients.get(self._asked_by)
        if client is not None:
            self._page.bridge.update(client, {"files": {"failed": problem}})


def _as_dropped(problem: str, request: OpenRequest | None) -> str:
    """What is wrong, with dropped files by their own names instead of where they are kept."""
    return problem if request is None or request.inside is None else problem.replace(f"{request.inside}{os.sep}", "")
