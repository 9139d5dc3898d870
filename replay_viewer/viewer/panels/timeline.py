"""The bar at the bottom of the page: what it shows, as plain data, and what it may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import viser

from ...errors import printable
from ...replay.modes import ALIGNMENTS, MODES
from ...replay.player import SPEEDS
from ...rollout.episodes import KIND_TEXT, Episode, kind_of, outcome_text
from ...theme import css_color
from ..session import Session
from ..wire.page import Page
from .lanes import Lanes
from .panel import Shown

# The page is sent the kinds in this order.
_KIND_CODES = {kind: code for code, kind in enumerate(KIND_TEXT)}
_UNFOLLOWED = "Still being written when it was opened: start the viewer with --tail to follow it"


class TimelinePanel:
    """Keeps every browser's bar at the session's state; the playhead itself travels with the poses."""

    def __init__(
        self, page: Page, session: Session, title: str, panels: Sequence[Callable[[], Mapping[str, Any]]]
    ) -> None:
        """panels: each gives what the page has to know of another panel."""
        self._page = page
        self._fixed = {
            "title": title,
            "dt": session.player.control_dt,
            "speeds": list(SPEEDS),
            "kinds": dict(KIND_TEXT),
            "alignments": dict(ALIGNMENTS),
        }
        self._state, self._panels = TimelineState(session), panels
        self._shown = self._told()

    def greet(self, client: viser.ClientHandle, own: Mapping[str, Any]) -> None:
        """Give a browser's bar all of its state; `own` is what only it has."""
        self._page.bridge.update(client, {**self._fixed, **self._state.everything(), **self._shown, **own})

    def sync(self, shown: Shown) -> None:
        """Tell every browser what changed."""
        news = {key: value for key, value in self._told().items() if self._shown[key] != value}
        self._shown.update(news)
        changes = {**self._state.changes(), **news}
        if changes:
            self._page.update(changes)

    def _told(self) -> dict[str, Any]:
        return {key: value for panel in self._panels for key, value in panel().items()}


class TimelineState:
    """What the bars show, as plain data, and what of it has changed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shown: dict[str, Any] = {}
        self._lanes = Lanes(session)
        self._listed = self._listing()

    def everything(self) -> dict[str, Any]:
        """All that the bars show since the last `changes`."""
        env_index, count, _ = self._listed
        episodes = self._session.replay.rollout.episodes(env_index)[:count]
        return {**self._shown, "episodes": _episodes(episodes)}

    def changes(self) -> dict[str, Any]:
        """What has changed since the last call: of the episodes of an env that goes on, only those that are new."""
        state = {**_state(self._session), **self._lanes.state()}
        changes = {
            key: value for key, value in state.items() if key not in self._shown or _differs(self._shown[key], value)
        }
        self._shown.update(changes)
        return {**changes, **self._changed_episodes()}

    def _changed_episodes(self) -> dict[str, Any]:
        """Another env's episodes, or those of the same env from the last one on that was listed."""
        env_index, count, growths = self._listed
        self._listed = self._listing()
        episodes = self._session.episodes
        if env_index != self._listed[0]:
            return {"episodes": _episodes(episodes)}
        if growths != self._listed[2]:
            return {"newEpisodes": {"from": count - 1, **_episodes(episodes[count - 1 :])}}
        return {}

    def _listing(self) -> tuple[int, int, int]:
        """Of which env episodes are listed, how many, and how often the recording had grown then."""
        session = self._session
        return session.env_index, len(session.episodes), session.replay.rollout.num_growths


def _differs(was: object, now: object) -> bool:
    """Whether a value is another one; lists of many episodes, which are the same object, are not compared."""
    return was is not now and was != now


def _state(session: Session) -> dict[str, Any]:
    return {
        "numSteps": session.player.num_steps,
        "playing": session.playing,
        "speed": session.player.speed,
        "loop": session.player.loop,
        "selection": session.player.selection,
        "envId": session.env_id,
        "episode": _episode(session),
        "standIn": session.stand_in,
        "tail": _tail(session),
        "takes": _takes(session),
        "mode": MODES[session.world.mode],
        "alignment": session.world.alignment,
    }


def _takes(session: Session) -> list[dict[str, Any]]:
    """Keys, names, colours, notes and delays of several takes; without a colour, a take is drawn in its robots' own."""
    world = session.world
    if not world.others:
        return []
    colors = ["" if take.tint is None else css_color(take.tint) for take in world.takes]
    told = zip(world.takes, world.names, colors, world.notes(session.player.position), strict=True)
    return [
        {"key": take.key, "name": printable(name), "color": color, "note": note, "delay": round(take.delay, 4)}
        for take, name, color, note in told
    ]


def _tail(session: Session) -> dict[str, Any] | None:
    """How it stands with a recording that is written while it is shown; None for any other."""
    if session.tail is not None:
        return {"state": session.tail.state, "live": session.live, "message": session.tail.message}
    return {"state": "unfollowed", "live": False, "message": _UNFOLLOWED} if session.is_left_behind else None


def _episode(session: Session) -> dict[str, Any]:
    episode = session.episode
    return {
        "index": episode.index,
        "first": episode.first_step,
        "last": episode.last_step,
        "kind": kind_of(episode),
        "text": "running" if session.is_running(episode) else outcome_text(episode),
    }


def _episodes(episodes: Sequence[Episode]) -> dict[str, list[int]]:
    return {
        "first": [e.first_step for e in episodes],
        "last": [e.last_step for e in episodes],
        "kind": [_KIND_CODES[kind_of(e)] for e in episodes],
    }
