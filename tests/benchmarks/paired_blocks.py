"""Short blocks of steps with a hook and without it, in turn on one environment, and what their differences tell.

Whatever else runs on the machine, and whatever the robots are doing, slows neighbouring blocks alike. So they are
compared in pairs, many of them (without, with, with, without, ...), and the median of the pairs has an interval, from
resampled pairs. Beside the wall clock stands the time that this thread was given, which does not see that another
process has the processor.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from replay_viewer.record.patches import _Joint

BLOCK_STEPS = 10
# After a change, a step of which the hook has not seen what was before.
_SETTLING = 2


class Switch:
    """Puts everything aside that hooks have put on environments, and back, as if nobody had ever attached.

    So no step pays for a recording that begins or ends. Episodes that end meanwhile are unseen.
    """

    def __init__(self) -> None:
        self._joints = [found for found in gc.get_objects() if type(found) is _Joint and found._wraps]

    def turn(self, is_on: bool) -> None:
        for joint in self._joints:
            if is_on or joint._was_there:
                joint._place[joint._key] = joint.replacement if is_on else joint._original
            else:
                joint._place.pop(joint._key, None)


@dataclass
class Side:
    """All blocks of one kind.

    Attributes:
        wall: [s] of each step.
        thread: [s] that this thread was given, of each block.
    """

    wall: list[float] = field(default_factory=list)
    thread: list[float] = field(default_factory=list)

    def run(self, step: Callable[[], object]) -> None:
        """Run a block."""
        for _ in range(_SETTLING):
            step()
        given = time.thread_time()
        for _ in range(BLOCK_STEPS):
            start = time.perf_counter()
            step()
            self.wall.append(time.perf_counter() - start)
        self.thread.append(time.thread_time() - given)

    def seconds(self, clock: str) -> np.ndarray:
        """(blocks,) of a step, by a clock, "wall" or "thread"."""
        if clock == "wall":
            return np.reshape(self.wall, (-1, BLOCK_STEPS)).mean(1)
        return np.array(self.thread) / BLOCK_STEPS


@dataclass
class Comparison:
    """Pairs of blocks, without and with a hook.

    Attributes:
        beside: [s] that other threads were given, for each step with the hook; they work on while it is put aside.
    """

    alone: Side = field(default_factory=Side)
    hooked: Side = field(default_factory=Side)
    beside: float = 0.0

    def ratio(self, clock: str) -> tuple[float, float, float]:
        """How much longer steps are: the median of all pairs, and its 95 % interval."""
        return _median(self.hooked.seconds(clock) / self.alone.seconds(clock))

    def extra_us(self, clock: str = "thread") -> tuple[float, float, float]:
        """The same of the difference in microseconds."""
        return _median((self.hooked.seconds(clock) - self.alone.seconds(clock)) * 1e6)

    @property
    def tail(self) -> float:
        """The ratio of the 99th percentiles of all steps."""
        return float(np.percentile(self.hooked.wall, 99) / np.percentile(self.alone.wall, 99))

    def line(self, name: str, limit: float | None = None) -> str:
        """What is printed of it."""
        alone = np.median(self.alone.seconds("thread")) * 1e3
        thread, low, high = self.ratio("thread")
        wall, wall_low, wall_high = self.ratio("wall")
        us, us_low, us_high = self.extra_us()
        verdict = "" if limit is None else f" {'within' if thread <= limit else 'ABOVE'} {limit:.2f}"
        return (
            f"{name:22s} {thread:.3f}x [{low:.3f}, {high:.3f}]{verdict} of {alone:.2f} ms; {us:+7.1f} us a step "
            f"[{us_low:+.1f}, {us_high:+.1f}], {self.beside * 1e6:.1f} on other threads; wall {wall:.3f}x "
            f"[{wall_low:.3f}, {wall_high:.3f}], p99 {self.tail:.3f}x"
        )


def compare(step: Callable[[], object], num_pairs: int) -> Comparison:
    """Step in blocks, in turn without and with the hooks that there are on environments."""
    for _ in range(BLOCK_STEPS):  # The first ones settle what is recorded.
        step()
    switch, comparison = Switch(), Comparison()
    process, thread = time.process_time(), time.thread_time()
    for pair in range(num_pairs):
        # Neither always follows the other.
        for is_on in ((False, True), (True, False))[pair % 2]:
            switch.turn(is_on)
            (comparison.hooked if is_on else comparison.alone).run(step)
    beside = time.process_time() - process - (time.thread_time() - thread)
    comparison.beside = beside / (num_pairs * (BLOCK_STEPS + _SETTLING))
    switch.turn(True)
    return comparison


def _median(pairs: np.ndarray) -> tuple[float, float, float]:
    """The median of pairs, and between what it lies with 95 %."""
    drawn = np.random.default_rng(0).integers(0, len(pairs), (1000, len(pairs)))
    low, high = np.percentile(np.median(pairs[drawn], axis=1), [2.5, 97.5])
    return float(np.median(pairs)), float(low), float(high)
