"""How a recording is shown: from where, how large, how fast, in which colours."""

from __future__ import annotations

from dataclasses import dataclass

from ..camera import Camera
from ..camera.presets import preset_direction
from ..errors import BadArgument, UnknownName
from ..theme import look_named
from .film import check_pace
from .overlays import OVERLAYS

_LARGEST_SIDE = 8192


@dataclass(frozen=True)
class View:
    """How a recording is shown.

    Attributes:
        camera: as `camera_paths.camera_path` takes it. fov_degrees: vertical; None for the camera's own.
        size: width and height of the whole video [px]. fps: video frames per second. speed: 1 is as fast as life.
        overlay: "rewards", "hud" or "none". look: "light" or "dark".

    Raises:
        UnknownName, BadArgument: one of them is not possible, whatever the recording is.
    """

    camera: Camera = "follow"
    fov_degrees: float | None = None
    size: tuple[int, int] = (1280, 720)
    fps: float = 30
    speed: float = 1.0
    overlay: str = "none"
    look: str = "light"

    def __post_init__(self) -> None:
        if isinstance(self.camera, str):
            preset_direction(self.camera)
        if self.fov_degrees is not None and not 1 <= self.fov_degrees <= 170:
            raise BadArgument("--fov", self.fov_degrees, "expected 1 to 170 degrees.")
        if not all(0 < side <= _LARGEST_SIDE for side in self.size):
            size = "x".join(map(str, self.size))
            raise BadArgument("--size", size, f"expected 1 to {_LARGEST_SIDE} pixels each way.")
        check_pace(self.fps, self.speed)
        look_named(self.look)
        if self.overlay not in OVERLAYS:
            raise UnknownName("overlay", self.overlay, OVERLAYS, where="this version")
