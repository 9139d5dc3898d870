"""The translucent things of one picture: layer by layer, sorted at each sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .kernels import coverage, veils
from .kernels.veils import VeilTable
from .lens import Rectangle

_NO_VEILS = VeilTable(0, 0, np.full((1, 1, 4), -1, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int32))


class Veils:
    """Veils before the samples of a picture. Memory for them is taken when something translucent is drawn first.

    Args:
        samples: (H, W, 4) of the picture, see `coverage`: what is opaque, which has to be there before veils are hung.
    """

    def __init__(self, samples: np.ndarray) -> None:
        self._samples = samples
        self._layer = np.zeros((0, 0, 4), np.int64)
        self._first = np.zeros((0, 0, 4), np.int32)
        self._keys, self._behind = np.zeros(0, np.int64), np.zeros(0, np.int32)
        self._num_layers, self._count = 0, 0

    @property
    def table(self) -> VeilTable:
        """For the loops."""
        if self._num_layers == 0:
            return _NO_VEILS
        return VeilTable(self._num_layers, 1, self._first, self._keys, self._behind)

    def clear(self) -> None:
        """Take all away: the next picture begins."""
        self._num_layers, self._count = 0, 0

    def hang(self, rectangle: Rectangle, cover: Callable[[np.ndarray], None]) -> None:
        """Add a translucent thing, which `cover` enters into the rectangle [px] of a layer like `samples`."""
        if self._num_layers == 0:
            self._begin()
        self._num_layers += 1
        coverage.clear(self._layer, *rectangle)
        cover(self._layer)
        self._make_room(veils.count_seen(self._layer, self._samples, *rectangle))
        self._count = veils.hang(
            self._layer, self._samples, *rectangle, self._count, self._first, self._keys, self._behind
        )

    def _begin(self) -> None:
        if len(self._layer) == 0:
            self._layer = np.zeros_like(self._samples)
            self._first = np.zeros(self._samples.shape, np.int32)
        height, width, _ = self._samples.shape
        veils.forget(self._first, 0, 0, width, height)

    def _make_room(self, more: int) -> None:
        needed = self._count + more
        if needed > len(self._keys):
            size = needed + needed // 4
            self._keys, self._behind = np.resize(self._keys, size), np.resize(self._behind, size)
