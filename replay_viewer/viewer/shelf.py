"""The list of a folder's recordings as the pages show it: read in the background, told as it becomes known."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import printable
from .background import Job, Progress
from .opening.folder_list import Library, Listed
from .wire.mailbox import Mailbox

# However many pages ask for it, a folder is left alone for so long [s], and for so many times as long as a look takes.
_REST, _REST_PER_LOOK = 2.0, 5.0


class Shelf:
    """One folder's list. Only the owner thread touches it.

    Attributes:
        library: the recordings.
    """

    def __init__(self, folder: Path, name: str, mailbox: Mailbox, tell: Callable[[Mapping[str, Any]], object]) -> None:
        """Begin to look.

        Args:
            folder: where the recordings are.
            name: what to call it; empty for the folder's own.
            mailbox: what the work in the background posts its news to.
            tell: hands every page what changed; see `state`.
        """
        self.library = Library(folder)
        self._name = name or printable(folder.resolve().name or str(folder))
        self._mailbox, self._tell = mailbox, tell
        self._is_closed = False
        self._told: tuple[Listed, ...] = ()
        self._told_at = 0.0
        self._looking = self._begin()

    @property
    def state(self) -> dict[str, Any]:
        """Everything that a page shows of the list."""
        return {
            "folder": self._name,
            "rows": [_row(listed) for listed in self._told],
            "isCut": self.library.is_cut,
            **self._progress(),
        }

    def look_again(self) -> None:
        """Look through the folder again, unless that is being done or was just done."""
        rest = max(_REST, _REST_PER_LOOK * (self._looking.result or 0.0))
        if self._looking.state != "running" and time.monotonic() - self._told_at >= rest:
            self._looking = self._begin()

    def close(self) -> None:
        """Look no further, and tell no more."""
        self._is_closed = True
        self._looking.cancel()

    def _begin(self) -> Job:
        tell = partial(self._mailbox.post, self._tell_news)
        return Job(partial(_look_through, self.library, tell), tell)

    def _tell_news(self) -> None:
        """Tell the pages what is known now: all rows when there are others, else those that are known better."""
        if self._is_closed:
            return
        self._told_at = time.monotonic()
        known = self.library.recordings
        if [listed.number for listed in known] != [listed.number for listed in self._told]:
            news = {"rows": [_row(listed) for listed in known], "isCut": self.library.is_cut}
        else:
            news = {"news": {index: _row(now) for index, now in enumerate(known) if now is not self._told[index]}}
        self._told = known
        self._tell({**news, **self._progress()})

    def _progress(self) -> dict[str, Any]:
        return {"isLooking": self._looking.state == "running", "problem": self._looking.problem}


def _look_through(library: Library, tell: Callable[[], object], progress: Progress) -> float:
    """Find the recordings, and read what is in them, newest first; returns how long it took to find them [s]."""
    began = time.monotonic()
    library.look(lambda num_found: progress(num_found, 0))
    taken = time.monotonic() - began
    tell()  # Which there are, before the first of them is read.
    while library.read_next():
        progress(library.num_read, len(library.recordings))
    # Kinematics and meshes take a second to import: done by the time that a recording is chosen.
    importlib.import_module("...replay.replay", __package__)
    return taken


def _row(listed: Listed) -> list[Any]:
    """What the page shows of a recording; see page/library.js."""
    facts = listed.facts
    numbers = None if facts is None else [facts.seconds, facts.num_envs, facts.num_episodes, facts.num_falls]
    return [listed.number, listed.name, listed.modified, numbers, listed.problem]
