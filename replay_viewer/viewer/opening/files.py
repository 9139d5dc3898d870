"""The files that can be opened from the page: the recordings of a folder, and what somebody drops into it.

The page names recordings by their number in the list, and drops by a key: never by a path.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import viser

from ...errors import BadArgument, ReplayError, printable
from ...formats import table
from ..episodes.library import Library
from ..episodes.sources import Listing
from ..wire.page import Page, notify
from ..wire.page_bridge import PageAction
from .dropped import Dropped, RobotAlone, SeveralRecordings
from .opening import Opening, OpenRequest
from .place import Place
from .uploads import MAX_BYTES, Uploads

if TYPE_CHECKING:
    from ...replay.replay import Replay
    from ...rollout.entities import EntitySpec

_log = logging.getLogger(__name__)

# What can be dropped beside recordings.
_ROBOT, _PACKED = ".urdf", ".zip"
# By this name the pages are told of an opening.
_OPENING = "opening"


class Files:
    """Opens what the browsers ask for. Only the owner thread touches it."""

    def __init__(
        self,
        page: Page,
        uploads: Uploads,
        library: Library,
        show: Callable[[Replay, OpenRequest], object],
        go: Callable[[Place, int], object],
    ) -> None:
        """Nothing is shown yet.

        Args:
            page: the page, in which what is done is told.
            uploads: what is dropped; it is removed when it is not needed any more.
            library: lists the recordings of a folder.
            show: shows what was opened in the place of what is shown, or raises; then what is shown stays.
            go: goes to a place in what is shown, for the browser with an id, or raises.
        """
        self._page, self._uploads, self._library, self._show, self._go = page, uploads, library, show, go
        self._request: OpenRequest | None = None
        self._is_shown = self._lacks_robot = False
        self._title = ""
        self._how: OpenRequest | None = None
        self._opening: Opening | None = None
        self._place: Place | None = None
        self._asked_by = -1
        self._told: Mapping[str, Any] = {}
        library.changed.append(self._tell_shown)

    @property
    def actions(self) -> dict[str, PageAction]:
        """What the page may ask for."""
        return {
            "open_listed": self._open_listed,
            "open_neighbour": self._open_neighbour,
            "open_upload": self._open_upload,
            "go_to_place": self._go_to_place,
            "cancel_opening": lambda value, client_id: self._abandon(),
        }

    def list_folder(self, how: OpenRequest, name: str = "") -> None:
        """Let the pages choose from the recordings of a folder.

        Args:
            how: how each of them is opened; its path is the folder's.
            name: what to call the folder; empty for its own name.
        """
        self._how = how
        self._library.list_folder(how.path, name)
        self._tell({**self._state, "isAskedFor": True})

    def greet(self, client: viser.ClientHandle) -> None:
        """Tell a browser that has just come."""
        self._page.bridge.update(client, {"files": self._state})

    def shown(self, replay: Replay, request: OpenRequest | None, title: str) -> None:
        """Something is shown now, by an request or from memory; what was dropped before is not needed any more.

        title: what the page calls it.
        """
        self._request, self._is_shown, self._title = request, True, title
        # A robot can be added to what can be opened again.
        self._lacks_robot = request is not None and any(_is_neutral(replay, entity) for entity in replay.rollout.robots)
        used = [] if request is None else [request.path, *([request.urdf] if request.urdf else [])]
        self._uploads.keep_only([*used, *([self._list.folder] if self._list else [])])
        self._tell_shown()

    def close(self) -> None:
        """End what is being done, and remove what was dropped."""
        self._abandon()
        self._library.close()
        self._uploads.close()

    def go_to(self, path: Path | None, place: Place, client_id: int) -> None:
        """Go to a place in a recording of the folder; in what is shown where there is no path."""
        if path is None:
            self._go_or_tell(place, client_id)
        else:
            self._open_path(path, client_id, place)

    # -- opening --------------------------------------------------------------

    def _open_listed(self, value: Any, client_id: int) -> None:
        if self._list is not None:
            path = self._list.numbered(value).path
            assert path is not None, "what is listed is on the disk"
            self._open_path(path, client_id)

    def _open_neighbour(self, value: Any, client_id: int) -> None:
        neighbour = self._neighbour(value) if value in (-1, 1) else None
        if neighbour is not None:
            self._open_path(neighbour, client_id)

    def _neighbour(self, step: int) -> Path | None:
        """The recording before or after the one shown in the list."""
        return None if self._list is None or self._request is None else self._list.neighbour(self._request.path, step)

    def _go_to_place(self, value: Any, client_id: int) -> None:
        """Go where the address of a page says: in what is shown, or in a recording of the folder."""
        try:
            place = Place.of(value)
            path = None if self._is_meant(place) else self._path_of(place)
        except ReplayError as error:
            return self._tell_odd(error, client_id)
        self.go_to(path, place, client_id)

    def _is_meant(self, place: Place) -> bool:
        """Whether a place is in what is shown."""
        return self._is_shown and place.recording in (None, self._shown_name)

    def _path_of(self, place: Place) -> Path:
        """The recording of a place. Raises BadArgument where it is none of those that can be opened from here."""
        path = None if self._list is None or place.recording is None else self._list.named(place.recording)
        if path is None:
            name = "?" if place.recording is None else printable(place.recording[:100])
            raise BadArgument("recording", name, "is not among those that are served here.")
        return path

    def _go_or_tell(self, place: Place | None, client_id: int) -> None:
        try:
            if place is not None:
                self._go(place, client_id)
        except ReplayError as error:
            self._tell_odd(error, client_id)

    def _tell_odd(self, error: ReplayError, client_id: int) -> None:
        client = self._page.clients.get(client_id)
        if client is not None:
            notify(client, "There is no such place", str(error))

    def _open_path(self, path: Path, client_id: int, place: Place | None = None) -> None:
        assert self._how is not None, "there is a list"
        self._open(partial(replace, self._how, path=path), client_id, place)

    def _open_upload(self, value: Any, client_id: int) -> None:
        self._open(partial(request_of, self._uploads.folder(value), self._request), client_id)

    def _open(self, request: Callable[[], OpenRequest], client_id: int, place: Place | None = None) -> None:
        """Open something, instead of what is being opened, and go to a place in it."""
        self._abandon()
        self._asked_by, self._place = client_id, place
        self._page.busy.show(_OPENING, "Opening ...", cancel="cancel_opening")
        self._opening = Opening(request, partial(self._page.post, self._follow))

    def _abandon(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.abandon()
            self._page.busy.hide(_OPENING)

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
        try:
            if job.state == "done":
                self._show_opened(opening)
            elif isinstance(job.error, SeveralRecordings):
                self.list_folder(OpenRequest(job.error.folder), "what was dropped")
            else:
                self._notify(_as_dropped(job.problem, opening.request))
        finally:
            self._page.busy.hide(_OPENING)

    def _show_opened(self, opening: Opening) -> None:
        assert opening.request is not None
        self._page.busy.show(_OPENING, f"Showing {printable(opening.request.name)} ...")
        try:
            self._show(opening.replay, opening.request)
            self._go_or_tell(self._place, self._asked_by)
        except ReplayError as error:
            opening.replay.close()
            self._notify(str(error))
        except Exception as error:
            _log.exception("a recording that was opened cannot be shown")
            opening.replay.close()
            self._notify(f"An error of the viewer itself: {type(error).__name__}: {error}")

    def _notify(self, problem: str) -> None:
        client = self._page.clients.get(self._asked_by)
        if client is not None:
            self._page.bridge.update(client, {"files": {"failed": problem}})

    # -- the pages ------------------------------------------------------------

    @property
    def _list(self) -> Listing | None:
        return self._library.listing

    @property
    def _state(self) -> dict[str, Any]:
        accept = ",".join((*table.suffixes(), _ROBOT, _PACKED))
        taken = {"limit": MAX_BYTES, "accept": accept, "formats": table.described()}
        return {**taken, "folder": self._library.folder, **self._shown_state}

    @property
    def _shown_name(self) -> str:
        """What addresses call what is shown."""
        if self._list is None or self._request is None:
            return self._title
        return self._list.name_of(self._request.path) or self._title

    @property
    def _shown_state(self) -> dict[str, Any]:
        """What is shown, and where it is in the list: None for what is not."""
        listed = None if self._list is None or self._request is None else self._list.find(self._request.path)
        number = None if listed is None else listed.number
        neighbours = [self._neighbour(step) is not None for step in (-1, 1)]
        facts = {"isShown": self._is_shown, "lacksRobot": self._lacks_robot}
        return {
            **facts,
            "shown": number,
            "neighbours": neighbours,
            "name": self._shown_name if self._is_shown else None,
        }

    def _tell_shown(self) -> None:
        """Tell the pages where in the list it is, if that has changed."""
        if self._shown_state != self._told:
            self._told = self._shown_state
            self._tell(self._told)

    def _tell(self, changes: Mapping[str, Any]) -> None:
        self._page.update({"files": changes})


def _as_dropped(problem: str, request: OpenRequest | None) -> str:
    """What is wrong, with dropped files by their own names instead of where they are kept."""
    return problem if request is None or request.inside is None else problem.replace(f"{request.inside}{os.sep}", "")


def _is_neutral(replay: Replay, entity: EntitySpec) -> bool:
    """Whether a box stands for a robot that has no description."""
    return entity.shape is None and replay.robots[entity.name].path is None


def request_of(folder: Path, shown: OpenRequest | None) -> OpenRequest:
    """What to open of a drop: its recording, or what is shown with its robot. Raises ReplayError."""
    dropped = Dropped(folder)
    recording = dropped.recording()
    if recording is not None:
        return OpenRequest(recording, dropped.urdf_for(recording), inside=folder)
    if shown is None:
        raise RobotAlone
    return replace(shown, urdf=dropped.urdf_for(shown.path), package_dirs=(), inside=folder)
