"""The way from the browsers to the one thread that owns the state: callbacks only post, the owner runs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

Action = Callable[..., object]


class Mailbox:
    """Actions posted by any thread, in order, run later by the owner."""

    def __init__(self) -> None:
        self._posted: deque[tuple[Action, tuple[Any, ...]]] = deque()
        self._arrived = threading.Event()

    def post(self, action: Action, *args: Any) -> None:
        """Leave an action for the owner; returns at once."""
        self._posted.append((action, args))
        self._arrived.set()

    def wait(self, timeout: float | None) -> None:
        """Sleep until something is posted, or `timeout` seconds have passed."""
        self._arrived.wait(timeout)

    def take(self) -> list[tuple[Action, tuple[Any, ...]]]:
        """Everything posted so far, oldest first."""
        self._arrived.clear()
        return [self._posted.popleft() for _ in range(len(self._posted))]


class _Updatable(Protocol):
    def on_update(self, func: Any) -> Any: ...


def bind(handle: _Updatable, mailbox: Mailbox, action: Action) -> None:
    """Post `action(value, client_id)` whenever a user changes the control.

    The callbacks here are coroutines because viser runs those in order on its event loop, with the value that the
    browser just sent; plain functions run later on a thread pool, where two quick changes can overtake each other.
    """

    @handle.on_update
    async def _(event: Any) -> None:
        if event.client is not None:  # None: our own sync.
            mailbox.post(action, event.target.value, event.client.client_id)
