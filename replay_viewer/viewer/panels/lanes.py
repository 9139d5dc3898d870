"""The lanes of the timeline: when each take beside the lead has begun and ended which episodes, in the lead's steps."""

from __future__ import annotations

from typing import Any

from ...replay.take import Take
from ...rollout.episodes import KIND_TEXT, kind_of
from ..session import Session

# The page is sent the kinds in this order.
_KIND_CODES = {kind: code for code, kind in enumerate(KIND_TEXT)}
# Of more, the page would draw several in one pixel.
_MAX_EPISODES = 2000


class Lanes:
    """What the page has to know of them: episodes in the take's own steps, and where these stand among the lead's."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen: object = None
        self._episodes: list[dict[str, Any]] = []

    def state(self) -> dict[str, Any]:
        """By key of the page's state. The episodes are the same object for as long as nothing has changed of them."""
        world = self._session.world
        seen = [(take.key, take.env_index, take.steps, take.replay.rollout.num_growths) for take in world.others]
        if seen != self._seen:
            self._seen, self._episodes = seen, [_episodes(take) for take in world.others]
        return {"lanes": self._episodes, "laneTimes": [list(world.time_line(take)) for take in world.others]}


def _episodes(take: Take) -> dict[str, Any]:
    """First and last steps and kinds of the episodes that a take shows, and the first and last step of all of them."""
    first, last = take.span
    every = take.replay.rollout.episodes(take.env_index)
    shown = [e for e in every if e.first_step <= last and e.last_step >= first][:_MAX_EPISODES]
    return {
        "span": [first, last],
        "first": [max(e.first_step, first) for e in shown],
        "last": [min(e.last_step, last) for e in shown],
        "kind": [_KIND_CODES[kind_of(e)] for e in shown],
    }
