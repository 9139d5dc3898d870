"""The table of episodes and what is shown: they show the same episode, and notes stand in the timeline, too."""

from __future__ import annotations

from typing import Any

from ..episodes.table import EpisodeTable
from ..session import Session
from .panel import Shown


class EpisodesPanel:
    """Tells the table what is shown; what the page shows of the table it asks for itself: page/episodes.js."""

    def __init__(self, table: EpisodeTable, session: Session, title: str) -> None:
        """title: what the page calls what is shown."""
        self._table = table
        table.show(session, title)

    def sync(self, shown: Shown) -> None:
        """Mark the episode of the step shown, and read those that have come."""
        self._table.follow()

    def page_state(self) -> dict[str, Any]:
        """What the timeline shows of notes."""
        return {"marks": self._table.marks()}
