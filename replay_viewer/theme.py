"""How pictures look besides the robots: the colours of sky, ground and text, on a light or a dark background."""

from __future__ import annotations

from dataclasses import dataclass

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
