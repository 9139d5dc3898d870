"""How pictures look besides the robots: the colours of sky, ground and text, on a light or a dark background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import UnknownName

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Look:
    """Colours of a picture, sRGB 0..255 as they appear on the screen where nothing shades them.

    sky_top, sky_bottom: the background's gradient. ground, ground_dark: the two colours of the checker floor.
    panel: behind text. text, muted_text, accent: of overlays.
    """

    name: str
    is_dark: bool
    sky_top: Rgb
    sky_bottom: Rgb
    ground: Rgb
    ground_dark: Rgb
    terrain: Rgb
    panel: Rgb
    text: Rgb
    muted_text: Rgb
    accent: Rgb


LIGHT = Look(
    name="light",
    is_dark=False,
    sky_top=(196, 208, 222),
    sky_bottom=(238, 241, 244),
    ground=(206, 210, 216),
    ground_dark=(182, 188, 197),
    terrain=(170, 163, 150),
    panel=(250, 251, 252),
    text=(28, 34, 43),
    muted_text=(107, 116, 128),
    accent=(37, 99, 235),
)
DARK = Look(
    name="dark",
    is_dark=True,
    sky_top=(22, 26, 33),
    sky_bottom=(58, 66, 78),
    ground=(74, 82, 94),
    ground_dark=(60, 67, 78),
    terrain=(104, 99, 90),
    panel=(24, 28, 35),
    text=(236, 239, 243),
    muted_text=(150, 159, 172),
    accent=(96, 165, 250),
)
LOOKS = {look.name: look for look in (LIGHT, DARK)}


def look_named(name: str) -> Look:
    """The look of a name; raises UnknownName."""
    if name not in LOOKS:
        raise UnknownName("background", name, tuple(LOOKS), where="this version")
    return LOOKS[name]


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


WORLD = "/world"
GROUND = f"{WORLD}/ground"
TERRAIN = f"{WORLD}/terrain"
TERRAIN_LINES = f"{TERRAIN}/grid"

# The ground is not shaded. Terrain is darker than robots are: light from above bleaches it.
FLOOR_COLORS: dict[str, dict[str, dict[str, Rgb]]] = {
    "light": {
        GROUND: {"plane_color": (186, 192, 200), "cell_color": (172, 178, 187), "section_color": (150, 157, 167)},
        TERRAIN: {"color": (138, 132, 120)},
        TERRAIN_LINES: {"colors": (146, 140, 128)},
    },
    "dark": {
        GROUND: {"plane_color": (52, 58, 67), "cell_color": (62, 69, 79), "section_color": (80, 88, 100)},
        TERRAIN: {"color": (47, 47, 46)},
        TERRAIN_LINES: {"colors": (88, 87, 83)},
    },
}
