"""Progress: what work tells of how far it is, and a bar on one line of a terminal."""

from __future__ import annotations

import sys
import time
from typing import Callable

# Called with what is done and what there is to do; what it raises ends the work.
Progress = Callable[[int, int], object]

# The bar is drawn at most this often [s].
_PERIOD = 0.1
_WIDTH = 30
_CLEAR = "\r\x1b[K"

# What stands behind the bar, from what is done, what there is to do, and the seconds since the bar was made.
Describe = Callable[[int, int, float], str]


class ProgressBar:
    """What is done of what there is to do; silent where stderr is no terminal."""

    def __init__(self, describe: Describe) -> None:
        self._describe = describe
        self._began_at = time.monotonic()
        self._shown_at = 0.0
        self._on_terminal = sys.stderr.isatty()

    def show(self, done: int, total: int) -> None:
        """Draw the bar, unless it was just drawn and there is more to come."""
        now = time.monotonic()
        if not self._on_terminal or (done < total and now - self._shown_at < _PERIOD):
            return
        self._shown_at = now
        fraction = min(done / total, 1.0) if total else 1.0
        filled = "#" * int(fraction * _WIDTH)
        text = self._describe(done, total, now - self._began_at)
        print(f"{_CLEAR}[{filled:<{_WIDTH}}] {fraction:4.0%} {text}", end="", file=sys.stderr, flush=True)

    def say(self, line: str) -> None:
        """Print a line on stdout; the bar is drawn again below it when it is next shown."""
        if self._shown_at:
            print(_CLEAR, end="", file=sys.stderr, flush=True)
            self._shown_at = 0.0
        print(line, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._shown_at:
            print(file=sys.stderr)


def megabytes(done: int, total: int, seconds: float) -> str:
    """Behind a bar of bytes: how many there are, as people read them."""
    return f"of {total / 1e6:.1f} MB"


class FrameRate:
    """Behind a bar of frames: how many there are, how many in a second, and how long the rest takes."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None

    def __call__(self, done: int, total: int, seconds: float) -> str:
        """The text; the time before the first call does not count, in which nothing was drawn yet."""
        if self._first is None:
            self._first = (done, seconds)
        drawn, passed = done - self._first[0], seconds - self._first[1]
        if not drawn or passed <= 0:
            return f"of {total} frames"
        rate = drawn / passed
        return f"of {total} frames, {rate:.1f}/s, {duration((total - done) / rate)} left"


def duration(seconds: float) -> str:
    """Minutes and seconds, or hours too: 0:05, 12:34, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
