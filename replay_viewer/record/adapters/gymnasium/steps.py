"""How the episodes of Gymnasium environments stand, whoever resets them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Sequence

import numpy as np

from ..adapter import Endings
from ..gymnasium_step import StepResult


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
        self._in_step, self._any_ended = False, False
        # Of the last step, made when they are asked for.
        self._endings: Endings | None = None

    def begin_step(self) -> None:
        """A step begins."""
        self._lengths += 1
        self._was_reset[:] = False
        self._times = [env.data.time for env in self._envs]
        self._in_step = True
        self._endings = None

    def note_reset(self, row: int) -> None:
        """An env is about to be reset."""
        has_stepped = self._envs[row].data.time != self._times[row]
        self._lengths[row] = 1 if self._in_step and not has_stepped else 0
        self._is_over[row], self._was_reset[row] = False, True

    def end_step(self, results: Sequence[StepResult | None]) -> None:
        """The step has returned; results: (n,) None where an env was only reset."""
        self._in_step = False
        self._any_ended = any(result is not None and result.is_end for result in results)
        if self._any_ended:
            _fill(self.endings(), results)

    def endings(self) -> Endings:
        """How they stand; what a reset inside of a step asks for is filled in when the step returns."""
        if self._endings is None:
            # Arrays of their own for each step, since they are written later.
            no, again = np.zeros(len(self._envs), dtype=bool), np.zeros(len(self._envs), dtype=bool)
            self._endings = Endings(no, again, self._lengths.copy(), success=[None] * len(self._envs))
        return self._endings

    def ended(self) -> Endings | None:
        """Those that the step has ended and nobody has reset; one that is stepped on has ended only once."""
        if not self._any_ended:
            return None
        step, new = self.endings(), ~self._is_over & ~self._was_reset
        self._is_over |= (step.terminated | step.truncated) & new
        return replace(step, terminated=step.terminated & new, truncated=step.truncated & new)


def _fill(endings: Endings, results: Sequence[StepResult | None]) -> None:
    assert isinstance(endings.success, list)
    for row, result in enumerate(results):
        if result is not None:
            endings.terminated[row], endings.truncated[row] = result.terminated, result.truncated
            endings.success[row] = result.success
