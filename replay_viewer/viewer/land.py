"""What robots stand on, and the light on it: those of films (`theme.LIGHTS`), as far as nodes of the page can say them.

The page makes the rest of it, page/land.js: the checker, how it fades to the horizon, the sky, and the sun's shadows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import viser

from ..rollout.rollout import Terrain
from ..theme import FLOOR_COLORS, GROUND, LIGHTS, TERRAIN, TERRAIN_EDGE, Rgb

SUN, SKY_LIGHT, HEADLIGHT = "/sun", "/sky_light", "/headlight"
# So far away is the sun [m], and the other light as long as no camera has it.
_SUN_DISTANCE = 100.0
_HEADLIGHT_AT = (100.0, 100.0, 50.0)
# Beyond a terrain's border its edge goes on to where it is so many times as far from the middle, and fades on the way.
EDGE = 1.35
# Height of the normal of what can be walked on.
_LEVEL = 0.2
# Flat ground ends so far from the robot [m], and moves with it by whole metres: two squares of the checker.
_REACH = 1500.0


def page_facts() -> dict[str, Any]:
    """What page/land.js has to know of the nodes that it completes."""
    return {
        "FLOORS": FLOOR_COLORS["light"],
        "EDGE": {"node": TERRAIN_EDGE, "times": EDGE},
        "SUN": {"node": SUN, "distance": _SUN_DISTANCE},
        "HEADLIGHT": {"node": HEADLIGHT, "position": _HEADLIGHT_AT},
    }


class Land:
    """The terrain of a recording, or flat ground that is below the robot wherever that walks."""

    def __init__(self, scene: viser.SceneApi, terrain: Terrain | None) -> None:
        """In its light colours; pages that are dark change them."""
        self._ground = None if terrain is not None else _add(scene, GROUND, *_plane(_REACH))
        if terrain is not None:
            _add(scene, TERRAIN, terrain.vertices, terrain.triangles)
            vertices, triangles = border(terrain)
            if len(triangles):
                _add(scene, TERRAIN_EDGE, vertices, triangles)

    def keep_below(self, origin: np.ndarray) -> None:
        """Move flat ground below a world point (3,) [m]."""
        if self._ground is not None:
            self._ground.position = np.array([*np.round(origin[:2]), 0.0])


def add_lights(scene: viser.SceneApi, *, shadows: bool) -> None:
    """Sun, sky and the light from the camera in the place of viser's own.

    shadows: whether the sun casts them at first.
    """
    scene.configure_environment_map(None)
    cast_shadows(scene, shadows)
    # A surface that faces a light of three.js sends back its colour over pi.
    x, y, z = (_SUN_DISTANCE * axis for axis in LIGHTS.towards_sun)
    color, intensity = _color_of(LIGHTS.sun)
    scene.add_light_directional(SUN, color=color, intensity=intensity, cast_shadow=False, position=(x, y, z))
    scene.add_light_directional(HEADLIGHT, intensity=math.pi * LIGHTS.head, cast_shadow=False, position=_HEADLIGHT_AT)
    # Both sides of one light have one intensity, and the brighter one is the sky's.
    sky, intensity = _color_of(LIGHTS.sky)
    ground, _ = _color_of(LIGHTS.ground, max(LIGHTS.sky))
    overhead = (0.0, 0.0, 1.0)
    scene.add_light_hemisphere(SKY_LIGHT, sky_color=sky, ground_color=ground, intensity=intensity, position=overhead)


def cast_shadows(scene: viser.SceneApi, shadows: bool) -> None:
    """Have the sun cast shadows or not, in all browsers or in one.

    The message is about viser's own light, which stays off: the page has it from there.
    """
    scene.configure_default_lights(enabled=False, cast_shadow=shadows)


def border(terrain: Terrain) -> tuple[np.ndarray, np.ndarray]:
    """What goes on beyond the rectangle of a terrain, so that it does not end in mid-air.

    Vertices (V, 3) [m] and triangles (F, 3): edges of the terrain that lie on the rectangle's sides, each with its
    like `EDGE` times as far from the middle. None for a terrain without width.
    """
    vertices = terrain.vertices.astype(np.float64)
    is_used = np.zeros(len(vertices), bool)
    is_used[terrain.triangles] = True
    used = vertices[is_used]
    if not len(used) or not np.isfinite(used).all():
        return np.zeros((0, 3)), np.zeros((0, 3), np.int64)
    low, high = used[:, :2].min(axis=0), used[:, :2].max(axis=0)
    near = 1e-4 * max(float((high - low).max()), 1e-9)
    sides = np.concatenate([vertices[:, :2] - low < near, high - vertices[:, :2] < near], axis=1)  # (V, 4)
    # Of millions of triangles, only those that have two corners there.
    is_at_side: np.ndarray = np.any(sides, axis=1)
    at_border = terrain.triangles[is_at_side[terrain.triangles].sum(axis=1) >= 2]
    a, b, c = (vertices[at_border[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    # Walls at the border would go on as fins.
    level = at_border[abs(normals[:, 2]) > _LEVEL * np.linalg.norm(normals, axis=1)]
    edges = np.concatenate([level[:, [0, 1]], level[:, [1, 2]], level[:, [2, 0]]])
    edges = edges[(sides[edges[:, 0]] & sides[edges[:, 1]]).any(axis=1)]
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    inner = vertices[edges.ravel()]
    middle = (low + high) / 2
    outer = inner.copy()
    outer[:, :2] = middle + EDGE * (inner[:, :2] - middle)
    quads = np.stack([inner.reshape(-1, 2, 3), outer.reshape(-1, 2, 3)], axis=1)
    triangles = 4 * np.arange(len(edges))[:, None, None] + np.array([[0, 2, 1], [1, 2, 3]])
    return quads.reshape(-1, 3), triangles.reshape(-1, 3)


def _plane(reach: float) -> tuple[np.ndarray, np.ndarray]:
    corners = np.array([[-reach, -reach, 0.0], [reach, -reach, 0.0], [reach, reach, 0.0], [-reach, reach, 0.0]])
    return corners, np.array([[0, 1, 2], [0, 2, 3]])


def _add(scene: viser.SceneApi, name: str, vertices: np.ndarray, triangles: np.ndarray) -> Any:
    return scene.add_mesh_simple(
        name,
        vertices=vertices.astype(np.float32),
        faces=triangles.astype(np.uint32),
        color=FLOOR_COLORS["light"][name]["color"],
        flat_shading=True,
        side="double" if name == TERRAIN_EDGE else "front",
        cast_shadow=False,
    )


def _color_of(light: tuple[float, float, float], brightest: float | None = None) -> tuple[Rgb, float]:
    """A light as three.js has it: a colour, sRGB 0..255, whose linear light times an intensity over pi it is."""
    from ..robot.materials import to_srgb

    brightest = brightest or max(light)
    red, green, blue = (round(float(part)) for part in to_srgb(np.array(light) / brightest) * 255)
    return (red, green, blue), math.pi * brightest
