"""Values of one recorded signal at any position of playback, for what is drawn beside the robot."""

from __future__ import annotations

import numpy as np

from .rollout.rollout import Rollout

# Steps read at once: playing on then asks the file seldom.
_CHUNK_STEPS = 64
# What a typical value is told from: so many steps of so many envs at most.
_SAMPLE_STEPS, _SAMPLE_ENVS = 256, 16


class StepValues:
    """One field of a rollout, of one env at a time. Not for use by several threads.

    Where no finite number is recorded, the last one before stands in for it, else zero.
    """

    def __init__(self, rollout: Rollout, field: str) -> None:
        self._rollout, self._field = rollout, field
        self._key: tuple[int, int, int] | None = None
        self._start = 0
        self._values = np.zeros((0, *rollout.fields[field].shape))

    def at(self, position: float, env_index: int) -> np.ndarray:
        """The value at a position in steps, in between on a straight line, but not across the end of an episode."""
        step = int(position)
        fraction = position - step
        value = self._row(step, env_index)
        if fraction and step < self._rollout.episode_at(env_index, step).last_step:
            value = value + fraction * (self._row(step + 1, env_index) - value)
        return value

    def _row(self, step: int, env_index: int) -> np.ndarray:
        # The last step of a recording that is written may turn out to be the end of its episode.
        key = (env_index, step // _CHUNK_STEPS, self._rollout.num_growths)
        if key != self._key:
            self._key, self._start = key, max(key[1] * _CHUNK_STEPS - 1, 0)
            steps = slice(self._start, min((key[1] + 1) * _CHUNK_STEPS, self._rollout.num_steps))
            self._values = _held(self._rollout.read_shown(self._field, steps, [env_index])[:, 0].astype(np.float64))
        return self._values[step - self._start]


def samples(rollout: Rollout, field: str) -> np.ndarray:
    """Some values of a field as recorded, (S, E, ...), spread over all steps and envs; zero for what is not finite."""
    stride = -(-rollout.num_steps // _SAMPLE_STEPS)
    envs = range(0, rollout.num_envs, -(-rollout.num_envs // _SAMPLE_ENVS))
    values = rollout.read(field, slice(0, None, stride), list(envs)).astype(np.float64)
    return np.where(np.isfinite(values), values, 0.0)


def _held(values: np.ndarray) -> np.ndarray:
    """Values (S, ...) with the last finite one before, else zero, in the place of each that is not finite."""
    seeded = np.concatenate([np.zeros_like(values[:1]), values])
    steps = np.arange(len(seeded)).reshape(-1, *(1,) * (values.ndim - 1))
    rows = np.maximum.accumulate(np.where(np.isfinite(seeded), steps, 0), axis=0)
    return np.take_along_axis(seeded, rows, axis=0)[1:]
