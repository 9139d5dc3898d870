"""Keeps recorded steps safe against a power failure, off the simulation's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable


class BackgroundSync:
    """Syncs what is being written about once a second.

    sync: does it. on_error: called on this thread when a disk refuses; nothing is synced after that.
    """

    def __init__(self, sync: Callable[[], None], on_error: Callable[[OSError], object], period: float = 1.0) -> None:
        self._sync, self._on_error, self._period = sync, on_error, period
        self._stop = threading.Event()
        # A daemon: the simulator's process may end without a word, and must not wait for a slow disk.
        self._thread = threading.Thread(target=self._run, name="recording-sync", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread, when it has done what it is doing."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._period):
            try:
                self._sync()
            except OSError as error:
                self._on_error(error)
                return
