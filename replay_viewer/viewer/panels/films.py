"""The films of the robot's cameras, which the page shows beside the robot, at the step that is shown: page/films.js."""

from __future__ import annotations

from typing import Any

from ...clips.placing import Placed, camera_films, place_of
from ...errors import printable
from ..episodes.stock import Stock
from ..session import Session
from ..wire.page import Page
from .panel import Shown


class FilmsPanel:
    """Tells the page which films there are of the episode shown, and where they stand in it."""

    def __init__(self, page: Page, stock: Stock, session: Session) -> None:
        self._page, self._stock, self._session = page, stock, session
        self._key: tuple[Any, ...] = ()
        self._told: list[dict[str, Any]] = []

    def sync(self, shown: Shown) -> None:
        """Look for further films while the recording is written; the page is told with the timeline's state."""
        tail = self._session.tail
        if tail is not None and tail.is_written:
            self._stock.look_at_films()

    def page_state(self) -> dict[str, Any]:
        """The films of the episode shown."""
        episode = self._session.episode
        key = self._session.env_index, episode.index, episode.last_step, self._stock.shelf.version
        if key != self._key:
            place = place_of(self._session.replay.rollout, episode, self._stock.shelf.films)
            self._key, films = key, camera_films(self._stock.shelf.films, place)
            self._told = [self._sent(placed) for placed in films]
        return {"films": self._told}

    def _sent(self, placed: Placed) -> dict[str, Any]:
        film = placed.film
        assert film.path is not None, "it is complete"
        times = {name: getattr(placed, name) for name in ("first", "stride", "fps", "frames")}
        name = printable(film.record.camera or "camera")[:80]
        return {"url": self._page.films.address(film.path, film.modified), "camera": name, **times}
