"""Whether the other envs are shown, and what their colours tell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from ..session import Session
from .arrangement import Arrangement, arrange
from .coloring import Coloring, by_outcome, by_return
from .shown_episodes import EpisodeTable, earns_rewards

ColorBy = Literal["robot", "outcome", "return"]

# More are not drawn: viewers and people stop telling them apart.
MOST_ENVS = 4096


class CrowdState:
    """The crowd of one replay. Only the owner thread touches it.

    Attributes:
        envs: those that belong to it, positions in the recording; the one that is watched is among them, or beside.
        is_on: whether they are shown. color_by: what their colours tell, once they are.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.envs: Sequence[int] = range(min(session.replay.rollout.num_envs, MOST_ENVS))
        self.is_on = False
        self.color_by: ColorBy = "robot"
        self._table: EpisodeTable | None = None
        self._colored: tuple[object, ...] | None = None
        self._coloring: Coloring | None = None

    @property
    def is_possible(self) -> bool:
        """Whether there is another env to show."""
        return len(self.envs) > 1

    @property
    def color_kinds(self) -> tuple[ColorBy, ...]:
        """What colours can tell of this recording."""
        kinds: tuple[ColorBy, ...] = get_args(ColorBy)
        return kinds if earns_rewards(self._session.replay.rollout) else kinds[:2]

    @cached_property
    def arrangement(self) -> Arrangement:
        """Where the envs stand."""
        replay = self._session.replay
        return arrange(replay.rollout, replay.robots, self.envs)

    @property
    def others(self) -> np.ndarray:
        """Positions within `envs` of those that are not watched."""
        every = np.arange(len(self.envs))
        return every[every != self._session.env_index]

    @property
    def offsets(self) -> np.ndarray:
        """What is added to the recorded positions, (N, 3) [m]: the env that is watched stays where it is."""
        offsets = self.arrangement.offsets
        watched = self._session.env_index
        return offsets - offsets[watched] if watched < len(offsets) else offsets

    @property
    def note(self) -> str:
        """What a user must know of what is shown, or empty."""
        num_envs = self._session.replay.rollout.num_envs
        if not self.is_possible:
            return "This recording has one env."
        capped = f"The first {len(self.envs)} of {num_envs} envs are shown." if num_envs > len(self.envs) else ""
        return " ".join(filter(None, (capped, self.arrangement.note if self.is_on else "")))

    def toggle(self) -> None:
        """Show the other envs, or no longer."""
        self.set_on(not self.is_on)

    def set_on(self, is_on: bool) -> None:
        """Show the other envs or not; without another env, never."""
        self.is_on = bool(is_on) and self.is_possible

    def set_color_by(self, kind: object) -> None:
        """Let the colours tell something else; what is none of `color_kinds` is ignored."""
        for known in self.color_kinds:
            if kind == known:
                self.color_by = known

    @property
    def coloring(self) -> Coloring | None:
        """The envs' colours at the step shown; None for the robot's own. The same object while nothing changes."""
        if not self.is_on or self.color_by == "robot":
            return None
        session = self._session
        table = self._up_to_date_table()
        shown = table.at(session.player.step)
        now = (self.color_by, session.agent, id(table), shown.tobytes())
        if now != self._colored:
            self._colored = now
            by_what = by_outcome(table, shown) if self.color_by == "outcome" else None
            self._coloring = by_what or by_return(table, shown, session.agent)
        return self._coloring

    def _up_to_date_table(self) -> EpisodeTable:
        rollout = self._session.replay.rollout
        if self._table is None or self._table.num_steps != rollout.num_steps:
            self._table = EpisodeTable(rollout, self.envs)
        return self._table
