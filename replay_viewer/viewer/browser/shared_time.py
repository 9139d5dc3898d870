"""The time and the env that all browsers share: who is moved by another one is told so, at the beginning."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from ..wire.page_bridge import PageAction

# One who has moved them less than so long ago goes on, and is not told of once more [s].
_GOES_ON = 10.0


class SharedTime:
    """Tells every other browser of one that begins to move the time, or chooses another env."""

    def __init__(
        self, browsers: Collection[int], tell: Callable[[int], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """browsers: the ids of those that are there, kept up to date. tell: called with one's id. clock: in seconds."""
        self._browsers, self._tell, self._clock = browsers, tell, clock
        self._mover, self._moved_at = -1, 0.0
        self._told_already: set[int] = set()

    def told(self, actions: Mapping[str, PageAction]) -> dict[str, PageAction]:
        """The same actions, which the browsers are told of that did not ask for them."""
        return {name: self.told_of(action) for name, action in actions.items()}

    def told_of(self, action: PageAction) -> PageAction:
        """The same for one action."""

        def run(value: object, client_id: int) -> None:
            action(value, client_id)
            self.note(client_id)

        return run

    def note(self, mover: int) -> None:
        """A browser, by its id, has moved them."""
        now = self._clock()
        if mover != self._mover or now - self._moved_at >= _GOES_ON:
            self._told_already = {mover}
        self._mover, self._moved_at = mover, now
        for browser in set(self._browsers) - self._told_already:
            self._told_already.add(browser)
            self._tell(browser)
