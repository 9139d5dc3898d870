"""Colours that carry a meaning, the same in the browser and in videos."""

from __future__ import annotations

import numpy as np

# Tableau 10, in an order that keeps neighbours apart, so that many curves can be told apart.
_COLORS = ("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2", "#9c755f", "#edc948", "#ff9da7", "#8a8a8a")

# The reward itself, the sum of them all, on light ground.
TOTAL_COLOR = "#1f2933"

# Bars of values above and below zero, and their ends where a value is beyond the full bar.
GAIN_COLOR, LOSS_COLOR = "#16a34a", "#dc2626"
GAIN_END_COLOR, LOSS_END_COLOR = "#14532d", "#7f1d1d"

# Outcomes of episodes, each dark enough for white letters on it.
OUTCOME_COLORS = {"terminated": "#dc2626", "truncated": "#b45309", "unfinished": "#64748b", "aborted": "#7c3aed"}
SUCCESS_COLOR, FAILURE_COLOR = "#15803d", "#dc2626"
KIND_COLORS = {**OUTCOME_COLORS, "success": SUCCESS_COLOR}

# From low to high: viridis (S. van der Walt and N. Smith, 2015); its lightness grows evenly, for the colour-blind too.
SCALE = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")


def term_color(index: int) -> str:
    """CSS colour of the term with this index, the same wherever it is shown."""
    return _COLORS[index % len(_COLORS)]


def rgb_of(color: str) -> tuple[float, float, float]:
    """Red, green and blue, sRGB 0..1, of "#rrggbb"."""
    red, green, blue = bytes.fromhex(color[1:])
    return red / 255, green / 255, blue / 255


def scale_colors(places: np.ndarray) -> np.ndarray:
    """Colours (N, 3), sRGB 0..1, of places (N,) on the scale, from 0 to 1; what is beyond has the colour of the end."""
    stops = np.array([rgb_of(color) for color in SCALE])
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(places, at, channel) for channel in stops.T], axis=1)
