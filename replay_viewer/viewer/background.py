"""Work in the background: on a thread of its own, with progress, and to be cancelled."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from ..errors import ReplayError
from ..progress import Progress

JobState = Literal["running", "done", "failed", "cancelled"]

# Progress is told at most this often [s]: every telling costs the page's main thread.
_TELL_PERIOD = 0.2
# The rate is that of so many tellings.
_REMEMBERED = 16

_log = logging.getLogger(__name__)


class _Cancelled(Exception):
    """Raised out of the work's own call of its progress."""


class Job:
    """One piece of work, which has begun.

    Attributes:
        state: how it stands.
        done: how much of it is done; 0 until that is known.
        total: how much of it there is; 0 until that is known.
        result: of the work, once it is done.
        problem: why it failed, in words.
        error: what it raised, if it failed.
    """

    def __init__(self, work: Callable[[Progress], Any], tell: Callable[[], object]) -> None:
        """Begin.

        Args:
            work: what to do. It calls its argument now and then, which raises if the job was cancelled.
            tell: called, on the job's thread, when there is progress and when it is over.
        """
        self.state: JobState = "running"
        self.done = self.total = 0
        self.result: Any = None
        self.problem = ""
        self.error: Exception | None = None
        # What was done when, of late; the first steps are slow, and say little of those to come.
        self._told: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)
        self._work, self._tell = work, tell
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replay-viewer job", daemon=True)
        self._thread.start()

    @property
    def is_cancelling(self) -> bool:
        """Whether it was cancelled and goes on to the next call of its progress."""
        return self.state == "running" and self._cancelled.is_set()

    @property
    def rate(self) -> float | None:
        """How much was done per second, of late; None while that is not known."""
        told = tuple(self._told)
        if len(told) < 2 or told[-1][0] == told[0][0]:
            return None
        return (told[-1][0] - told[0][0]) / (told[-1][1] - told[0][1])

    def cancel(self) -> None:
        """End it soon; without effect once it is over."""
        self._cancelled.set()

    def join(self, timeout: float) -> None:
        """Wait until it is over, `timeout` seconds at most."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self.result = self._work(self._progress)
            self.state = "done"
        except _Cancelled:
            self.state = "cancelled"
        except ReplayError as error:
            self._fail(str(error), error)
        except Exception as error:
            _log.exception("work in the background failed")
            self._fail(f"{type(error).__name__}: {error}", error)
        self._tell()

    def _fail(self, problem: str, error: Exception) -> None:
        # The state last: whoever sees it on another thread sees the rest too.
        self.problem, self.error = problem, error
        self.state = "failed"

    def _progress(self, done: int, total: int) -> None:
        if self._cancelled.is_set():
            raise _Cancelled
        self.done, self.total = done, total
        now = time.monotonic()
        if not self._told or now - self._told[-1][1] >= _TELL_PERIOD:
            self._told.append((done, now))
            self._tell()
