"""Draws the video frames of films: the one place where a plan, poses, a camera, a renderer and an overlay meet."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from ..camera import camera_path
from ..camera.presets import CameraPose
from ..replay.frames import Frame
from ..replay.replay import Replay
from ..rollout.episodes import outcome_text
from ..theme import look_named
from .film import Film, Moment, Title
from .motion_check import MotionCheck
from .overlays import make_overlay, title_card
from .raster.renderer import RasterRenderer
from .raster.scene import RenderScene
from .threads import OrderedWorkers
from .view import View

# Every worker holds a few pictures; more of them than this rather help with several recordings.
_MOST_WORKERS = 8


@dataclass(frozen=True)
class _Task:
    """What a worker needs for a picture."""

    moment: Moment
    frame: Frame
    camera: CameraPose


@dataclass(frozen=True)
class _Drawn:
    """What a worker made: picture, by the renderer; image, with the overlay. task: None of a title."""

    task: _Task | None
    picture: np.ndarray
    image: np.ndarray


class Studio:
    """Draws films of one replay, in worker threads. Leaving the `with` ends them.

    Args:
        replay: what is shown. Nobody else may use its frames meanwhile.
        view: how it is shown.
        workers: threads; None for one on each processor. They do not change a pixel.

    Raises:
        ReplayError: a view that does not fit the recording.
    """

    def __init__(self, replay: Replay, view: View, workers: int | None = None) -> None:
        self._replay, self._size, self._look = replay, view.size, look_named(view.look)
        self._overlay = make_overlay(view.overlay, replay, view.size, self._look)
        width, height = self._overlay.picture_size
        fov = None if view.fov_degrees is None else math.radians(view.fov_degrees)
        self._path = camera_path(view.camera, replay, aspect=width / height, fov=fov)
        self._scene = RenderScene(replay.robots, replay.rollout.terrain, self._look)
        self._workers = OrderedWorkers(self._make_work, workers or min(num_processors(), _MOST_WORKERS))

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._workers.__exit__(kind, error, trace)

    def images(self, film: Film) -> Generator[np.ndarray, None, None]:
        """The video frames of a film, (H, W, 3) uint8, one after the other: as many as it has.

        Raises RuntimeError where the renderer shows no motion although there is some.
        """
        robots = [entity.name for entity in self._replay.rollout.robots]
        check = MotionCheck(self._overlay.picture_size, robots, self._is_seen)
        for drawn in self._workers.map(self._tasks(film)):
            if drawn.task is None:
                check.forget()
            else:
                check.see(drawn.task.frame, drawn.task.camera, drawn.picture)
            yield drawn.image

    def first_image(self, film: Film) -> np.ndarray:
        """What a film begins with, (H, W, 3) uint8."""
        return self._make_work()(next(self._tasks(film))).image

    def _tasks(self, film: Film) -> Iterator[_Task | np.ndarray]:
        """Poses, cameras and titles, computed here in one thread: `FrameCache` is not for several."""
        title, card = None, None
        for shown in film:
            if isinstance(shown, Moment):
                frame = self._replay.frames.frame_at(shown.position, shown.envs)
                yield _Task(shown, frame, self._path.at(frame, shown.episode))
            elif card is None or shown != title:
                title, card = shown, self._card(shown)
                yield card
            else:
                yield card

    def _make_work(self) -> Callable[[_Task | np.ndarray], _Drawn]:
        """What one worker does, with a renderer of its own."""
        renderer = RasterRenderer(self._scene, self._overlay.picture_size)

        def draw(task: _Task | np.ndarray) -> _Drawn:
            if isinstance(task, np.ndarray):
                return _Drawn(None, task, task)
            picture = renderer.render(task.frame, task.camera)
            return _Drawn(task, picture, self._overlay.compose(picture, task.moment))

        return draw

    def _card(self, title: Title) -> np.ndarray:
        """The title of an episode; envs and steps by the numbers that other commands take."""
        rollout, episode = self._replay.rollout, title.episode
        count = len(rollout.episodes(episode.env_index))
        steps = f"steps {episode.first_step} to {episode.last_step}, {episode.num_steps * rollout.control_dt:.2f} s"
        heading = f"Env {rollout.env_ids[episode.env_index]}, episode {episode.index + 1} of {count}"
        return title_card(self._size, heading, [rollout.name, steps, outcome_text(episode)], self._look)

    def _is_seen(self, name: str, frame: Frame, camera: CameraPose) -> bool:
        renderer = RasterRenderer(self._scene, self._overlay.picture_size)
        return bool((renderer.segmentation(frame, camera) == self._scene.entities.index(name)).any())


def num_processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
