"""The view of a film: from where it is seen, how large it is, how fast, what stands on it, its colours.

The names and the defaults stand here once, for Python, the command line and the viewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..camera import Camera
from ..errors import BadArgument, UnknownName
from ..layers import LAYERS, Layer
from ..theme import look_named
from ..video.kinds import MAX_GIF_FPS
from ..view_names import check_camera, check_overlay
from .film import check_pace

# What is pasted into an issue is to be small: of a walking robot, 5 s are 4.5 MB like this, and 23 MB at 1280x720, 30.
GIF_SIZE, GIF_FPS = (640, 360), 15

_LARGEST_SIDE = 8192


@dataclass(frozen=True)
class View:
    """How a recording is shown.

    Attributes:
        camera: a name ("top", "side", "front", "follow", "all"), or an Orbit, a Free, a Carried or a KeepAll camera, or
            a path of one's own; None for "all" where there are several takes, else for "follow"; see `camera.paths`.
        fov_degrees: vertical field of view; None for the camera's own.
        size: width and height of the whole image, with its overlay [px].
        fps: video frames per second.
        speed: 1 is as fast as life.
        overlay: one of OVERLAYS; see `overlays.make_overlay`.
        look: the colours of the background, one of `theme.LOOKS`.
        titles: whether each of several episodes in a film is named before it, and a legend says what colours mean, of
            several recordings and of layers.
        layers: what is drawn beside the robots: names of `layers.LAYERS`, and a user's own, see `layers.Layer`.

    Raises:
        UnknownName: a camera, an overlay or a look that there is not.
        BadArgument: a number that is not possible, whatever the recording is.
    """

    camera: Camera | None = None
    fov_degrees: float | None = None
    size: tuple[int, int] = (1280, 720)
    fps: float = 30
    speed: float = 1.0
    overlay: str = "none"
    look: str = "light"
    titles: bool = True
    layers: Sequence[str | Layer] = ()

    def __post_init__(self) -> None:
        if isinstance(self.camera, str):
            check_camera(self.camera)
        if self.fov_degrees is not None and not 1 <= self.fov_degrees <= 170:
            raise BadArgument("--fov", self.fov_degrees, "expected 1 to 170 degrees.")
        if not all(0 < side <= _LARGEST_SIDE for side in self.size):
            raise BadArgument("--size", size_text(self.size), f"expected 1 to {_LARGEST_SIDE} pixels each way.")
        check_pace(self.fps, self.speed)
        check_overlay(self.overlay)
        look_named(self.look)
        check_layers(self.layers)


def size_and_rate(size: tuple[int, int] | None, fps: float | None, *, is_gif: bool) -> tuple[tuple[int, int], float]:
    """Those that are stated, and what they are else: less of a GIF. Raises BadArgument for a rate that GIFs lack."""
    if is_gif and fps is not None and fps > MAX_GIF_FPS:
        raise BadArgument("--fps", fps, f"a GIF has at most {MAX_GIF_FPS} frames per second.")
    return size or (GIF_SIZE if is_gif else View.size), fps if fps is not None else (GIF_FPS if is_gif else View.fps)


def check_layers(chosen: Sequence[str | Layer]) -> None:
    """Raise UnknownName for a name of none of our layers, and BadArgument for what is no layer."""
    for layer in chosen:
        if isinstance(layer, str):
            if layer not in LAYERS:
                raise UnknownName("layer", layer, LAYERS, where="this version")
        elif isinstance(layer, type) or not callable(getattr(layer, "shapes", None)):
            problem = "is a class: give an object of it." if isinstance(layer, type) else "has no method `shapes`."
            raise BadArgument("layers", getattr(layer, "__name__", type(layer).__name__), problem)


def size_text(size: tuple[int, int]) -> str:
    """Width and height as the command line takes them: 1280x720."""
    width, height = size
    return f"{width}x{height}"
