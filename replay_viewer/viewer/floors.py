"""The colours of what robots stand on, as the page draws it: by look, node, and property of the node."""

from __future__ import annotations

from ..theme import Rgb

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
