"""What the scene of a page shows, as the robot has it: where the camera is, and whether there are shadows."""

from __future__ import annotations

import numpy as np
from viewer_page import ViewerPage

# Where each preset's camera is, seen from the robot: ahead of it, to its left, above it.
PRESETS = {"Top": (0, 0, 1), "Side": (0, -1, 0), "Front": (1, 0, 0), "Follow": (-0.78, -0.45, 0.42)}

_SHADOW_LIGHTS = """
() => { let n = 0; window.__viserMutable.scene.traverse((o) => { if (o.isLight && o.castShadow) n++; }); return n; }
"""


def has_shadows(page: ViewerPage) -> bool:
    return count_shadows(page) > 0


def count_shadows(page: ViewerPage) -> int:
    """The lights that cast some."""
    return page.page.evaluate(_SHADOW_LIGHTS)


def wait_preset(page: ViewerPage, name: str, heading: float) -> None:
    """Until the camera looks from a preset at a robot with this heading [rad]."""
    page.until(lambda: _from_robot(page, heading) @ PRESETS[name] > 0.98, f"the view {name}")


def distance(page: ViewerPage) -> float:
    """From the camera to what it looks at."""
    camera = page.camera()
    return float(np.linalg.norm(camera["position"] - camera["target"]))


def wait_frames(page: ViewerPage, count: int) -> None:
    """Until the page has drawn so many times more."""
    page.page.evaluate(
        "count => new Promise((done) => { const next = () => (count-- > 0 ? requestAnimationFrame(next) : done());"
        " next(); })",
        count,
    )


def _from_robot(page: ViewerPage, heading: float) -> np.ndarray:
    """Direction (3,) from what the camera looks at to the camera: ahead, left, up."""
    camera = page.camera()
    x, y, z = camera["position"] - camera["target"]
    # three.js' y axis is the world's z axis, and it looks along the world's x axis.
    east, north = -z, -x
    cos, sin = np.cos(heading), np.sin(heading)
    away = np.array([cos * east + sin * north, cos * north - sin * east, y])
    return away / np.linalg.norm(away)
