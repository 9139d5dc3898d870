"""The files that can be opened from the page: the recordings of a folder, and what somebody drops into it.

The page names recordings by their number in the list, and drops by a key: never by a path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import viser

from ...errors import BadArgument, ReplayError, printable
from ...formats import table
from ..episodes.sources import Listing
from ..episodes.stock import Stock
from ..wire.page import Page, notify
from ..wire.page_bridge import PageAction
from .dropped import Dropped, RobotAlone, SeveralRecordings
from .known import Known
from .opening import OpenRequest
from .openings import Find, Opened, Openings
from .place import Place
from .uploads import MAX_BYTES, Uploads

if TYPE_CHECKING:
    from ...replay.replay import Replay
    from ...replay.world import World
    from ...rollout.entities import EntitySpec

# What can be dropped beside recordings.
_ROBOT, _PACKED = ".urdf", ".zip"


class Files:
    """Opens what the browsers ask for. Only the owner thread touches it.

    Attributes:
        known: names of recordings, and how they are opened again.
        openings: the work.
    """

    def __init__(
        self,
        page: Page,
        uploads: Uploads,
        stock: Stock,
        show: Callable[[Replay, OpenRequest], object],
        go: Callable[[Place, int], object],
    ) -> None:
        """Nothing is shown yet.

        Args:
            page: the page, in which what is done is told.
            uploads: what is dropped; it is removed when it is not needed any more.
            stock: lists the recordings of a folder.
            show: shows what was opened in the place of what is shown, or raises; then what is shown stays.
            go: goes to a place in what is shown, for the browser with an id, or raises.
        """
        self._page, self._uploads, self._stock, self._show, self._go = page, uploads, stock, show, go
        self.known = Known(lambda: stock.listing)
        self.openings = Openings(page, self._choose_dropped)
        self._request: OpenRequest | None = None
        self._lead: Replay | None = None
        self._lacks_robot = False
        self._how: OpenRequest | None = None
        self._told: Mapping[str, Any] = {}
        stock.changed.append(self._tell_shown)

    @property
    def actions(self) -> dict[str, PageAction]:
        """What the page may ask for."""
        return {
            "open_listed": self._open_listed,
            "open_neighbour": self._open_neighbour,
            "open_upload": self._open_upload,
            "cancel_opening": lambda value, client_id: self.openings.abandon(),
        }

    def list_folder(self, how: OpenRequest, name: str = "") -> None:
        """Let the pages choose from the recordings of a folder.

        Args:
            how: how each of them is opened; its path is the folder's.
            name: what to call the folder; empty for its own name.
        """
        self._how = how
        self.known.open_folder_by(how)
        self._stock.list_folder(how.path, name)
        self._tell({**self._state, "isAskedFor": True})

    def greet(self, client: viser.ClientHandle) -> None:
        """Tell a browser that has just come."""
        self._page.bridge.update(client, {"files": self._state})

    def shown(self, world: World, request: OpenRequest | None) -> None:
        """Something is shown now; what was dropped before is not needed any more.

        request: how it was opened, where another robot may take the place of its own; None for several, and for what
            is in memory.
        """
        replay = world.lead.replay
        self._request, self._lead = request, replay
        if request is not None:
            self.known.note(request)
        # A robot can be added to what can be opened again.
        self._lacks_robot = request is not None and any(_is_neutral(replay, entity) for entity in replay.rollout.robots)
        paths = [shown.rollout.path for shown in world.replays if shown.rollout.path is not None]
        requests = [known for known in map(self.known.request_for, paths) if known is not None]
        used = [
            *paths,
            *(known.urdf for known in requests if known.urdf),
            *([self.listing.folder] if self.listing else []),
        ]
        self._uploads.keep_only(used)
        self.known.forget(lambda path: self._uploads.is_removed(path))
        self._tell_shown()

    def close(self) -> None:
        """End what is being done, and remove what was dropped."""
        self.openings.abandon()
        self._stock.close()
        self._uploads.close()

    def go_to(self, path: Path | None, place: Place, client_id: int) -> None:
        """Go to a place in a recording of the folder; in what is shown where there is no path."""
        if path is None:
            self._go_or_tell(place, client_id)
        else:
            self._open_path(path, client_id, place)

    # -- opening --------------------------------------------------------------

    def _open_listed(self, value: Any, client_id: int) -> None:
        if self.listing is not None:
            path = self.listing.numbered(value).path
            assert path is not None, "what is listed is on the disk"
            self._open_path(path, client_id)

    def _open_neighbour(self, value: Any, client_id: int) -> None:
        neighbour = self._neighbour(value) if value in (-1, 1) else None
        if neighbour is not None:
            self._open_path(neighbour, client_id)

    def _neighbour(self, step: int) -> Path | None:
        """The recording before or after the one shown in the list."""
        path = None if self._lead is None else self._lead.rollout.path
        return None if self.listing is None or path is None else self.listing.neighbour(path, step)

    def go_to_named(self, place: Place, client_id: int) -> None:
        """Go where the address of a page says: in what is shown, or in a recording that it names."""
        try:
            request = None if self._is_meant(place) else self.known.named(place.recording or "?")
        except ReplayError as error:
            return self.tell_odd(error, client_id)
        if request is None:
            self._go_or_tell(place, client_id)
        else:
            self._open(lambda: request, client_id, place)

    def _is_meant(self, place: Place) -> bool:
        """Whether a place is in what is shown."""
        return self._lead is not None and place.recording in (None, self.known.name_of(self._lead.rollout))

    def _go_or_tell(self, place: Place | None, client_id: int) -> None:
        try:
            if place is not None:
                self._go(place, client_id)
        except ReplayError as error:
            self.tell_odd(error, client_id)

    def tell_odd(self, error: ReplayError, client_id: int) -> None:
        """Tell a browser that its address leads nowhere."""
        client = self._page.clients.get(client_id)
        if client is not None:
            notify(client, "There is no such place", str(error))

    def _open_path(self, path: Path, client_id: int, place: Place | None = None) -> None:
        assert self._how is not None, "there is a list"
        self._open(partial(replace, self._how, path=path), client_id, place)

    def _open_upload(self, value: Any, client_id: int) -> None:
        self._open(self.find_upload(value), client_id)

    @property
    def listing(self) -> Listing | None:
        """What is in the folder that recordings are chosen from, if there is one."""
        return self._stock.listing

    def find_path(self, path: Path) -> Find:
        """What to open of a recording that is known. Raises BadArgument for another one."""
        request = self.known.request_for(path)
        if request is None:
            raise BadArgument("recording", printable(path.name), "is not among those that are served here.")
        return lambda: request

    def find_upload(self, key: object) -> Find:
        """What to open of a drop. Raises BadArgument for a key of none."""
        return partial(request_of, self._uploads.folder(key), self._request)

    def _open(self, find: Find, client_id: int, place: Place | None = None) -> None:
        """Open something, instead of what is being opened, and go to a place in it."""

        def take(opened: Sequence[Opened]) -> None:
            for each in opened:
                self._show(each.replay, each.request)
                self._go_or_tell(place, client_id)

        self.openings.begin([find], client_id, take)

    def _choose_dropped(self, found: SeveralRecordings) -> None:
        self.list_folder(OpenRequest(found.folder), "what was dropped")

    # -- the pages ------------------------------------------------------------

    @property
    def _state(self) -> dict[str, Any]:
        accept = ",".join((*table.suffixes(), _ROBOT, _PACKED))
        taken = {"limit": MAX_BYTES, "accept": accept, "formats": table.described()}
        return {**taken, "folder": self._stock.folder, **self._shown_state}

    @property
    def _shown_state(self) -> dict[str, Any]:
        """What is shown, and where it is in the list: None for what is not."""
        path = None if self._lead is None else self._lead.rollout.path
        listed = None if self.listing is None or path is None else self.listing.find(path)
        number = None if listed is None else listed.number
        neighbours = [self._neighbour(step) is not None for step in (-1, 1)]
        return {
            "isShown": self._lead is not None,
            "lacksRobot": self._lacks_robot,
            "shown": number,
            "neighbours": neighbours,
        }

    def _tell_shown(self) -> None:
        """Tell the pages where in the list it is, if that has changed."""
        if self._shown_state != self._told:
            self._told = self._shown_state
            self._tell(self._told)

    def _tell(self, changes: Mapping[str, Any]) -> None:
        self._page.update({"files": changes})


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
