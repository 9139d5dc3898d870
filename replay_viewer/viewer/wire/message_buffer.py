"""viser's buffer of messages for its browsers, mended: messages may come from any thread."""

from __future__ import annotations

import asyncio
from asyncio.events import AbstractEventLoop

from viser.infra import _infra
from viser.infra._async_message_buffer import AsyncMessageBuffer


class MessageBuffer(AsyncMessageBuffer):
    """A buffer whose event, which wakes the senders of windows, is set in the event loop only.

    viser 1.1.1 also sets it in the thread that queues a message, which asyncio does not allow: once in some hundred
    thousand messages that raises "deque mutated during iteration", which ended the viewer after minutes of playback, or
    a sender sleeps on and its page stands still.
    """

    def __init__(self, event_loop: AbstractEventLoop, persistent_messages: bool) -> None:
        super().__init__(event_loop, persistent_messages, message_event=LoopEvent(event_loop))


class LoopEvent(asyncio.Event):
    """An event that is set in its loop's thread only. viser asks the loop to set it besides, which is enough."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        super().__init__()
        self._own_loop = loop

    def set(self) -> None:
        """Wake all that wait, if this is the loop's thread."""
        if _running_loop() is self._own_loop:
            super().set()


def _running_loop() -> AbstractEventLoop | None:
    """The loop that runs in this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def use_mended_buffers() -> None:
    """Every viser server that starts from now on has such buffers, for all browsers and for each."""
    # Where viser looks it up when a server starts or a browser comes.
    setattr(_infra, AsyncMessageBuffer.__name__, MessageBuffer)
