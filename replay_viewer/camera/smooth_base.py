"""The smoothed base: where a robot is on its way, without the shake of its gait. Cameras look at it."""

from __future__ import annotations

import math
from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

import numpy as np

from ..rollout.episodes import Episode
from ..rollout.rollout import Rollout
from ..rollout.states import FiniteStates
from .presets import MIN_SIZE, heading_vectors

# Half the width [s] of the window that is averaged over. One second in all takes out everything that repeats twice a
# second, and almost all that is faster; height and heading may follow more slowly.
_LEVEL_SECONDS, _SLOW_SECONDS = 0.5, 0.8
# Of a recording with ten thousand steps a second, the window is shorter.
_MAX_REACH = 2048
# Steps computed at once, as long as the window is shorter.
_CHUNK_STEPS = 64
_MAX_CHUNKS = 64
# How far from the base the smoothed point may be, in radii of the robot, which fills half of a preset's picture.
_MAX_OFFSET = 0.75


class Aim(NamedTuple):
    """What a camera looks at.

    Attributes:
        position: (3,) [m].
        heading: in radians, about the world's z axis.
    """

    position: np.ndarray
    heading: float


class SmoothBase:
    """The smoothed base of one entity in any env: a weighted mean over what comes before and after, so without lag.

    It depends on the position of playback alone, never on what was asked before, and stays within the episode. At an
    episode's ends the motion goes on as its own mirror image, so that the point starts and ends on the base at the
    base's speed. Where the robot jumps or falls, the point stays near the base. For use by several threads, as far as
    they may read the rollout.
    """

    def __init__(self, rollout: Rollout, entity: str, size: float) -> None:
        """size: radius of the entity about its base [m]."""
        self._rollout, self._entity = rollout, entity
        self._max_offset = _MAX_OFFSET * max(size, MIN_SIZE)
        self._states = FiniteStates(rollout)
        self._window = _Window(rollout.control_dt)
        self._chunk_steps = max(_CHUNK_STEPS, self._window.reach)
        self._chunks: OrderedDict[tuple[Episode, int, bool], np.ndarray] = OrderedDict()
        self._lock = Lock()

    def at(self, position: float, env_index: int, *, looks_ahead: bool = True) -> Aim:
        """The aim at a position in steps, clamped to the rollout.

        looks_ahead: False for a mean over what came before only, where there is nothing more yet. It lags behind.
        """
        position = min(max(position, 0.0), float(self._rollout.num_steps - 1))
        episode = self._rollout.episode_at(env_index, int(position))
        return self.in_episode(position, episode, looks_ahead=looks_ahead)

    def in_episode(self, position: float, episode: Episode, *, looks_ahead: bool = True) -> Aim:
        """The same at a position in steps, clamped to an episode."""
        offset = min(max(position - episode.first_step, 0.0), float(episode.num_steps - 1))
        row, fraction = int(offset), offset - int(offset)
        values = self._row(episode, row, looks_ahead)
        if fraction:
            values = values + fraction * (self._row(episode, row + 1, looks_ahead) - values)
        return Aim(values[:3], math.atan2(values[4], values[3]))

    def _row(self, episode: Episode, row: int, looks_ahead: bool) -> np.ndarray:
        """Position [m] and heading vector, (5,), at a step of an episode, counted from its first one."""
        index, row_of_chunk = divmod(row, self._chunk_steps)
        # An episode that goes on is another one, so that what was computed of it is never out of date.
        key = (episode, index, looks_ahead)
        with self._lock:
            if key not in self._chunks:
                self._chunks[key] = self._compute(*key)
                if len(self._chunks) > _MAX_CHUNKS:
                    self._chunks.popitem(last=False)
            self._chunks.move_to_end(key)
            return self._chunks[key][row_of_chunk]

    def _compute(self, episode: Episode, index: int, looks_ahead: bool) -> np.ndarray:
        """Rows (S, 5) of a chunk of an episode."""
        reach = self._window.reach
        start = episode.first_step + index * self._chunk_steps
        stop = min(start + self._chunk_steps, episode.last_step + 1)
        low, high = max(start - reach, episode.first_step), min(stop + reach, episode.last_step + 1)
        lacks = (low - (start - reach), stop + reach - high)
        base_pos, headings = self._read(slice(low, high), episode.env_index)
        continued = [_continued(base_pos, lacks, looks_ahead), _continued_headings(headings, lacks, looks_ahead)]
        smooth = self._window.means(np.concatenate(continued, axis=-1), looks_ahead)
        actual = base_pos[start - low : stop - low]
        smooth[:, :3] = actual + _softly_limited(smooth[:, :3] - actual, self._max_offset)
        return smooth

    def _read(self, steps: slice, env_index: int) -> tuple[np.ndarray, np.ndarray]:
        """Base positions [m] (S, 3) and heading vectors (S, 2) as they are, doubles."""
        base_pos, _ = self._states.read(f"{self._entity}.base_pos", steps, [env_index])
        base_wxyz, _ = self._states.read(f"{self._entity}.base_wxyz", steps, [env_index])
        return base_pos[:, 0].astype(np.float64), heading_vectors(base_wxyz[:, 0].astype(np.float64))


