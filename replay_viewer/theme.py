"""All colours: of sky, ground and text on a light or a dark background, and those that carry a meaning.

One table for what they mean (how an episode ended, gain and loss, curves): videos draw from it, and the page's CSS
variables are filled from it. Text and bars of the page follow viser's page around them, those of videos the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .errors import UnknownName

Rgb = tuple[int, int, int]


# -- how pictures look ---------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """Colours of a picture, sRGB 0..255 as they appear on the screen where nothing shades them.

    Attributes:
        name: by which users ask for it.
        sky_top: of the background's gradient.
        sky_bottom: likewise.
        ground: one colour of the checker floor.
        ground_dark: the other one.
        terrain: of ground that is not flat.
        panel: behind the text of overlays.
        text: of overlays.
        muted_text: of overlays, where it is less important.
        accent: of what stands out, in overlays and on the page.
    """

    name: str
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


@dataclass(frozen=True)
class Lights:
    """What falls on a white surface, red, green and blue of linear light.

    Together a surface that faces up in the sun is nearly white, and nothing is black.

    Attributes:
        sun: from the sun, on what faces it.
        sky: from above.
        ground: from below.
        head: from the camera, of each colour.
        towards_sun: from the left behind a robot that walks along x, seen from its right side too.
    """

    sun: tuple[float, float, float] = (0.64, 0.62, 0.58)
    sky: tuple[float, float, float] = (0.40, 0.42, 0.46)
    ground: tuple[float, float, float] = (0.27, 0.27, 0.28)
    head: float = 0.18
    towards_sun: tuple[float, float, float] = (0.36, -0.48, 0.80)


LIGHTS = Lights()


def look_named(name: str) -> Look:
    """The look of a name; raises UnknownName."""
    if name not in LOOKS:
        raise UnknownName("background", name, tuple(LOOKS), where="this version")
    return LOOKS[name]


# -- colours that carry a meaning ----------------------------------------------


class Shades(NamedTuple):
    """One colour twice, as CSS has it.

    Attributes:
        light: on light ground; dark enough for white letters on it.
        dark: on dark ground.
    """

    light: str
    dark: str


# How an episode ended. "failure" is told from the other ends only where it is written out.
OUTCOME_SHADES: Mapping[str, Shades] = {
    "success": Shades("#15803d", "#4ade80"),
    "failure": Shades("#dc2626", "#f87171"),
    "terminated": Shades("#dc2626", "#f87171"),
    "truncated": Shades("#b45309", "#fbbf24"),
    "unfinished": Shades("#64748b", "#94a3b8"),
    "aborted": Shades("#7c3aed", "#a78bfa"),
}
# The same where the ground does not count: under white letters, and on robots.
OUTCOME_COLORS: Mapping[str, str] = {outcome: shades.light for outcome, shades in OUTCOME_SHADES.items()}
# Words that people flag an episode with.
FLAG_SHADES: Mapping[str, Shades] = {
    "good": OUTCOME_SHADES["success"],
    "bad": OUTCOME_SHADES["failure"],
    "check": OUTCOME_SHADES["truncated"],
}

# Bars of values above and below zero, and their ends where a value is beyond the full bar.
GAIN_COLOR, LOSS_COLOR = "#16a34a", "#dc2626"
GAIN_END_COLOR, LOSS_END_COLOR = "#14532d", "#7f1d1d"

# The reward itself, the sum of all terms, on light ground.
TOTAL_COLOR = "#1f2933"

# Twenty that are told apart on light and on dark ground, also by the colour-blind: found by annealing.
_TERM_COLORS = (
    "#576af0", "#f85760", "#1ec594", "#f3ca07", "#7f42c4", "#895b54", "#42e1ff", "#ed9bcb", "#617300", "#9593a2",
    "#c79f07", "#4b68a1", "#cc6ad5", "#9be57f", "#fe8f73", "#4f97fb", "#9e8125", "#bb5c7b", "#aca8ff", "#cdcfc4",
)  # fmt: skip

# From low to high: viridis (S. van der Walt and N. Smith, 2015); its lightness grows evenly, for the colour-blind too.
SCALE = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")


# Recordings beside the one that leads, by which a user tells them apart: bright on light and on dark ground, and the
# first ones far from each other also for the colour-blind (M. Okabe and K. Ito, 2008, without its black and yellow).
TAKE_COLORS = ("#e69f00", "#0072b2", "#cc79a7", "#009e73", "#d55e00", "#56b4e9", "#8b5cf6")
# How much of what is behind them they hide.
TAKE_OPACITY = 0.5

# Feet, in the order of their links, whose trails cross; on light and on dark ground, for the colour-blind too.
FOOT_COLORS = ("#7c3aed", "#f59e0b", "#0ea5e9", "#db2777", "#10b981", "#64748b")


def term_color(index: int) -> str:
    """CSS colour of the term with this index, the same wherever it is shown."""
    return _TERM_COLORS[index % len(_TERM_COLORS)]


def scale_colors(places: np.ndarray) -> np.ndarray:
    """Colours (N, 3), sRGB 0..1, of places (N,) on the scale, from 0 to 1; what is beyond has the colour of the end."""
    stops = np.array([rgb_of(color) for color in SCALE])
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(places, at, channel) for channel in stops.T], axis=1)


def rgb_bytes(color: str) -> Rgb:
    """Red, green and blue, sRGB 0..255, of "#rrggbb"."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def css_color(color: Rgb) -> str:
    """The "#rrggbb" of red, green and blue, sRGB 0..255."""
    return "#" + bytes(color).hex()


