"""The outline of several robots: the middle that a camera looks at and how far off it sees them all, both smooth."""

from __future__ import annotations

import math
from collections import OrderedDict
from threading import Lock

import numpy as np

from ..rollout.episodes import Episode
from .bases import Bases
from .framing import distance_to_see, middle_of
from .presets import CameraPose, look_from

# The outline is looked at so often [s]: it is large, and changes slowly.
_SAMPLE_SECONDS = 0.1
# Samples to each side over which the outline is smoothed, where envs begin anew elsewhere.
_REACH = 10
_MAX_SAMPLES = 512


class Outline:
    """Where robots are that a camera sees together. A pure function of the position; thread-safe."""

    def __init__(self, bases: Bases, control_dt: float) -> None:
        """control_dt: of the rollout that is filmed [s]."""
        self._bases = bases
        self._stride = max(1, round(_SAMPLE_SECONDS / control_dt))
        self._places: OrderedDict[tuple[int, tuple[int, ...]], np.ndarray] = OrderedDict()
        self._lock = Lock()

    def seen_from(
        self,
        azimuth: float,
        elevation: float,
        position: float,
        envs: tuple[int, ...],
        episode: Episode,
        *,
        aspect: float,
        fov: float,
        nearest: float = 0.0,
    ) -> CameraPose:
        """The camera that sees all robots at a position, from one direction in the whole of an episode.

        It goes back before a robot needs the room and comes near after, within `episode`, that of the first env.

        Args:
            azimuth: from the world's x axis [rad].
            elevation: above their middle [rad].
            position: in steps.
            envs: those that are shown.
            episode: that the position lies in.
            aspect: width of the picture over its height.
            fov: vertical [rad].
            nearest: how near it comes [m].
        """
        at = (min(max(position, episode.first_step), episode.last_step) - episode.first_step) / self._stride
        first, reach = int(at), 3 * _REACH + 1
        samples = [self._sample(first + index, envs, episode) for index in range(-reach, reach + 1)]
        places = np.stack(samples)
        raw, even = middle_of(places), _weights(0.0)
        # What is looked at at the samples around, and how far off one has to be then to see all of them.
        middles = np.stack([np.convolve(raw[:, axis], even, mode="valid") for axis in range(3)], axis=-1)
        sight = look_from(azimuth, elevation, np.zeros(3), 1.0, fov)
        away, right = sight.position, np.cross(sight.up, sight.position)
        offsets = places[_REACH:-_REACH] - middles[:, None]
        needed = distance_to_see(offsets, away, right, math.tan(fov / 2), aspect, margins=self._bases.margins)
        # Each of these is far enough for the moment that is asked for, where the weights below are not zero.
        enough = np.lib.stride_tricks.sliding_window_view(needed, 2 * _REACH + 3).max(axis=-1)
        weights = _weights(at - first)
        middle = weights @ raw[reach - _REACH : reach + _REACH + 1]
        return look_from(azimuth, elevation, middle, max(float(weights @ enough), nearest), fov)

    def heading(self, step: int, envs: tuple[int, ...]) -> float:
        """Where they head at a step [rad], see `Bases`."""
        with self._lock:
            return self._bases.heading(step, envs)

    def _sample(self, index: int, envs: tuple[int, ...], episode: Episode) -> np.ndarray:
        """Places (K, 3) at a sample, counted from the episode's first step; beyond its ends those of the end."""
        step = min(max(episode.first_step + index * self._stride, episode.first_step), episode.last_step)
        with self._lock:
            if (step, envs) not in self._places:
                self._places[step, envs] = self._bases.places(step, envs)
                if len(self._places) > _MAX_SAMPLES:
                    self._places.popitem(last=False)
            self._places.move_to_end((step, envs))
            return self._places[step, envs]


def _weights(fraction: float) -> np.ndarray:
    """Raised cosines (2 * _REACH + 1,) around a place so far behind the middle one; their sum is 1."""
    distances = np.abs(np.arange(-_REACH, _REACH + 1) - fraction) / _REACH
    weights = 0.5 + 0.5 * np.cos(np.pi * np.minimum(distances, 1.0))
    return weights / weights.sum()
