"""How the episodes of Gymnasium environments stand, whoever resets them."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from .adapter import Endings
from .gymnasium_step import StepResult


class GymnasiumEpisodes:
    """Counts the steps of n episodes and keeps how they end.

    A step that does nothing but reset an env, as vectors make it after an end, is the first of the new episode.

    Args:
        envs: (n,) the innermost ones, with MuJoCo's `data`.
        control_dt: seconds of a step.
    """

    def __init__(self, envs: Sequence[Any], control_dt: float) -> None:
        self._envs, count = envs, len(envs)
        # Its clock tells how far an episode is that has begun before the recording.
        self._lengths = np.array([round(env.data.time / control_dt) for env in envs], dtype=np.int64)
        self._is_over, self._was_reset = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        self._times = [0.0] * count
        self._in_step = False
        self._step = self._new_endings()

    def begin_step(self) -> None:
        """A step begins."""
        self._lengths += 1
        self._was_reset[:] = False
        self._times = [env.data.time for env in self._envs]
        self._in_step = True
        self._step = self._new_endings()

    def note_reset(self, row: int) -> None:
        """An env is about to be reset."""
        has_stepped = self._envs[row].data.time != self._times[row]
        self._lengths[row] = 1 if self._in_step and not has_stepped else 0
        self._is_over[row], self._was_reset[row] = False, True

    def end_step(self, results: Sequence[StepResult | None]) -> None:
        """The step has returned; results: (n,) None where an env was only reset."""
        self._in_step = False
        for row, result in enumerate(results):
            if result is not None:
                self._step.terminated[row], self._step.truncated[row] = result.terminated, result.truncated
                self._successes[row] = result.success

    def endings(self) -> Endings:
        """How they stand; of episodes that are reset inside of a step, it is filled in when that returns."""
        return self._step

    def ended(self) -> Endings:
        """Those that the step has ended and nobody has reset; one that is stepped on has ended only once."""
        step, new = self._step, ~self._is_over & ~self._was_reset
        ended = Endings(step.terminated & new, step.truncated & new, step.lengths, success=step.success)
        self._is_over |= (step.terminated | step.truncated) & new
        return ended

    def _new_endings(self) -> Endings:
        """Of their own in each step, since they are written later."""
        count = len(self._envs)
        self._successes: list[bool | None] = [None] * count
        no, again = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        return Endings(no, again, self._lengths.copy(), success=self._successes)
