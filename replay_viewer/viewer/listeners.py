"""Functions of a user's that are called with each step that is shown."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..errors import printable

# Called with the step that is shown now, of the recording that leads.
StepListener = Callable[[int], object]

_log = logging.getLogger(__name__)


class StepListeners:
    """They are called on the viewer's thread; one that raises is told of, and not called any more."""

    def __init__(self, notify: Callable[[str, str], object]) -> None:
        """notify: called with a title and a text."""
        self._listeners: list[StepListener] = []
        self._notify = notify
        self._told: object = None

    def add(self, listener: StepListener) -> None:
        """Call it from now on, beginning with the step that is shown."""
        self._listeners.append(listener)
        self._told = None

    def tell(self, shown: object, step: int) -> None:
        """Call all of them if it is another step than the last time, or something else is shown."""
        if not self._listeners or self._told == (shown, step):
            return
        self._told = (shown, step)
        for listener in list(self._listeners):
            try:
                listener(step)
            except Exception as error:
                _log.exception("a listener of steps failed: it is not called any more")
                self._listeners.remove(listener)
                told = printable(f"{type(error).__name__}: {error}")
                self._notify("A listener of steps failed, and is not called any more", told)
