"""The drawing of films: the one place where a plan, poses, a camera, a renderer and an overlay meet."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType

import numpy as np

from ..camera import camera_path
from ..camera.presets import CameraPose
from ..layers.asking import Notify
from ..replay.frames import Frame
from ..replay.world import World
from ..rollout.episodes import outcome_text
from ..theme import look_named
from .film import Film, Moment, Title
from .layers import FilmLayers
from .motion_check import MotionCheck
from .overlays import Entry, Legend, Row, draw_labels, make_overlay, title_card
from .overlays.layout import pixel_scale
from .raster.renderer import RasterRenderer
from .raster.scene import RenderScene
from .shapes import Beside
from .takes import coated, coats_of, frame_of, scene_of
from .threads import OrderedWorkers, cached_for_threads, num_processors
from .view import View

# Every worker holds a few pictures; more of them than this rather help with several recordings.
_MOST_WORKERS = 8


@dataclass(frozen=True)
class _Task:
    """What a worker needs for a picture of a moment: beside the frame, what layers add to it."""

    moment: Moment
    frame: Frame
    camera: CameraPose
    beside: Beside


@dataclass(frozen=True)
class _Drawn:
    """What a worker made.

    Attributes:
        task: what it is a picture of; None for a title.
        picture: by the renderer, (h, w, 3) uint8.
        image: the picture with the overlay, (H, W, 3) uint8.
    """

    task: _Task | None
    picture: np.ndarray
    image: np.ndarray


class FilmDrawer:
    """Draws films of one world, in worker threads. Leaving the `with` ends them.

    Args:
        world: what is shown; a film tells of its lead. Nobody else may use its frames meanwhile.
        view: how it is shown.
        workers: threads; None for one on each processor. They do not change a pixel.
        scene: the world's robots and terrain in the view's look, if somebody has them already.
        notify: called with a title and a text when a layer fails, which is left out from then on.

    Raises:
        ReplayError: a view that does not fit the recording.
    """

    def __init__(
        self,
        world: World,
        view: View,
        workers: int | None = None,
        scene: RenderScene | None = None,
        notify: Notify = lambda *_: None,
    ) -> None:
        replay = world.lead.replay
        self._world, self._replay, self._size, self._look = world, replay, view.size, look_named(view.look)
        self._overlay = make_overlay(view.overlay, world, view.size, self._look)
        width, height = self._overlay.picture_size
        fov = None if view.fov_degrees is None else math.radians(view.fov_degrees)
        self._path = camera_path(view.camera, world, aspect=width / height, fov=fov)
        self._scene = scene_of(world, self._look) if scene is None else scene
        self._coats = coats_of(world)
        self._layers = FilmLayers(view.layers, world, notify)
        self._has_legend = bool(world.others or self._layers.rows) and (view.titles or view.overlay != "none")
        self._legend_of = cached_for_threads(self._make_legend, maxsize=8)
        self._workers = OrderedWorkers(self._make_work, workers or min(num_processors(), _MOST_WORKERS))

    def __enter__(self) -> FilmDrawer:
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

    def image_at(self, moment: Moment) -> np.ndarray:
        """The image of one moment, (H, W, 3) uint8."""
        return self._make_work()(self._task(moment)).image

    def _task(self, moment: Moment) -> _Task:
        frame = frame_of(self._world, moment.position, moment.envs)
        camera = self._path.at(frame, moment.episode)
        return _Task(moment, frame, camera, self._layers.at(frame, camera, self._overlay.picture_size[1]))

    def _tasks(self, film: Film) -> Iterator[_Task | np.ndarray]:
        """Poses, cameras and titles, computed here in one thread: `FrameCache` is not for several."""
        card_of = lru_cache(maxsize=1)(self._card)  # A title is that of many video frames.
        for shown in film:
            yield self._task(shown) if isinstance(shown, Moment) else card_of(shown)

    def _make_work(self) -> Callable[[_Task | np.ndarray], _Drawn]:
        """What one worker does, with a renderer of its own."""
        renderer = RasterRenderer(self._scene, self._overlay.picture_size)

        def draw(task: _Task | np.ndarray) -> _Drawn:
            if isinstance(task, np.ndarray):
                return _Drawn(None, task, task)
            coats = coated(self._coats, task.beside.tints)
            picture = renderer.render(task.frame, task.camera, coats, task.beside.extras)
            image = self._overlay.compose(picture, task.moment)
            return _Drawn(task, picture, self._with_texts(image, task))

        return draw

    def _with_texts(self, image: np.ndarray, task: _Task) -> np.ndarray:
        """The image with the texts of layers and, where there are several takes or layers, what colours mean."""
        if not self._has_legend and not task.beside.labels:
            return image
        image, (width, height) = image.copy(), self._overlay.picture_size
        draw_labels(image[:height, :width], task.beside.labels, task.camera, pixel_scale(self._size), self._look)
        if self._has_legend:
            self._legend_of(task.moment.envs[0], self._world.notes(task.moment.position)).draw(image)
        return image

    def _make_legend(self, env_index: int, notes: Sequence[str]) -> Legend:
        """The takes by what tells them apart while this env of the lead is shown, each with a note, and the layers."""
        world, rows = self._world.with_env(env_index), []
        if world.others:
            colors = [() if take.tint is None else (take.tint,) for take in world.takes]
            told = zip(world.names, colors, notes, strict=True)
            rows = [Row((Entry(name, color), Entry(note, has_mark=False))) for name, color, note in told]
        rows = [*rows, *self._layers.rows]
        return Legend(rows, self._overlay.picture_size[0], pixel_scale(self._size), self._look)

    def _card(self, title: Title) -> np.ndarray:
        """The title card of an episode; envs and steps by the numbers that other commands take."""
        rollout, episode = self._replay.rollout, title.episode
        count = len(rollout.episodes(episode.env_index))
        steps = f"steps {episode.first_step} to {episode.last_step}, {episode.num_steps * rollout.control_dt:.2f} s"
        heading = f"Env {rollout.env_ids[episode.env_index]}, episode {episode.index} ({episode.index + 1} of {count})"
        return title_card(self._size, heading, [self._world.title, steps, outcome_text(episode)], self._look)

    def _is_seen(self, name: str, frame: Frame, camera: CameraPose) -> bool:
        """Whether any pixel shows an entity."""
        renderer = RasterRenderer(self._scene, self._overlay.picture_size)
        return bool((renderer.segmentation(frame, camera) == self._scene.entities.index(name)).any())
