"""Arrows that come and go."""

from __future__ import annotations

import numpy as np
import viser

from .layer import Rgb


class Arrows:
    """Arrows of one colour under one node. size: a robot's radius [m], to which their thickness fits."""

    def __init__(self, server: viser.ViserServer, name: str, color: Rgb, size: float) -> None:
        self._shortest = 0.06 * size
        self._handle = server.scene.add_arrows(
            name,
            np.array([[[0, 0, 0], [0, 0, size]]], dtype=np.float32),
            color,
            shaft_radius=0.022 * size,
            head_radius=0.055 * size,
            head_length=2 * self._shortest,
            visible=False,
        )

    def show(self, starts: np.ndarray, vectors: np.ndarray) -> None:
        """Arrows from `starts` (N, 3) along `vectors` (N, 3) [m]; those too short to see are left out."""
        long_enough = np.linalg.norm(vectors, axis=-1) > self._shortest
        if long_enough.any():
            starts, vectors = starts[long_enough], vectors[long_enough]
            self._handle.points = np.stack([starts, starts + vectors], axis=1).astype(np.float32)
        visible = bool(long_enough.any())
        if self._handle.visible != visible:
            self._handle.visible = visible
