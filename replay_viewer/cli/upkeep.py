"""Care of recordings' files, where they were made: with numpy alone, on Python 3.8 too."""

from __future__ import annotations

import sys
import time
from pathlib import Path

# The bar is drawn at most this often [s].
_BAR_PERIOD = 0.1
_BAR_WIDTH = 30


def repair(path: Path) -> None:
    """Repair a recording and print what was done."""
    from replay_viewer.record.repair import repair as repair_recording

    report = repair_recording(path)
    for change in report.changes:
        print(change)
    ends = f"{report.num_steps} steps, {report.num_ends} finished episodes"
    print(f"{path} is repaired: {ends}." if report.changes else f"{path} needs no repair: {ends}.")


def pack(path: Path, out: Path) -> None:
    """Pack a recording into one file, with a progress bar where someone is watching, and print what was made."""
    from replay_viewer.record.pack import pack as pack_recording

    bar = ProgressBar()
    try:
        packed = pack_recording(path, out, bar.show)
    finally:
        bar.end()
    print(f"{packed}: {packed.stat().st_size / 1e6:.1f} MB")


class ProgressBar:
    """Bytes done, of bytes in all, on one line of a terminal; silent where stderr is none."""

    def __init__(self) -> None:
        self._shown_at = 0.0
        self._on_terminal = sys.stderr.isatty()

    def show(self, done: int, total: int) -> None:
        """Draw the bar, unless it was just drawn and there is more to come."""
        now = time.monotonic()
        if not self._on_terminal or (done < total and now - self._shown_at < _BAR_PERIOD):
            return
        self._shown_at = now
        fraction = done / total if total else 1.0
        filled = "#" * int(fraction * _BAR_WIDTH)
        line = f"\r[{filled:<{_BAR_WIDTH}}] {fraction:4.0%} of {total / 1e6:.1f} MB"
        print(line, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._shown_at:
            print(file=sys.stderr)
