"""The library: the rows of the folder and the recording that are there, and the work that finds them."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import printable
from ...progress import Progress
from ...rollout.rollout import Rollout
from ..background import Job
from ..wire.mailbox import Action
from .notes import Notes
from .rows import Rows
from .shown import ShownEpisodes
from .sources import Listing, Source

# However many browsers ask, a folder is left alone for so long [s], and for so many times as long as a look takes.
_REST, _REST_PER_LOOK = 2.0, 5.0


class Library:
    """Only the owner thread touches it.

    Attributes:
        rows: all episodes that are known.
        notes: what people have noted of them.
        listing: what is in the folder that recordings are chosen from, if there is one.
        folder: what people call that.
        changed: are called when there are other rows or notes.
    """

    def __init__(self, post: Callable[..., object], progressed: Action) -> None:
        """Nothing is listed or shown yet.

        Args:
            post: leaves an action with arguments for the owner; from any thread.
            progressed: called when it is known better how far the work is.
        """
        self._post, self._progressed = post, progressed
        self.changed: list[Action] = []
        self.rows, self.notes = Rows(()), Notes()
        self.listing: Listing | None = None
        self.folder: str | None = None
        self._job: Job | None = None
        self._looked_at = 0.0
        self._shown: ShownEpisodes | None = None
        self._num_shown = self._notes_seen = 0

    # -- a folder ---------------------------------------------------------------

    def list_folder(self, folder: Path, name: str = "") -> None:
        """List a folder, in the place of the one listed; name: what to call it, empty for its own."""
        self.close()
        self.listing = Listing(folder)
        self.folder = name or printable(folder.resolve().name or str(folder))
        self._begin()
        self._take_sources()

    def look_again(self) -> None:
        """Look for what is new in the folder and among the notes, unless that is being done or was just done."""
        if self._shown is not None and self._shown.path is not None:
            self.look_at_notes(self._shown.path)
        if self._job is None or self._job.state == "running":
            return
        if time.monotonic() - self._looked_at >= max(_REST, _REST_PER_LOOK * (self._job.result or 0.0)):
            self._begin()

    def look_at_notes(self, recording: Path) -> None:
        """Read what is noted beside a recording, if that has changed."""
        self.notes.look([recording])
        if self.notes.version != self._notes_seen:
            self._take_sources()

    def close(self) -> None:
        """Look no further."""
        if self._job is not None:
            self._job.cancel()

    @property
    def progress(self) -> dict[str, Any]:
        """How far the work in the folder is, as the page takes it."""
        listing, job = self.listing, self._job
        if listing is None or job is None:
            counts = dict.fromkeys(("numRecordings", "numSources", "numRead"), 0)
            return {**counts, "isLooking": False, "isCut": False, "lookProblem": ""}
        counts = {"numRecordings": len(listing.recordings), "numSources": len(listing.sources)}
        counts["numRead"] = listing.num_read
        return {**counts, "isLooking": job.state == "running", "isCut": listing.is_cut, "lookProblem": job.problem}

    def _begin(self) -> None:
        assert self.listing is not None, "there is a folder"
        tell = partial(self._post, self._take_listing, self.listing)
        self._job = Job(partial(_look_through, self.listing, self.notes, tell), tell)

    def _take_listing(self, listing: Listing) -> None:
        """The work in the folder has news."""
        if listing is not self.listing:
            return
        self._looked_at = time.monotonic()
        if self._sources != self.rows.sources or self.notes.version != self._notes_seen:
            self._take_sources()
        else:
            self._progressed()

    # -- what is shown ----------------------------------------------------------

    def show(self, rollout: Rollout, name: str) -> None:
        """A recording is shown now; name: what the page calls it."""
        self.hide()
        self._num_shown += 1
        self._shown = ShownEpisodes(-self._num_shown, rollout, name, partial(self._post, self._take_shown))
        if self._shown.path is not None:
            self.notes.look([self._shown.path])
        self._take_sources()

    def hide(self) -> None:
        """It is not shown any more."""
        if self._shown is not None:
            self._shown.close()
        self._shown = None

    @property
    def shown_number(self) -> int | None:
        """The number of the source that is shown."""
        listed = self._listed_shown
        if listed is not None:
            return listed.number
        return None if self._shown is None else self._shown.source.number

    @property
    def is_shown_known(self) -> bool:
        """Whether the episodes of what is shown are known."""
        sources = (self._listed_shown, self._shown and self._shown.source)
        return any(source is not None and source.known is not None for source in sources)

    def read_shown(self, is_written: bool) -> None:
        """Read the episodes of what is shown, unless the folder has them; those that run may go on if it is written."""
        listed = self._listed_shown
        if self._shown is not None and (is_written or listed is None or listed.known is None):
            self._shown.read(is_written)

    def _take_shown(self) -> None:
        if self._shown is not None and self._shown.take():
            self._take_sources()

    @property
    def _listed_shown(self) -> Source | None:
        """What is shown, as the folder has it."""
        path = None if self._shown is None else self._shown.path
        return None if path is None or self.listing is None else self.listing.find(path)

    # -- both -------------------------------------------------------------------

    @property
    def _sources(self) -> Sequence[Source]:
        listed = () if self.listing is None else self.listing.sources
        if self._shown is None:
            return listed
        own, shown = self._listed_shown, self._shown.source
        if own is None:
            return (shown, *listed)
        # What is open knows better: it may be written.
        better = own if shown.known is None else replace(own, known=shown.known, problem="")
        return tuple(better if source is own else source for source in listed)

    def _take_sources(self) -> None:
        self.rows, self._notes_seen = Rows(self._sources), self.notes.version
        for changed in self.changed:
            changed()


def _look_through(listing: Listing, notes: Notes, tell: Callable[[], object], progress: Progress) -> float:
    """Find what is in the folder, and read it; returns how long that took [s]."""
    began = time.monotonic()
    listing.look(lambda num_found: progress(num_found, 0))
    tell()  # Which there are, before the first of them is read.
    notes.look([source.path for source in listing.recordings if source.path is not None])
    listing.read(tell, progress)
    taken = time.monotonic() - began
    # Kinematics and meshes take a second to import: done by the time that a recording is chosen.
    importlib.import_module("...replay.replay", __package__)
    return taken
