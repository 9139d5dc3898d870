"""A crate to be pushed: panels in a frame of dark bars, with a bright band that shows how it turns."""

from __future__ import annotations

from itertools import product

import numpy as np

from .shapes import Shell, ball, disc, skin

SIZE = (0.5, 1.0, 0.45)
"""Along the way that it is pushed, across it, and up [m]."""
BAR = 0.016
"""Radius of the bars."""
INSET, RAISED = 0.006, 0.002
"""How far the panels lie behind the bars, and the bands before the panels."""
BAND, BAND_AT = 0.07, 0.30
"""Width of the band, and how far it runs from the middle on either side."""


def crate() -> dict[str, list[Shell]]:
    """About its middle, by material."""
    half = np.array(SIZE) / 2 - BAR
    corners = [ball(BAR, 10).moved(half * signs) for signs in product((-1, 1), repeat=3)]
    length, width, height = (side - 2 * INSET for side in SIZE)
    band = _box((length + 2 * RAISED, BAND, height + 2 * RAISED))
    bands = [band.moved((0, side * BAND_AT, 0)) for side in (-1, 1)]
    return {"crate": [_box((length, width, height))], "graphite": [*_bars(half), *corners], "accent": bands}


def _box(size: tuple[float, ...]) -> Shell:
    """With sharp edges."""
    corners = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    rings = np.empty((2, 4, 3))
    rings[..., 0], rings[..., 1:] = [[-1], [1]], corners
    return skin(rings * np.asarray(size) / 2)


def _bars(half: np.ndarray) -> list[Shell]:
    """The twelve edges."""
    bars = []
    for axis in range(3):
        bar = disc(BAR, 2 * half[axis], 0.002, 10, steps=1)
        bar = (bar.turned("x"), bar.turned("y"), bar)[axis]
        for signs in product((-1, 1), repeat=2):
            bars.append(bar.moved(np.insert(half[np.arange(3) != axis] * signs, axis, 0.0)))
    return bars
