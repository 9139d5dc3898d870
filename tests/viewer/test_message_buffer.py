"""Messages may be queued from any thread: asyncio's objects are touched in their loop's thread only."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest
from viser import _messages
from viser_servers import running_server

from replay_viewer.viewer.wire.message_buffer import LoopEvent, MessageBuffer

MESSAGES = 2000


class WatchedFuture(asyncio.Future):
    """Tells in which threads such futures were given their results."""

    threads: ClassVar[set[int]] = set()

    def set_result(self, result: object) -> None:
        self.threads.add(threading.get_ident())
        super().set_result(result)


class WatchedLoop(asyncio.SelectorEventLoop):
    def create_future(self) -> asyncio.Future:
        return WatchedFuture(loop=self)


@pytest.fixture
def loop() -> Iterator[WatchedLoop]:
    """A loop that runs in a thread of its own."""
    loop = WatchedLoop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_messages_of_another_thread_all_arrive_and_wake_senders_in_the_loop_only(loop: WatchedLoop) -> None:
    buffer = MessageBuffer(loop, persistent_messages=False)
    buffer.window_duration_sec = 0.0
    arrived: list[str] = []

    async def send() -> int:
        async for window in buffer.window_generator(0):
            arrived.extend(message.source for message in window if isinstance(message, _messages.RunJavascriptMessage))
        return threading.get_ident()

    sender = asyncio.run_coroutine_threadsafe(send(), loop)
    WatchedFuture.threads.clear()
    for number in range(MESSAGES):
        buffer.push(_messages.RunJavascriptMessage(str(number)))
        if number % 100 == 0:
            time.sleep(0.001)  # So that the sender falls asleep in between.
    deadline = time.monotonic() + 10
    while len(arrived) < MESSAGES and time.monotonic() < deadline:
        time.sleep(0.01)
    buffer.set_done()
    own_thread = sender.result(timeout=10)
    assert arrived == [str(number) for number in range(MESSAGES)]
    assert WatchedFuture.threads == {own_thread}


def test_servers_have_such_buffers() -> None:
    with running_server() as server:
        assert isinstance(server._websock_server._broadcast_buffer.message_event, LoopEvent)
