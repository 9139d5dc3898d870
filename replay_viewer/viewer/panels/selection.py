"""Which env, which episode and, where each agent has its own reward, which agent."""

from __future__ import annotations

from typing import Any

import viser

from ...rollout import Episode
from ..mailbox import Mailbox, bind
from ..session import Session

ALL_AGENTS = "all agents"
OUTCOME_TEXT = {
    "terminated": "terminated",
    "truncated": "time-out",
    "unfinished": "unfinished",
    "aborted": "reset from outside",
}


class SelectionPanel:
    """Dropdowns; the episode's list belongs to the chosen env."""

    def __init__(self, gui: viser.GuiApi, mailbox: Mailbox, session: Session) -> None:
        rollout = session.replay.rollout
        self._env = gui.add_dropdown("Env", [str(i) for i in rollout.env_ids], hint="The simulator's env index")
        self._episode = gui.add_dropdown("Episode", _labels(session), hint="Go to the start of an episode")
        self._agent: Any = None
        bind(self._env, mailbox, lambda value: session.select_env(int(value)))
        bind(self._episode, mailbox, lambda value: session.select_episode(int(value.split(":")[0]) - 1))
        if rollout.agents_shape:
            agents = [str(agent) for agent in range(rollout.agents_shape[0])]
            self._agent = gui.add_dropdown("Agent", [ALL_AGENTS, *agents], hint="Whose rewards are shown")
            bind(self._agent, mailbox, lambda v: session.select_agent(None if v == ALL_AGENTS else int(v)))
        self._listed_env = session.env_index

    def sync(self, session: Session) -> None:
        """Show the session's choice."""
        if self._listed_env != session.env_index:
            self._listed_env = session.env_index
            self._episode.options = _labels(session)
        _set(self._env, str(session.env_id))
        _set(self._episode, _label(session.episode))
        if self._agent is not None:
            _set(self._agent, ALL_AGENTS if session.agent is None else str(session.agent))


def _set(handle: Any, value: str) -> None:
    if handle.value != value:
        handle.value = value


def _labels(session: Session) -> list[str]:
    return [_label(episode) for episode in session.episodes]


def _label(episode: Episode) -> str:
    steps = "step" if episode.num_steps == 1 else "steps"
    return f"{episode.index + 1}: {OUTCOME_TEXT[episode.outcome]}, {episode.num_steps} {steps}"
