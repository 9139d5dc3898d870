"""The curves of the episode that is shown, thinned without losing a spike; what is recorded later is appended."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable

import numpy as np

from ...rollout.rewards import Range

# Episodes whose curves are kept: each takes 10 kB per curve at most.
_KEPT = 32

# Gives the values (n, C) of an episode from a step of it on, in pieces.
ReadFrom = Callable[[int], Iterable[np.ndarray]]
# More points than a chart has pixels show nothing more.
MAX_POINTS = 1200
# Rows that are converted at once.
_BLOCK = 1 << 14


class FollowedCurves:
    """Curves of one episode after another.

    Attributes:
        curves: those shown last.
        version: differs where they do.
        is_running: whether further steps of them may come.
    """

    def __init__(self) -> None:
        self.curves = ThinnedCurves(0, 0)
        self.version = 0
        self.is_running = False
        self._key: Hashable = None
        self._kept: OrderedDict[Hashable, ThinnedCurves] = OrderedDict()

    def follow(
        self, key: Hashable, steps: range, num_curves: int, read: ReadFrom, *, is_running: bool, takes_growth: bool
    ) -> None:
        """Show the curves of an episode.

        Args:
            key: what they are of; an episode that goes on keeps its own.
            steps: of the episode, as far as it is recorded.
            num_curves: how many there are.
            read: gives their values.
            is_running: whether further steps may come.
            takes_growth: also append steps that have come since; without, only another key changes anything.
        """
        is_same = key == self._key and len(steps) >= self.curves.num_steps
        if is_same and (not takes_growth or (len(steps), is_running) == (self.curves.num_steps, self.is_running)):
            return
        curves = self._kept.get(key)
        if curves is None or curves.num_steps > len(steps):
            curves = ThinnedCurves(steps.start, num_curves, len(steps))
        if curves.num_steps < len(steps):
            for values in read(curves.num_steps):
                curves.extend(values)
        self._key, self.curves, self.is_running = key, curves, is_running
        self.version += 1
        self._keep()

    @property
    def num_steps_shown(self) -> int:
        """Steps that an axis of time has room for: more than there are, where more may come."""
        return _room_for(self.curves.num_steps) if self.is_running else self.curves.num_steps

    def _keep(self) -> None:
        self._kept[self._key] = self.curves
        self._kept.move_to_end(self._key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


def settled_range(shown: Range, needed: Range) -> Range:
    """What is shown already, if what is needed fits into it and fills at least half: then the axis keeps still."""
    if shown is None or needed is None:
        return needed
    margin = 0.1 * (needed[1] - needed[0])
    fits = shown[0] <= needed[0] + margin and needed[1] - margin <= shown[1]
    return shown if fits and 2 * (needed[1] - needed[0]) >= shown[1] - shown[0] else needed


def _room_for(num_steps: int) -> int:
    """Steps of a chart into which a running episode grows, so that the axis need not change with every step."""
    room = 100
    while room < num_steps:
        room += room // 2
    return room


class ThinnedCurves:
    """Curves step by step; of each run of `stride` steps the value farthest from zero is kept.

    Further steps are taken in at a cost that does not depend on how many there were: the stride doubles when there
    are too many points.
    """

    def __init__(self, first_step: int, num_curves: int, expected_steps: int = 0) -> None:
        """expected_steps: so many come at least; runs are as long as these need from the beginning."""
        self.first_step, self.num_steps = first_step, 0
        self._stride = 1
        while -(-expected_steps // self._stride) > MAX_POINTS:
            self._stride *= 2
        self._points = np.zeros((0, num_curves))

    def extend(self, values: np.ndarray) -> None:
        """Take in the next steps, (n, num_curves)."""
        for start in range(0, len(values), _BLOCK):
            self._extend(values[start : start + _BLOCK])

    @property
    def steps(self) -> np.ndarray:
        """The first step of each run, (P,)."""
        return self.first_step + self._stride * np.arange(len(self._points))

    @property
    def points(self) -> np.ndarray:
        """What is kept, (P, num_curves); NaN where a run holds nothing else."""
        return self._points

    def _extend(self, values: np.ndarray) -> None:
        count = self.num_steps + len(values)
        while -(-count // self._stride) > MAX_POINTS:
            self._points = _farthest(self._points, 2)
            self._stride *= 2
        # The last run may not be full.
        rest = -self.num_steps % self._stride
        if rest:
            last = np.concatenate([self._points[-1:], values[:rest]])
            self._points[-1] = _farthest(last, len(last))[0]
        self._points = np.concatenate([self._points, _farthest(values[rest:], self._stride)])
        self.num_steps = count


def _farthest(values: np.ndarray, stride: int) -> np.ndarray:
    """Of each run of `stride` rows (n, C) the values farthest from zero, (runs, C); a run of NaN stays NaN."""
    columns, begins = np.ascontiguousarray(values.T), np.arange(0, len(values), stride)
    high, low = (extreme.reduceat(columns, begins, axis=1) for extreme in (np.fmax, np.fmin))
    return np.where(high >= -low, high, low).T.astype(np.float64)
