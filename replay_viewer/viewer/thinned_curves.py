"""Curves with no more points than a chart can show, without losing a spike."""

from __future__ import annotations

import numpy as np

# More points than a chart has pixels show nothing more.
MAX_POINTS = 1200
# Rows that are converted at once.
_BLOCK = 1 << 14


class ThinnedCurves:
    """Curves step by step; of each run of `stride` steps the value farthest from zero is kept.

    Further steps are taken in at a cost that does not depend on how many there were: the stride doubles when there
    are too many points.
    """

    def __init__(self, first_step: int, num_curves: int) -> None:
        self.first_step, self.num_steps = first_step, 0
        self._stride = 1
        self._points = np.zeros((0, num_curves))

    def extend(self, values: np.ndarray) -> None:
        """Take in the next steps, (n, num_curves)."""
        for start in range(0, len(values), _BLOCK):
            self._extend(values[start : start + _BLOCK].astype(np.float64))

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
    padded = np.pad(values, ((0, -len(values) % stride), (0, 0)), constant_values=np.nan)
    runs = padded.reshape(len(padded) // stride, stride, values.shape[1])
    farthest = np.argmax(np.where(np.isnan(runs), -1.0, np.abs(runs)), axis=1)
    return np.take_along_axis(runs, farthest[:, None], axis=1)[:, 0]
