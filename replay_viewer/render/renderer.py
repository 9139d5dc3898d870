"""What draws frames, whatever it draws them with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from ..camera.presets import CameraPose
    from ..replay.frames import Frame


class Renderer(Protocol):
    """Draws frames of one size; not for use by several threads."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its pictures [px]."""
        ...

    def render(self, frame: Frame, camera: CameraPose) -> np.ndarray:
        """All envs and entities of a frame as a camera sees them, (H, W, 3) uint8, sRGB."""
        ...
