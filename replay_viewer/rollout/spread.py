"""The spread of a value: its mean and standard deviation over all episodes of all envs, step by step.

Episodes are aligned at their first steps, so that what follows a reset is compared with what follows a reset. At a
later step only those count that lasted so long. Episodes that were reset from outside stay out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..progress import Progress
from .growing_array import GrowingArray
from .rollout import Rollout

# Values that are held at once besides the sums.
_CHUNK_VALUES = 1 << 20

# Values (S, E, C) of some steps and envs.
Read = Callable[[Rollout, slice, Sequence[int]], np.ndarray]


class Band(NamedTuple):
    """How C values usually go at S steps of an episode.

    Attributes:
        mean: (S, C), NaN where nothing is known.
        deviation: (S, C), likewise; 0 where one episode alone is known.
    """

    mean: np.ndarray
    deviation: np.ndarray


class EpisodeSpread:
    """Sums over episodes, which take in further steps of a recording as they come."""

    def __init__(self, read: Read, num_curves: int) -> None:
        """read: the values; num_curves: how many columns it gives."""
        self._read = read
        self._num_curves = num_curves
        self._num_steps = 0
        self._sums = GrowingArray(np.zeros((0, 3, num_curves)))  # Count, sum and sum of squares.

    @property
    def num_steps(self) -> int:
        """Steps of the recording that were taken in."""
        return self._num_steps

    def take_in(self, rollout: Rollout, progress: Progress | None = None) -> None:
        """Read the steps that are new, in bounded chunks; `progress` is told how many are done, of how many."""
        count, envs = rollout.num_steps, range(rollout.num_envs)
        begins = _Begins(rollout)
        rows = max(1, _CHUNK_VALUES // (rollout.num_envs * self._num_curves))
        while self._num_steps < count:
            if progress is not None:
                progress(self._num_steps, count)
            window = slice(self._num_steps, min(self._num_steps + rows, count))
            self._add(self._read(rollout, window, envs), begins.steps_since(window))
            self._num_steps = window.stop

    def band(self, num_steps: int, first: int = 0) -> Band:
        """What is known of the steps `first` to `num_steps` - 1 of an episode."""
        known = self._sums.rows[first:num_steps]
        padding = ((0, num_steps - first - len(known)), (0, 0), (0, 0))
        count, total, squares = np.moveaxis(np.pad(known, padding), 1, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total / count
            return Band(mean, np.sqrt(np.maximum(squares / count - mean**2, 0)))

    def _add(self, values: np.ndarray, since: np.ndarray) -> None:
        """Values (S, E, C) of steps that are `since` (S, E) their episodes' first ones; negative ones stay out."""
        longest = int(since.max(initial=-1)) + 1
        if longest > len(self._sums):
            self._sums.extend(np.zeros((longest - len(self._sums), 3, self._num_curves)))
        sums = self._sums.rows
        for curve in range(self._num_curves):
            column = values[..., curve]
            counted = (since >= 0) & np.isfinite(column)
            at, numbers = since[counted], column[counted]
            for row, weights in enumerate((None, numbers, numbers**2)):
                sums[:longest, row, curve] += np.bincount(at, weights, longest)


class _Begins:
    """Where the episodes of all envs begin, by step."""

    def __init__(self, rollout: Rollout) -> None:
        begins = sorted(
            (episode.first_step, env, episode.outcome != "aborted")
            for env in range(rollout.num_envs)
            for episode in rollout.episodes(env)
        )
        self._steps, self._envs, self._counts = np.array(begins, dtype=np.int64).reshape(-1, 3).T
        self._num_envs = rollout.num_envs

    def steps_since(self, window: slice) -> np.ndarray:
        """Steps since the first one of the episode (S, E); -1 in episodes that stay out."""
        steps = np.arange(window.start, window.stop)
        before, last = np.searchsorted(self._steps, [window.start, window.stop])
        # Later episodes overwrite what earlier ones have put there.
        latest = np.full(self._num_envs, -1)
        latest[self._envs[:before]] = self._chosen(slice(0, before))
        first = np.tile(latest, (len(steps), 1))
        chosen = self._chosen(slice(before, last))
        for step, env, begin in zip(self._steps[before:last], self._envs[before:last], chosen, strict=True):
            first[step - window.start :, env] = begin
        return np.where(first >= 0, steps[:, None] - first, -1)

    def _chosen(self, which: slice) -> np.ndarray:
        """First steps of some episodes, -1 of those that stay out."""
        return np.where(self._counts[which] == 1, self._steps[which], -1)
