"""The browsers that show the viewer: each has a view of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import viser

from ...camera.presets import CameraPose
from ...theme import LOOKS
from ..session import Session
from ..wire.mailbox import Action
from ..wire.page import Page
from ..wire.page_bridge import PageAction
from .memory import read_memory
from .view import BrowserView, Subject


class Browsers:
    """The view of every browser, and what its keys and buttons do to that.

    Attributes:
        views: by the id of the browser.
    """

    def __init__(self, page: Page, session: Session, *, shadows: bool) -> None:
        """shadows: whether the light casts shadows at first."""
        self.views: dict[int, BrowserView] = {}
        self._page, self._session, self._shadows = page, session, shadows
        self._set_home_view()

    @property
    def subject(self) -> Subject:
        """What cameras look at now."""
        return Subject(self._session.aim, self._session.size)

    @property
    def actions(self) -> dict[str, PageAction]:
        """What a key or a button does to the view of the browser that it was pressed in."""

        def look(name: str) -> PageAction:
            return lambda _, client_id: self.views[client_id].look_from(name, self.subject)

        def changed(client_id: int, change: Action, *args: Any) -> None:
            change(*args)
            view = self.views[client_id]
            self._page.bridge.update(view.client, view.state)

        return {
            **{f"look_{name}": look(name) for name in ("top", "side", "front", "follow")},
            "toggle_follow": lambda _, client: changed(client, self.views[client].toggle_follow, self.subject),
            "set_look": lambda value, client: self._set_look(client, value),
            "restore_view": lambda value, client: changed(
                client, self.views[client].restore, read_memory(value), self.subject
            ),
            "reset_view": lambda _, client: changed(client, self.views[client].reset, self.subject),
            "toggle_shadows": lambda _, client: changed(client, self.views[client].toggle_shadows),
            "zoom": lambda _, client: self._page.bridge.toggle_zoom(self.views[client].client),
            "copy_link": lambda _, client: self._page.bridge.copy_link(self.views[client].client),
            "take_screenshot": lambda _, client: self._page.bridge.take_screenshot(self.views[client].client),
        }

    def greet(self, client: viser.ClientHandle) -> None:
        """Give a browser a view."""
        view = self.views[client.client_id] = BrowserView(client, shadows=self._shadows)
        view.look_from("follow", self.subject)

    def state(self, client_id: int) -> dict[str, Any]:
        """What the page of one browser has to know of its view."""
        return {**self.views[client_id].state, "size": self.subject.size}

    def forget(self, client_id: int) -> None:
        """A browser has left."""
        self._session.end_scrub(client_id)
        self.views.pop(client_id, None)

    def look_from(self, name: str) -> None:
        """Put all cameras on a preset."""
        for view in self.views.values():
            view.look_from(name, self.subject)

    def stand_at(self, position: np.ndarray, look_at: np.ndarray) -> None:
        """Put all cameras at a point (3,) [m] of the world, from where they look at another."""
        for view in self.views.values():
            view.stand_at(position, look_at, self.subject)
            self._page.bridge.update(view.client, view.state)

    def place_view(self, client_id: int, pose: CameraPose, world: np.ndarray | None, keeps_all: bool) -> None:
        """Put a browser's camera on a pose in its own space; see `BrowserView.place`."""
        view = self.views[client_id]
        view.place(pose, world, keeps_all, self.subject)
        self._page.bridge.update(view.client, view.state)

    def toggle_keep_all(self, client_id: int, points: np.ndarray) -> None:
        """Have a browser's camera go along with all that is shown, now at points (K, 3) [m], or no longer."""
        view = self.views[client_id]
        view.toggle_keep_all(points, self.subject)
        self._page.bridge.update(view.client, view.state)

    @property
    def keeping_all(self) -> list[BrowserView]:
        """The views that go along with all that is shown."""
        return [view for view in self.views.values() if view.keeps_all]

    def close(self) -> None:
        """Take away what is the browsers' own."""
        for view in self.views.values():
            view.close()

    def _set_look(self, client_id: int, name: Any) -> None:
        if isinstance(name, str) and name in LOOKS:
            self.views[client_id].look = LOOKS[name]

    def _set_home_view(self) -> None:
        """What viser's "reset view" goes to: the follow preset of the first frame shown."""
        pose = self.subject.seen_from("follow", self.subject.origin)
        camera = self._page.server.initial_camera
        camera.position, camera.look_at, camera.fov = pose.position, pose.look_at, pose.fov
