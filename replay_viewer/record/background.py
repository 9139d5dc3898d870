"""Keeps recorded steps safe against a power failure, off the simulation's thread."""

from __future__ import annotations

import threading
from collections import deque
from typing import Callable, Sequence

from .record_file import RecordFile


class BackgroundSync:
    """Syncs the files that are being written about once a second, and closes those that are full.

    files: the files that are open now. on_error: called on this thread when a disk refuses; nothing is synced after.
    """

    def __init__(
        self, files: Callable[[], Sequence[RecordFile]], on_error: Callable[[OSError], object], period: float = 1.0
    ) -> None:
        self._files, self._on_error, self._period = files, on_error, period
        self._retired: deque[RecordFile] = deque()
        self._stop = threading.Event()
        # A daemon: the simulator's process may end without a word, and must not wait for a slow disk.
        self._thread = threading.Thread(target=self._run, name="recording-sync", daemon=True)
        self._thread.start()

    def retire(self, file: RecordFile) -> None:
        """Hand over a file that is full; only this object touches it from now on."""
        self._retired.append(file)

    def close(self) -> None:
        """Stop the thread and close the files that were handed over. May raise OSError."""
        self._stop.set()
        self._thread.join()
        self._close_retired()

    def _run(self) -> None:
        while not self._stop.wait(self._period):
            try:
                # In this order: a file that retires in between is synced here while it is still open.
                for file in self._files():
                    file.sync()
                self._close_retired()
            except OSError as error:
                self._on_error(error)
                return

    def _close_retired(self) -> None:
        while self._retired:
            self._retired.popleft().close()
