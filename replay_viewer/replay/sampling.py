"""Samples of a recording at positions of playback: between two steps as playback has them, NaN where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from ..rollout.rollout import Rollout
from ..rollout.spread import Read
from ..rotations import slerp

# Steps that are read at once, of a take whose steps are much shorter than those it is compared with.
_MOST_STEPS = 1 << 14

# Values (n, C) between those of two steps (n, C) each, by fractions (n, 1) above 0 and below 1.
Between = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def sampled(
    rollout: Rollout, env_index: int, read: Read, positions: np.ndarray, between: Between | None = None
) -> np.ndarray:
    """Values (S, C), float64, of one env at positions (S,) in steps that ascend; NaN where a position is.

    Args:
        rollout: what is sampled.
        env_index: whose values.
        read: gives them at whole steps.
        positions: within the recording.
        between: what is between two steps of one episode; None where the value of a step lasts until the next one, as
            that of an episode's last step does in any case.
    """
    parts = [
        _window(rollout, env_index, read, positions[rows], between) for rows in _windows(positions, rollout.num_steps)
    ]
    return np.concatenate(parts)


def on_line(before: np.ndarray, after: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """In a straight line. See `Between`."""
    return before + fractions * (after - before)


def on_circle(period: float) -> Between:
    """The shorter way round, of values that begin anew after a period. See `Between`."""

    def between(before: np.ndarray, after: np.ndarray, fractions: np.ndarray) -> np.ndarray:
        return wrapped(before + fractions * wrapped(after - before, period), period)

    return between


def on_arc(before: np.ndarray, after: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Of unit quaternions (n, 4), the shorter arc. See `Between`."""
    is_known = np.isfinite(before + after).all(axis=-1, keepdims=True)
    return np.where(is_known, slerp(before, after, fractions[:, 0]), np.nan)


def wrapped(values: np.ndarray, period: float) -> np.ndarray:
    """Values that begin anew after a period, from minus half of it to half of it."""
    return values - period * np.round(values / period)


def _windows(positions: np.ndarray, num_steps: int) -> Iterator[slice]:
    """Rows whose steps are read at once; at least one window."""
    steps = np.maximum.accumulate(np.where(np.isnan(positions), 0, positions)) // _MOST_STEPS
    begins = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(positions)]
    for begin, end in pairwise(begins):
        yield slice(begin, end)


def _window(rollout: Rollout, env_index: int, read: Read, positions: np.ndarray, between: Between | None) -> np.ndarray:
    known = np.flatnonzero(np.isfinite(positions))
    at: np.ndarray = positions[known]
    steps = _steps_of(at, rollout.num_steps)
    recorded = read(rollout, steps, [env_index])[:, 0].astype(np.float64)
    rows = (at.astype(np.intp) - steps.start) // steps.step
    values = np.full((len(positions), recorded.shape[1]), np.nan)
    values[known] = recorded[rows]
    if between is not None and steps.step == 1:
        fractions = _fractions(rollout, env_index, steps, at)
        inside: np.ndarray = np.flatnonzero(fractions)
        here = rows[inside]
        values[known[inside]] = between(recorded[here], recorded[here + 1], fractions[inside, None])
    return values


def _steps_of(at: np.ndarray, num_steps: int) -> slice:
    """The steps that hold positions (n,); at least one, that the number of columns be known."""
    if not len(at):
        return slice(0, 1, 1)
    first, last = int(at[0]), int(at[-1])
    stride = int(at[1] - at[0]) if len(at) > 1 else 1
    if stride > 1 and np.array_equal(at, np.arange(first, last + 1, stride)):
        return slice(first, last + 1, stride)
    # One step more, between which and the last one a position may lie.
    return slice(first, min(last + 2, num_steps), 1)


def _fractions(rollout: Rollout, env_index: int, steps: slice, at: np.ndarray) -> np.ndarray:
    """How far positions are beyond a step (n,); 0 beyond the last one of an episode, which stands until the next."""
    ends = [steps.start + row for row, _, _ in rollout.episode_ends(steps, [env_index])]
    whole = np.floor(at)
    return np.where(np.isin(whole, ends), 0.0, at - whole)
