"""What the demos' scripts share: their command line, their pace, and a line about how far they are."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from replay_viewer import ReplayError


def run(record: Callable[..., Path], doc: str | None, num_envs: int, seed: int) -> None:
    """Read the command line and do what it says.

    Args:
        record: called with the recording's path, seconds, number of envs, seed, and whether it is live.
        doc: the script's own.
        num_envs: if no other number is asked for.
        seed: the same.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the recording to make")
    parser.add_argument("--seconds", type=_seconds, default=20.0, help="how much to simulate (default: 20)")
    parser.add_argument("--envs", type=_at_least(1), default=num_envs, help=f"how many (default: {num_envs})")
    parser.add_argument("--seed", type=_at_least(0), default=seed, help=f"of everything random (default: {seed})")
    parser.add_argument("--live", action="store_true", help="in real time")
    options = parser.parse_args()
    try:
        record(options.out, options.seconds, options.envs, options.seed, options.live)
    except ReplayError as problem:
        raise SystemExit(str(problem)) from None


def steps(seconds: float, dt: float, live: bool, path: Path) -> Iterator[int]:
    """Numbers of control steps, in real time if live; a terminal shows how far the recording at `path` is."""
    due = time.monotonic()
    for step in range(round(seconds / dt)):
        if step % 50 == 0 and sys.stdout.isatty():
            print(f"\r{path}: {step * dt:.0f} of {seconds:g} s", end="", flush=True)
        yield step
        # Who cannot keep up does not hurry later.
        due = max(due + dt, time.monotonic() - dt)
        if live:
            time.sleep(max(0.0, due - time.monotonic()))


def tell_end(path: Path, seconds: float) -> None:
    """The last line: what was recorded."""
    start = "\r" if sys.stdout.isatty() else ""
    print(f"{start}{path}: {seconds:.1f} s recorded")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to simulate: give seconds above zero")
    return seconds


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return int(text)

    return number
