"""The outline of many envs: where they all are, so that a camera sees them."""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from threading import Lock

import numpy as np

from ..rollout.episodes import Episode
from ..rollout.rollout import Rollout
from ..rollout.states import FiniteStates
from .presets import CameraPose, heading_vectors

# The outline is looked at so often [s]: it is large, and changes slowly.
_SAMPLE_SECONDS = 0.1
# Samples to each side over which the outline is smoothed, where envs begin anew elsewhere.
_REACH = 10
_MAX_SAMPLES = 512
# An env so many times as far off as half of the others are is one whose simulation blew up.
_FAR_OFF = 20.0
# A mean heading shorter than this is no direction in which they go.
_MIN_AGREEMENT = 0.3
# Room around the robots at the edges of the picture, in their radii.
_MARGIN = 1.5


class Outline:
    """Where one entity is in several envs, in world coordinates. A pure function of the position; thread-safe."""

    def __init__(self, rollout: Rollout, entity: str) -> None:
        self._rollout, self._entity = rollout, entity
        self._states = FiniteStates(rollout)
        self._stride = max(1, round(_SAMPLE_SECONDS / rollout.control_dt))
        self._boxes: OrderedDict[tuple[int, tuple[int, ...]], np.ndarray] = OrderedDict()
        self._lock = Lock()

    def box(self, position: float, envs: tuple[int, ...], episode: Episode) -> np.ndarray:
        """Corners (2, 3) [m] of a box that has the bases of all envs in it, and changes smoothly.

        It grows before an env needs the room and shrinks after, within `episode`, that of the first env.
        """
        at = (min(max(position, episode.first_step), episode.last_step) - episode.first_step) / self._stride
        middle, around = int(at), 2 * _REACH + 1
        boxes = np.stack([self._sample(middle + i, envs, episode) for i in range(-around, around + 1)])
        windows = np.lib.stride_tricks.sliding_window_view(boxes, 2 * _REACH + 3, axis=0)
        # Each of these has the envs in it where the weights below are not zero.
        roomy = np.stack([windows[:, 0].min(axis=-1), windows[:, 1].max(axis=-1)], axis=1)
        distances = np.abs(np.arange(-_REACH, _REACH + 1) - (at - middle)) / _REACH
        weights = 0.5 + 0.5 * np.cos(np.pi * np.minimum(distances, 1.0))
        return np.tensordot(weights / weights.sum(), roomy, axes=1)

    def heading(self, step: int, envs: tuple[int, ...]) -> float:
        """The mean heading [rad] at a step; 0 where the envs head in all directions."""
        with self._lock:
            wxyz, _ = self._states.read(f"{self._entity}.base_wxyz", slice(step, step + 1), envs)
        x, y = heading_vectors(wxyz[0].astype(np.float64)).mean(axis=0).tolist()
        return math.atan2(y, x) if math.hypot(x, y) > _MIN_AGREEMENT else 0.0

    def _sample(self, index: int, envs: tuple[int, ...], episode: Episode) -> np.ndarray:
        """The box (2, 3) of one sample, counted from the episode's first step; beyond its ends that of the end."""
        step = min(max(episode.first_step + index * self._stride, episode.first_step), episode.last_step)
        with self._lock:
            if (step, envs) not in self._boxes:
                base_pos, _ = self._states.read(f"{self._entity}.base_pos", slice(step, step + 1), envs)
                self._boxes[step, envs] = _box_around(base_pos[0].astype(np.float64))
                if len(self._boxes) > _MAX_SAMPLES:
                    self._boxes.popitem(last=False)
            self._boxes.move_to_end((step, envs))
            return self._boxes[step, envs]


def distance_to_see(box: np.ndarray, pose: CameraPose, size: float, aspect: float) -> float:
    """How far from its target [m] a camera sees all robots of many.

    Args:
        box: (2, 3) corners; the robots' bases are in it, and its middle is the target.
        pose: a camera that looks at the target from the direction that is asked for.
        size: radius of a robot [m].
        aspect: width of the picture over its height.
    """
    corners = np.array(list(itertools.product(*box.T))) - pose.look_at
    forward = (pose.look_at - pose.position) / np.linalg.norm(pose.look_at - pose.position)
    right = np.cross(forward, pose.up)
    slope = math.tan(pose.fov / 2)
    across = (np.abs(corners @ right) + _MARGIN * size) / (slope * aspect)
    upright = (np.abs(corners @ pose.up) + _MARGIN * size) / slope
    return float(np.max(np.maximum(across, upright) - corners @ forward))


def _box_around(positions: np.ndarray) -> np.ndarray:
    """The box (2, 3) around positions (E, 3), without those that are out of all proportion far off."""
    distances = np.linalg.norm(positions - np.median(positions, axis=0), axis=-1)
    near = positions[distances <= _FAR_OFF * max(float(np.median(distances)), 1.0)]
    return np.stack([near.min(axis=0), near.max(axis=0)])
