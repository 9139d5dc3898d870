"""Recorded values as they can be drawn: finite, at any position of playback, the terminal state at an episode's end.

The last finite value stands in for what is not finite, so that one bad value hides nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..rotations import normalize
from .rollout import Rollout

# Steps read at once while looking back for the last finite value.
_LOOK_BACK_STEPS = 1024
# Steps read at once of a single signal: playing on then asks the file seldom.
_CHUNK_STEPS = 64
# A number as large as this [m or rad] is what is left of a simulation that blew up, and is not drawn: squared twice, it
# would be beyond float32, and so would what is computed from it.
_TOO_LARGE = 1e9
# What a typical value is told from: so many steps of so many envs at most.
_SAMPLE_STEPS, _SAMPLE_ENVS = 256, 16


class FiniteStates:
    """Base poses and joint positions of a rollout: float32, finite and below 1e9, unit quaternions.

    Each number is held on its own, so that one broken joint does not freeze a robot; a quaternion is held as a whole,
    and also where it is zero. Before the first finite value stands the origin, the identity or joint position zero.
    """

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout
        # Per field and env, a step and the last finite value before it, so that playing on looks back a little only.
        self._known: dict[tuple[str, int], tuple[int, np.ndarray]] = {}

    def read(self, name: str, steps: slice, envs: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Values (S, E, F) of a field `<entity>.base_pos`, `.base_wxyz` or `.joint_pos`, and where any is held (S, E).

        `steps` has a start and a stop within the rollout.
        """
        values, good = self._read_checked(name, steps, envs)
        held = np.logical_not(good.all(axis=-1))
        if np.any(held):
            seeds = self._seeds(name, steps.start, envs, ~good[0])
            values = _hold(values, good, seeds)
        return values, held

    def _read_checked(self, name: str, steps: slice, envs: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Values as recorded, and which of them can be drawn, both (S, E, F)."""
        with np.errstate(over="ignore", invalid="ignore"):
            values = self._rollout.read_shown(name, steps, envs).astype(np.float32)
            if _is_rotation(name):
                usable = np.isfinite(values).all(axis=-1, keepdims=True) & values.any(axis=-1, keepdims=True)
                values = normalize(values)
                usable &= values.any(axis=-1, keepdims=True)  # One whose length is beyond float32 is zero by now.
                good = np.broadcast_to(usable, values.shape)
            else:
                good = np.abs(values) < _TOO_LARGE
        return values, good

    def _seeds(self, name: str, step: int, envs: Sequence[int], missing: np.ndarray) -> np.ndarray:
        """What stands in at `step`, (E, F), looked up for the envs in which something is missing (E, F)."""
        seeds = np.tile(_neutral(name, missing.shape[-1]), (len(envs), 1))
        for column in np.flatnonzero(missing.any(axis=-1)).tolist():
            seeds[column] = self._last_finite(name, envs[column], step)
        return seeds

    def _last_finite(self, name: str, env: int, step: int) -> np.ndarray:
        """The last finite values before `step`, (F,), each one looked for on its own."""
        known_step, known = self._known.get((name, env), (0, None))
        if known is None or known_step > step:
            known_step, known = 0, _neutral(name, self._rollout.fields[name].shape[-1])
        found, missing = known.copy(), np.ones(known.shape, dtype=bool)
        stop = step
        while stop > known_step and missing.any():
            start = max(known_step, stop - _LOOK_BACK_STEPS)
            values, good = (a[:, 0] for a in self._read_checked(name, slice(start, stop), [env]))
            here = missing & good.any(axis=0)
            last_row = len(good) - 1 - np.argmax(good[::-1], axis=0)
            found[here] = values[last_row, np.arange(len(found))][here]
            missing &= ~here
            stop = start
        self._known[name, env] = (step, found)
        return found


class StepValues:
    """One field of a rollout, of one env at a time, float64. Not for use by several threads.

    Each number is held on its own, as far as the chunk that was read goes back; before it stands zero.
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
        chunk = step // _CHUNK_STEPS
        # The last step of a recording that is written may turn out to be the end of its episode.
        key = (env_index, chunk, self._rollout.num_growths)
        if key != self._key:
            # One step more, so that the value before the chunk can stand in.
            self._key, self._start = key, max(chunk * _CHUNK_STEPS - 1, 0)
            self._values = self._read(slice(self._start, (chunk + 1) * _CHUNK_STEPS), env_index)
        return self._values[step - self._start]

    def _read(self, steps: slice, env_index: int) -> np.ndarray:
        """Values (S, ...) of one env."""
        steps = slice(steps.start, min(steps.stop, self._rollout.num_steps))
        values = self._rollout.read_shown(self._field, steps, [env_index])[:, 0].astype(np.float64)
        return _hold(values, np.isfinite(values), np.zeros(values.shape[1:]))


def last_good(good: np.ndarray) -> np.ndarray:
    """Which step stands in for each: the last good one up to it, of the same env and number; -1 before the first.

    good: (S, ...) bool; the result is int32 of the same shape.
    """
    steps = np.arange(len(good), dtype=np.int32).reshape(-1, *[1] * (good.ndim - 1))
    return np.maximum.accumulate(np.where(good, steps, np.int32(-1)), axis=0)


def samples(rollout: Rollout, field: str) -> np.ndarray:
    """Some values of a field as recorded, (S, E, ...), spread over all steps and envs; zero for what is not finite."""
    stride = -(-rollout.num_steps // _SAMPLE_STEPS)
    envs = range(0, rollout.num_envs, -(-rollout.num_envs // _SAMPLE_ENVS))
    values = rollout.read(field, slice(0, None, stride), list(envs)).astype(np.float64)
    return np.where(np.isfinite(values), values, 0.0)


def _is_rotation(name: str) -> bool:
    return name.endswith(".base_wxyz")


def _neutral(name: str, size: int) -> np.ndarray:
    """What is drawn where nothing finite was recorded."""
    return np.eye(1, size, dtype=np.float32)[0] if _is_rotation(name) else np.zeros(size, dtype=np.float32)


def _hold(values: np.ndarray, good: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """Values (S, ...) with the last good one before, else the seed (...), in the place of each that is not good."""
    return np.take_along_axis(np.concatenate([seed[None], values]), last_good(good) + 1, axis=0)
