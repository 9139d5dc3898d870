"""A steady beat for the owner thread."""

from __future__ import annotations

import time


class Beat:
    """Ticks on an absolute schedule, so that a late one does not delay those after it."""

    def __init__(self, rate: float) -> None:
        """rate: ticks per second."""
        self._period = 1.0 / rate
        self._next = time.perf_counter()
        self._last = self._next

    def wait(self) -> float:
        """Sleep until the next tick; returns the seconds since the last one."""
        time.sleep(max(0.0, self._next - time.perf_counter()))
        now = time.perf_counter()
        # After a stall the schedule starts anew: catching up would only show frames nobody can see.
        self._next = max(self._next + self._period, now)
        elapsed, self._last = now - self._last, now
        return elapsed

    def restart(self) -> None:
        """Forget the time that passed while nothing moved."""
        self._next = self._last = time.perf_counter()
