"""The bar at the bottom of the page: what it shows, as plain data, and what it may ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import viser

from ...player import SPEEDS
from ..page_bridge import PageBridge
from ..session import Session

_OUTCOME_CODES = {"terminated": 0, "truncated": 1, "unfinished": 2, "aborted": 3}


class TimelinePanel:
    """Keeps every browser's bar at the session's state; the playhead itself travels with the poses."""

    def __init__(self, page: PageBridge, session: Session, title: str, chart_ids: list[str]) -> None:
        self._page = page
        self._fixed = {
            "title": title,
            "numSteps": session.player.num_steps,
            "dt": session.player.control_dt,
            "speeds": list(SPEEDS),
            "charts": chart_ids,
        }
        self._shown: dict[str, Any] = {}
        self._listed_env: int | None = None

    def greet(self, client: viser.ClientHandle, own: Mapping[str, Any]) -> None:
        """Give a browser that has just connected the bar and all of its state; `own` is what only it has."""
        self._page.open(client)
        self._page.update(client, {**self._fixed, **self._shown, **own})

    def update(self, client: viser.ClientHandle, own: Mapping[str, Any]) -> None:
        """Tell one browser what changed for it alone."""
        self._page.update(client, own)

    def toggle_zoom(self, client: viser.ClientHandle) -> None:
        """Let one browser's timeline span the shown episode only, or the whole recording again."""
        self._page.toggle_zoom(client)

    def sync(self, session: Session, clients: Iterable[viser.ClientHandle]) -> None:
        """Tell every browser what changed."""
        state = self._state(session)
        changes = {key: value for key, value in state.items() if self._shown.get(key) != value}
        if changes:
            self._shown.update(changes)
            for client in clients:
                self._page.update(client, changes)

    def _state(self, session: Session) -> dict[str, Any]:
        state = {
            "playing": session.player.playing,
            "speed": session.player.speed,
            "loop": session.player.loop,
            "envId": session.env_id,
            "episode": _episode(session),
            "standIn": session.stand_in,
        }
        if self._listed_env != session.env_index:
            self._listed_env = session.env_index
            state["episodes"] = _episodes(session)
        return state


def _episode(session: Session) -> dict[str, Any]:
    episode = session.episode
    return {
        "index": episode.index,
        "first": episode.first_step,
        "last": episode.last_step,
        "outcome": episode.outcome,
        "reason": episode.outcome_reason,
    }


def _episodes(session: Session) -> dict[str, list[int]]:
    return {
        "first": [e.first_step for e in session.episodes],
        "last": [e.last_step for e in session.episodes],
        "outcome": [_OUTCOME_CODES[e.outcome] for e in session.episodes],
    }
