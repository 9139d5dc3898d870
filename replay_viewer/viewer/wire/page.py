"""The page as one object: viser's server, our scripts in it, and the browsers that are there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import viser

from ...errors import ReplayError
from ...theme import LIGHT
from .access import Access
from .mailbox import Action, Mailbox
from .notices import Busy
from .page_bridge import PageBridge
from .served_films import ServedFilms
from .server import WebsocketHandler, close_server, open_server

_PANEL_WIDTH = 350


class Page:
    """What everything on the page is built with; it is handed to whatever is shown.

    Attributes:
        server: viser's.
        mailbox: what browsers and work in the background leave for the one thread that owns the state.
        bridge: our scripts in the page, and the way to them and back.
        clients: the browsers that are there and have our scripts, by id.
        busy: tells every browser of work that takes a while.
        films: that browsers may fetch.
    """

    def __init__(
        self, access: Access, port: int, title: str, websockets_at: Mapping[str, WebsocketHandler] | None = None
    ) -> None:
        """Open the server, with nothing shown yet; the arguments are those of `open_server`. Raises HostProblem."""
        self.films = ServedFilms()
        self.server = open_server(access, port, title, websockets_at, self.films)
        self.gui.configure_theme(show_logo=False, show_share_button=False, brand_color=LIGHT.accent)
        self.gui.main_panel.dock_right()
        self.gui.main_panel.set_width(_PANEL_WIDTH)
        self.mailbox = Mailbox()
        self.bridge = PageBridge(self.server, self.mailbox)
        self.clients: dict[int, viser.ClientHandle] = {}
        self.busy = Busy(self.update)

    @property
    def gui(self) -> viser.GuiApi:
        """Where panels add their controls."""
        return self.server.gui

    def post(self, action: Action, *args: Any) -> None:
        """Leave an action for the owner; from any thread, returns at once."""
        self.mailbox.post(action, *args)

    def greet(self, client: viser.ClientHandle) -> None:
        """A browser has come: give it our scripts, and tell it what is being done."""
        self.clients[client.client_id] = client
        self.bridge.open(client)
        if self.busy.state:
            self.bridge.update(client, {"busy": self.busy.state})

    def forget(self, client_id: int) -> None:
        """A browser has left."""
        self.clients.pop(client_id, None)

    def update(self, changes: Mapping[str, Any]) -> None:
        """Hand every browser what changed; keys that are left out stay as they were."""
        for client in list(self.clients.values()):
            self.bridge.update(client, changes)

    def notify(self, title: str, problem: str) -> None:
        """Tell every browser of a problem."""
        for client in list(self.clients.values()):
            notify(client, title, problem)

    def download(self, client_id: int, name: str, make: Callable[[], bytes]) -> None:
        """Have a browser save a file, which is made in a thread: it may be large.

        Args:
            client_id: of the browser; one that has left gets nothing.
            name: of the file.
            make: gives what is in the file; a ReplayError of it is told to the browser.
        """
        client = self.clients.get(client_id)
        if client is None:
            return

        def send() -> None:
            try:
                client.send_file_download(name, make(), save_immediately=True)
            except ReplayError as problem:
                notify(client, f"{name} cannot be sent", str(problem))

        threading.Thread(target=send, name="replay-viewer download", daemon=True).start()

    def close(self) -> None:
        """Stop the server."""
        close_server(self.server)


def notify(client: viser.ClientHandle, title: str, problem: str) -> None:
    """Tell a browser of a problem."""
    client.add_notification(title, problem, color="red", auto_close_seconds=8)