def rgb_of(color: str) -> tuple[float, float, float]:
    """Red, green and blue, sRGB 0..1, of "#rrggbb"."""
    red, green, blue = rgb_bytes(color)
    return red / 255, green / 255, blue / 255


# -- the page ------------------------------------------------------------------

# What robots stand on, as the page draws it, in the colours of films: by look and scene node, its property `color`.
WORLD = "/world"
GROUND = f"{WORLD}/ground"
TERRAIN = f"{WORLD}/terrain"
TERRAIN_EDGE = f"{TERRAIN}/edge"
FLOOR_COLORS: dict[str, dict[str, dict[str, Rgb]]] = {
    look.name: {
        GROUND: {"color": look.ground},
        TERRAIN: {"color": look.terrain},
        TERRAIN_EDGE: {"color": look.terrain},
    }
    for look in (LIGHT, DARK)
}

# Bars, text and lines of the page: those of viser's page, which is around them.
_PAGE_COLORS: Mapping[str, Shades] = {
    "bar": Shades("#ffffff", "#1f2126"),
    "text": Shades(TOTAL_COLOR, "#e6e8eb"),
    "dim": Shades("#5b6672", "#9aa4af"),
    "line": Shades("#d3d9e0", "#3a3f47"),
    "hover": Shades("#eef1f4", "#2c3037"),
    "on-accent": Shades("#ffffff", "#0b1526"),
}
# Colours that do not depend on the ground.
_BAR_COLORS: Mapping[str, str] = {
    "gain": GAIN_COLOR,
    "gain-end": GAIN_END_COLOR,
    "loss": LOSS_COLOR,
    "loss-end": LOSS_END_COLOR,
}


def css_variables(media: str = "all") -> str:
    """All colours of the page as CSS variables `--rv-NAME`: a rule for light ground, and one for dark ground.

    media: where there is dark ground: paper is white.
    """
    shades = {**_PAGE_COLORS, "accent": Shades(css_color(LIGHT.accent), css_color(DARK.accent)), **OUTCOME_SHADES}
    shades.update((f"flag-{flag}", shade) for flag, shade in FLAG_SHADES.items())
    shades["sky-top"] = Shades(css_color(LIGHT.sky_top), css_color(DARK.sky_top))
    shades["sky-bottom"] = Shades(css_color(LIGHT.sky_bottom), css_color(DARK.sky_bottom))
    light = {**{name: shade.light for name, shade in shades.items()}, **_BAR_COLORS}
    dark = {name: shade.dark for name, shade in shades.items()}
    dark_rule = _rule(':root[data-rv-look="dark"]', dark)
    return _rule(":root", light) + (dark_rule if media == "all" else f"@media {media} {{\n{dark_rule}}}\n")


def _rule(selector: str, colors: Mapping[str, str]) -> str:
    lines = [f"  --rv-{name}: {color};" for name, color in colors.items()]
    return "\n".join([f"{selector} {{", *lines, "}", ""])
