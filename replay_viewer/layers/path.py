"""The way of each base through the episode: what is behind it thick, what is to come thin."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..rollout.states import FiniteStates
from .layer import BuiltinLayer, Meaning
from .shapes import Lines, through

if TYPE_CHECKING:
    from ..replay.frames import Frame
    from ..replay.replay import Replay
    from ..rollout.episodes import Episode

_PAST, _FUTURE = (234, 88, 12), (37, 99, 235)
# Thickness of the lines behind and ahead, of a robot's radius.
_PAST_LINE, _FUTURE_LINE = 0.014, 0.010
_MOST_POINTS = 500


class BasePath(BuiltinLayer):
    """Two sets of lines for all entities together, which stay the same until a point of the path is passed."""

    name = "path"
    title = "Base path"
    hint = "The way of the base through the episode"

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._replay = replay
        self._states = FiniteStates(replay.rollout)
        self._episode: Episode | None = None
        self._num_past = -1
        self._lines: tuple[Lines, ...] = ()

    @property
    def legend(self) -> tuple[Meaning, ...]:
        return Meaning((_PAST,), "so far"), Meaning((_FUTURE,), "to come")

    @cached_property
    def _size(self) -> float:
        return max(robot.radius for robot in self._replay.robots.values())

    def shapes(self, frame: Frame) -> tuple[Lines, ...]:
        episode = self._replay.rollout.episode_at(frame.envs[0], int(frame.position))
        if episode != self._episode:
            self._episode, self._num_past = episode, -1
            self._steps, self._points = self._read(episode)
        num_past = int(np.searchsorted(self._steps, frame.position, side="right"))
        if num_past != self._num_past:
            self._num_past = num_past
            past, future = through(self._points[:num_past]), through(self._points[num_past - 1 :])
            self._lines = (
                Lines(past, _PAST, _PAST_LINE * self._size),
                Lines(future, _FUTURE, _FUTURE_LINE * self._size),
            )
        return self._lines

    def _read(self, episode: Episode) -> tuple[np.ndarray, np.ndarray]:
        """Steps (P,) of an episode, so many as can be drawn, and base positions [m] (P, K, 3) of all K entities."""
        stride = max(1, -(-episode.num_steps // _MOST_POINTS))
        steps = slice(episode.first_step, episode.last_step + 1, stride)
        bases = [
            self._states.read(f"{name}.base_pos", steps, [episode.env_index])[0][:, 0] for name in self._replay.robots
        ]
        return np.arange(steps.start, steps.stop, stride), np.stack(bases, axis=1)
