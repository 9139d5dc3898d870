"""A steady beat for the owner thread, and what is due now and then."""

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

    def restart(self) -> float:
        """Forget the time that passed while nothing moved; returns its seconds."""
        now = time.perf_counter()
        idle, self._next, self._last = now - self._last, now, now
        return idle


class Upkeep:
    """Says when something that lags behind the state is to be brought up to date: at once, but not too often."""

    def __init__(self, rate: float) -> None:
        """rate: times per second, at most."""
        self._period = 1.0 / rate
        self._since_done = self._period
        self._lags = False

    def tick(self, seconds: float, changed: bool) -> None:
        """Let time pass, in which the state changed or not."""
        self._since_done += seconds
        self._lags = self._lags or changed

    @property
    def is_due(self) -> bool:
        return self._lags and self._since_done >= self._period

    @property
    def seconds_left(self) -> float | None:
        """How long until it is due; None while it does not lag behind."""
        return max(0.0, self._period - self._since_done) if self._lags else None

    def done(self) -> None:
        """It was brought up to date."""
        self._since_done, self._lags = 0.0, False
