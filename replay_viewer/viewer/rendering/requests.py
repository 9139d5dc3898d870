"""What browsers ask to be drawn, and the work of drawing it: with no viser in it, for a thread of its own."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

# The renderer and the encoder take a second to import, and most viewers never need them.
if TYPE_CHECKING:
    from ...camera import Camera
    from ...camera.presets import CameraPose
    from ...render.raster.scene import RenderScene
    from ...replay.frames import Frame
    from ...replay.replay import Replay
    from ...rollout.rollout import Episode
    from ..background import Progress

Size = tuple[int, int]
SceneOf = Callable[[str], "RenderScene"]


@dataclass(frozen=True)
class FilmOrder:
    """A video of one env.

    env_id: the simulator's index. episode: its number in that env; None for all of them. size: width and height of
    the video [px]. fps: video frames per second. speed: 1 is as fast as life. overlay, look: as `render_video` has it.
    """

    camera: Camera
    env_id: int
    episode: int | None
    size: Size
    fps: float
    speed: float
    overlay: str
    look: str

    def draw(self, replay: Replay, path: Path) -> Callable[[Progress], Path]:
        """The work of writing it to a file that is not there yet. It reads the recording anew."""

        def work(progress: Progress) -> Path:
            from ...render.drawing import num_processors
            from ...render.render_video import render_video

            episodes = None if self.episode is None else [self.episode]
            with replay.reopened() as own:
                render_video(
                    own,
                    path,
                    camera=self.camera,
                    env=self.env_id,
                    episodes=episodes,
                    size=self.size,
                    fps=self.fps,
                    speed=self.speed,
                    overlay=self.overlay,
                    look=self.look,
                    # One processor stays free for the page.
                    workers=max(1, num_processors() - 1),
                    progress=progress,
                )
            return path

        return work

    def path_in(self, folder: Path, name: str) -> Path:
        """Where to write it: a name of the recording's that is not there yet."""
        stem = f"{harmless(name)}_env{self.env_id}"
        if self.episode is not None:
            stem += f"_ep{self.episode + 1}"
        return free_path(folder, stem, ".mp4")


@dataclass(frozen=True)
class PictureOrder:
    """A picture of a frame. size: width and height [px]. overlay, look: as `render_video` has it."""

    frame: Frame
    episode: Episode
    camera: CameraPose
    size: Size
    overlay: str
    look: str

    def draw(self, replay: Replay, scene_of: SceneOf) -> Callable[[Progress], bytes]:
        """The work of drawing it as PNG."""

        def work(progress: Progress) -> bytes:
            from PIL import Image

            from ...render.film import Moment
            from ...render.overlays import make_overlay
            from ...render.raster.renderer import RasterRenderer

            position, scene = self.frame.position, scene_of(self.look)
            seconds = (position - self.episode.first_step) * replay.rollout.control_dt
            with replay.reopened() as own:
                overlay = make_overlay(self.overlay, own, self.size, scene.look)
                picture = RasterRenderer(scene, overlay.picture_size).render(self.frame, self.camera)
                picture = overlay.compose(picture, Moment(position, self.frame.envs, self.episode, seconds))
            file = io.BytesIO()
            Image.fromarray(picture).save(file, "PNG")
            return file.getvalue()

        return work


def scenes_of(replay: Replay) -> SceneOf:
    """Gives the scene of a look; that of the last one is kept, since heavy robots take seconds."""

    @lru_cache(maxsize=1)
    def scene_of(look: str) -> RenderScene:
        from ...render.raster.scene import RenderScene
        from ...theme import look_named

        return RenderScene(replay.robots, replay.rollout.terrain, look_named(look))

    return scene_of


def harmless(name: str) -> str:
    """A name that may be anybody's, as part of a file's name."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[:80] or "recording"


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """A file of this name, or with a number behind it, that is not there yet."""
    path, number = folder / f"{stem}{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}_{number}{suffix}"
    return path
