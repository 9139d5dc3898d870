"""The stock: the rows of the folder and the recording that are there, and the work that finds them."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ...clips.films import Film
from ...errors import printable
from ...progress import Progress
from ...rollout.rollout import Rollout
from ..background import Job
from ..wire.mailbox import Action
from .films import FilmShelf, film_sources, match, record_of
from .notes import Notes
from .rows import Rows
from .shown import ShownEpisodes
from .sources import Listing, Source

# However many browsers ask, a folder is left alone for so long [s], and for so many times as long as a look takes.
_REST, _REST_PER_LOOK = 2.0, 5.0


class Stock:
    """Only the owner thread touches it.

    Attributes:
        rows: all episodes that are known.
        notes: what people have noted of them.
        listing: what is in the folder that recordings are chosen from, if there is one.
        shelf: the films there, and beside what is shown.
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
        self.shelf = FilmShelf(post, self._take_sources)
        self.listing: Listing | None = None
        self.folder: str | None = None
        self._job: Job | None = None
        self._looked_at = 0.0
        self._shown: ShownEpisodes | None = None
        self._beside: list[ShownEpisodes] = []
        self._num_shown = self._notes_seen = 0
        self._taken: Sequence[Source] = ()

    # -- a folder ---------------------------------------------------------------

    def list_folder(self, folder: Path, name: str = "") -> None:
        """List a folder, in the place of the one listed; name: what to call it, empty for its own."""
        self.close()
        self.listing = Listing(folder)
        self.folder = name or printable(folder.resolve().name or str(folder))
        self._begin()
        self._take_sources()
        self.look_at_films()

    def look_again(self) -> None:
        """Look for what is new in the folder and among the notes, unless that is being done or was just done."""
        if self._shown is not None and self._shown.path is not None:
            self.look_at_notes(self._shown.path)
        self.look_at_films()
        if self._job is None or self._job.state == "running":
            return
        if time.monotonic() - self._looked_at >= max(_REST, _REST_PER_LOOK * (self._job.result or 0.0)):
            self._begin()

    def look_at_notes(self, recording: Path) -> None:
        """Read what is noted beside a recording, if that has changed."""
        self.notes.look([recording])
        if self.notes.version != self._notes_seen:
            self._take_sources()

    def look_at_films(self) -> None:
        """Look for films that are new, unless that was just done."""
        shown = None if self._shown is None else self._shown.path
        folders = [None if self.listing is None else self.listing.folder, None if shown is None else shown.parent]
        self.shelf.look(folder for folder in folders if folder is not None)

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
        if self._sources != self._taken or self.notes.version != self._notes_seen:
            self._take_sources()
        else:
            self._progressed()

    # -- what is shown ----------------------------------------------------------

    def show(self, rollout: Rollout, name: str, beside: Sequence[tuple[Rollout, str]] = ()) -> None:
        """A recording is shown now, and others beside it that can be opened again; names: what the page calls them."""
        self.hide()
        self._shown, *self._beside = (self._opened(*each) for each in [(rollout, name), *beside])
        self.notes.look([each.path for each in self._all_shown if each.path is not None])
        self._take_sources()
        self.look_at_films()

    def hide(self) -> None:
        """It is not shown any more."""
        for each in self._all_shown:
            each.close()
        self._shown, self._beside = None, []

    def _opened(self, rollout: Rollout, name: str) -> ShownEpisodes:
        self._num_shown += 1
        return ShownEpisodes(-self._num_shown, rollout, name, partial(self._post, self._take_shown))

    @property
    def _all_shown(self) -> list[ShownEpisodes]:
        return [] if self._shown is None else [self._shown, *self._beside]

    @property
    def shown_numbers(self) -> list[int]:
        """The numbers of the sources that are shown, that of the lead first."""
        listed = [self._listed(each) for each in self._all_shown]
        pairs = zip(self._all_shown, listed, strict=True)
        return [each.source.number if own is None else own.number for each, own in pairs]

    @property
    def shown_number(self) -> int | None:
        """The number of the source that is shown; of several, of the lead's."""
        return next(iter(self.shown_numbers), None)

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
        for each in self._beside:
            if self._listed(each) is None:
                each.read(is_written=False)

    def _take_shown(self) -> None:
        if any([each.take() for each in self._all_shown]):
            self._take_sources()

    @property
    def _listed_shown(self) -> Source | None:
        """What is shown, as the folder has it."""
        return None if self._shown is None else self._listed(self._shown)

    def _listed(self, shown: ShownEpisodes) -> Source | None:
        """One of those that are shown, as the folder has it."""
        return None if shown.path is None or self.listing is None else self.listing.find(shown.path)

    # -- both -------------------------------------------------------------------

    @property
    def _sources(self) -> Sequence[Source]:
        listed = () if self.listing is None else self.listing.sources
        if self._shown is None:
            return listed
        listed = (*(each.source for each in self._beside if self._listed(each) is None), *listed)
        own, shown = self._listed_shown, self._shown.source
        if own is None:
            return (shown, *listed)
        # What is open knows better: it may be written.
        better = own if shown.known is None else replace(own, known=shown.known, problem="")
        return tuple(better if source is own else source for source in listed)

    def _take_sources(self) -> None:
        self._taken, self._notes_seen = self._sources, self.notes.version
        self.rows = self._with_films(Rows(self._taken))
        for changed in self.changed:
            changed()

    def _with_films(self, rows: Rows) -> Rows:
        """The rows with their films, and behind them those of episodes that only films are there of."""
        if not self.shelf.films:
            return rows
        found = match(self.shelf.films, rows.records, rows.source)
        rest = [film for film, row in found if row is None]
        own = Rows(film_sources(rest, self.shelf, None if self.listing is None else self.listing.folder))
        places = {(own.source(row).path, record.key): row for row, record in enumerate(own.records)}
        films: list[tuple[Film, int]] = []
        for film, row in found:
            record = record_of(film) if row is None else None
            if row is not None:
                films.append((film, row))
            elif record is not None:
                films.append((film, len(rows) + places[film.manifest, record.key]))
        return Rows((*rows.sources, *own.sources), films)


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