class _Window:
    """Weights of the mean: raised cosines, so that nothing jumps when a step enters it.

    Attributes:
        reach: how far the mean goes to each side, in steps.
    """

    def __init__(self, control_dt: float) -> None:
        level, slow = (min(seconds / control_dt, _MAX_REACH) for seconds in (_LEVEL_SECONDS, _SLOW_SECONDS))
        self.reach = math.ceil(slow)
        self._weights = [_raised_cosine(width, self.reach) for width in (level, level, slow, slow, slow)]

    def means(self, values: np.ndarray, looks_ahead: bool) -> np.ndarray:
        """Means (S, 5) of values (S + 2 * reach, 5); without looking ahead, of each one and those before it."""
        means = np.empty((len(values) - 2 * self.reach, len(self._weights)))
        for column, weights in enumerate(self._weights):
            used = weights if looks_ahead else np.where(np.arange(len(weights)) > self.reach, 0.0, weights)
            means[:, column] = np.correlate(values[:, column], used / used.sum(), mode="valid")
        return means


def _raised_cosine(width: float, reach: int) -> np.ndarray:
    """Weights (2 * reach + 1,) that fall to zero at `width` steps from the middle one."""
    angles = np.pi * np.minimum(np.abs(np.arange(-reach, reach + 1)) / max(width, 1.0), 1.0)
    return 0.5 + 0.5 * np.cos(angles)


def _continued(values: np.ndarray, lacks: tuple[int, int], looks_ahead: bool) -> np.ndarray:
    """Values (S, F) with what the window lacks before and after them: steps beyond the ends of the episode."""
    around = (lacks, (0, 0))
    if not looks_ahead:
        return np.pad(values, around, mode="edge")
    return np.pad(values, around, mode="reflect", reflect_type="odd")


def _continued_headings(vectors: np.ndarray, lacks: tuple[int, int], looks_ahead: bool) -> np.ndarray:
    """The same of heading vectors (S, 2): the angle goes on, and the length is mirrored."""
    angles = np.unwrap(np.arctan2(vectors[:, 1], vectors[:, 0]))[:, None]
    lengths = np.pad(np.linalg.norm(vectors, axis=-1), lacks, mode="reflect")
    angles = _continued(angles, lacks, looks_ahead)[:, 0]
    return lengths[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def _softly_limited(offsets: np.ndarray, limit: float) -> np.ndarray:
    """Offsets (..., 3), small ones as they are, and none longer than `limit`."""
    lengths = np.linalg.norm(offsets, axis=-1, keepdims=True)
    return offsets * limit * np.tanh(lengths / limit) / np.maximum(lengths, 1e-12)
