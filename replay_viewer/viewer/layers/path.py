"""The way of each base through the episode: what is behind it thick, what is to come thin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import viser

from ...rollout.states import FiniteStates
from ..scene import WORLD
from .layer import BuiltinLayer, css

if TYPE_CHECKING:
    from ...replay.frames import Frame
    from ...replay.replay import Replay
    from ...rollout.episodes import Episode

_PAST, _FUTURE = (234, 88, 12), (148, 163, 184)
_MOST_POINTS = 500


class BasePath(BuiltinLayer):
    """Two sets of lines for all entities together, which are sent anew where a point of the path is passed."""

    name = "path"
    title = "Base path"
    hint = "The way of the base through the episode"

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._replay = replay
        self._states = FiniteStates(replay.rollout)
        self._episode: Episode | None = None
        self._num_past = -1

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        return ((css(_PAST), "so far"), (css(_FUTURE), "to come"))

    def setup(self, server: viser.ViserServer) -> None:
        root = server.scene.add_frame(f"{WORLD}/layers/path", show_axes=False)
        self._roots.append(root)
        size = max(self._replay.robots[name].radius for name in self._replay.robots)
        nothing = np.zeros((1, 2, 3), np.float32)
        self._past = server.scene.add_line_segments(f"{root.name}/past", nothing, _PAST, thickness=0.024 * size)
        self._future = server.scene.add_line_segments(f"{root.name}/future", nothing, _FUTURE, thickness=0.012 * size)

    def show(self, frame: Frame) -> None:
        episode = self._replay.rollout.episode_at(frame.envs[0], int(frame.position))
        if episode != self._episode:
            self._episode, self._num_past = episode, -1
            self._steps, self._points = self._read(episode)
        num_past = int(np.searchsorted(self._steps, frame.position, side="right"))
        if num_past != self._num_past:
            self._num_past = num_past
            _set_lines(self._past, self._points[:num_past])
            _set_lines(self._future, self._points[num_past - 1 :])

    def _read(self, episode: Episode) -> tuple[np.ndarray, np.ndarray]:
        """Steps (P,) of an episode, so many as can be drawn, and base positions [m] (P, K, 3) of all K entities."""
        stride = max(1, -(-episode.num_steps // _MOST_POINTS))
        steps = slice(episode.first_step, episode.last_step + 1, stride)
        bases = [
            self._states.read(f"{name}.base_pos", steps, [episode.env_index])[0][:, 0] for name in self._replay.robots
        ]
        return np.arange(steps.start, steps.stop, stride), np.stack(bases, axis=1)


def _set_lines(handle: viser.LineSegmentsHandle, points: np.ndarray) -> None:
    """Lines through points (P, K, 3), K of them; none through fewer than two points."""
    if len(points) > 1:
        handle.points = np.stack([points[:-1], points[1:]], axis=2).reshape(-1, 2, 3).astype(np.float32)
    if handle.visible != (len(points) > 1):
        handle.visible = len(points) > 1
