"""A thread on which calls are made in their order, beside the simulation."""

from __future__ import annotations

import os
import threading
from queue import SimpleQueue
from typing import Any, Callable


class BackgroundCalls:
    """Makes calls while the simulation goes on; who is too far ahead waits.

    Args:
        depth: how many calls may wait to be made; they are lost when the process is killed.

    Attributes:
        error: what a call has raised, after which no more are made.
    """

    def __init__(self, depth: int) -> None:
        # A signal's handler may call `finish` in the middle of `add`: in a `Queue` it would wait for itself.
        self._calls: SimpleQueue = SimpleQueue()
        self._free: SimpleQueue = SimpleQueue()
        for _ in range(depth):
            self._free.put(None)
        self.error: Exception | None = None
        self._process = os.getpid()
        # A daemon, since the simulator's process may end without a word.
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def add(self, call: Callable[[Any], object], argument: Any) -> None:
        """Make a call when those before it are done."""
        # A forked child has no such thread; what it does is not the recording's.
        if threading.current_thread() is self._thread:
            # A call that makes another: waiting for room, it would wait for itself.
            call(argument)
        elif os.getpid() == self._process:
            self._free.get()
            self._calls.put((call, argument))

    def finish(self) -> None:
        """Wait for all calls, and end the thread; a second call does nothing."""
        if self._thread.is_alive() and os.getpid() == self._process:
            self._calls.put(None)
            self._thread.join()

    def _run(self) -> None:
        while True:
            item = self._calls.get()
            if item is None:
                return
            call, argument = item
            try:
                if self.error is None:
                    call(argument)
            except Exception as error:  # Nobody is there to catch it, and the simulation must go on.
                self.error = error
            self._free.put(None)
