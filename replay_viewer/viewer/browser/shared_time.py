"""The time that all browsers share: who is moved by another one is told so, at the beginning."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ..wire.page_bridge import PageAction

# One who has moved the time less than so long ago goes on, and is not told of once more [s].
_GOES_ON = 10.0


class SharedTime:
    """Tells of a browser that begins to move the time."""

    def __init__(self, tell: Callable[[int], object], clock: Callable[[], float] = time.monotonic) -> None:
        """tell: called with the browser's id. clock: in seconds."""
        self._tell, self._clock = tell, clock
        self._mover, self._moved_at = -1, 0.0

    def told(self, actions: Mapping[str, PageAction]) -> dict[str, PageAction]:
        """The same actions, and who runs one is told of."""
        return {name: self._told(action) for name, action in actions.items()}

    def _told(self, action: PageAction) -> PageAction:
        def run(value: object, client_id: int) -> None:
            action(value, client_id)
            self._note(client_id)

        return run

    def _note(self, client_id: int) -> None:
        now = self._clock()
        goes_on = client_id == self._mover and now - self._moved_at < _GOES_ON
        self._mover, self._moved_at = client_id, now
        if not goes_on:
            self._tell(client_id)
