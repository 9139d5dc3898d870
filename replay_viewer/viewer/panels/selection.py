"""The choice of env, episode and, where each agent has its own reward, agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...rollout.episodes import KIND_TEXT, Episode, kind_of
from ..session import Session
from ..wire.mailbox import bind
from ..wire.page import Page
from ..wire.page_bridge import PageAction
from .panel import Shown, send_changes

ALL_AGENTS = "all agents"

# A longer list cannot be used, and is sent anew with every episode that ends while the recording is written.
_MAX_LISTED = 1000


class SelectionPanel:
    """Dropdowns; the episode's list belongs to the chosen env."""

    def __init__(self, page: Page, session: Session, told_of: Callable[[PageAction], PageAction]) -> None:
        """told_of: an action, as one of which other browsers are told."""
        gui, mailbox = page.gui, page.mailbox
        rollout = session.replay.rollout
        self._env = gui.add_dropdown("Env", [str(i) for i in rollout.env_ids], hint="The simulator's env index")
        self._episode = gui.add_dropdown("Episode", _labels(session), hint="Go to the start of an episode")
        self._agent: Any = None
        bind(self._env, mailbox, told_of(lambda value, _: session.select_env(int(value))))
        bind(
            self._episode,
            mailbox,
            told_of(lambda value, _: session.select_episode(int(value.split(":")[0]))),
        )
        if rollout.agents_shape:
            agents = [str(agent) for agent in range(rollout.agents_shape[0])]
            self._agent = gui.add_dropdown("Agent", [ALL_AGENTS, *agents], hint="Whose rewards are shown")
            bind(self._agent, mailbox, lambda v, _: session.select_agent(None if v == ALL_AGENTS else int(v)))
        self._listed = _listed(session)

    def sync(self, shown: Shown) -> None:
        """Show the session's choice."""
        session = shown.session
        listed = _listed(session)
        is_listed = _label(session, session.episode) in self._episode.options
        if listed != self._listed and (shown.takes_growth or not is_listed):
            self._listed = listed
            self._episode.options = _labels(session)
        send_changes(self._env, value=str(session.env_id))
        send_changes(self._episode, value=_label(session, session.episode))
        if self._agent is not None:
            send_changes(self._agent, value=ALL_AGENTS if session.agent is None else str(session.agent))


def _listed(session: Session) -> tuple[object, ...]:
    """What changes where the list does."""
    episodes = session.episodes
    is_shortened = len(episodes) > _MAX_LISTED
    return (session.env_index, len(episodes), _label(session, episodes[-1]), is_shortened and session.episode.index)


def _labels(session: Session) -> list[str]:
    """The latest episodes, and the one shown."""
    latest = session.episodes[-_MAX_LISTED:]
    shown = [session.episode] if session.episode.index < latest[0].index else []
    return [_label(session, episode) for episode in (*shown, *latest)]


def _label(session: Session, episode: Episode) -> str:
    if session.is_running(episode):
        return f"{episode.index}: running"
    steps = "step" if episode.num_steps == 1 else "steps"
    return f"{episode.index}: {KIND_TEXT[kind_of(episode)]}, {episode.num_steps} {steps}"
