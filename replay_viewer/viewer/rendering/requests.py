"""Requests for videos and pictures of what a session shows, and the work on them, for a thread of its own."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ReplayError
from ...film_names import FILM_SUFFIX, harmless
from ...paths import free_path
from ...progress import Progress
from ...render.film import Moment
from ...render.request import FilmRequest, PictureRequest
from ...render.selection import Selection
from ...render.target import Target
from ...render.threads import num_processors
from ...render.view import View
from ...theme import look_named
from ..panels.render import Part
from ..session import Session

# The renderer and the encoder take a second to import, and most viewers never need them.
if TYPE_CHECKING:
    import numpy as np

    from ...render.raster.scene import RenderScene
    from ...replay.world import World

# So many recordings are named by the name of a file.
_MOST_NAMES = 3
# Of the picture of how a video begins, the longer side [px].
PREVIEW = 480

# Gives the robots and the terrain in the colours of a look, by the look's name.
SceneOf = Callable[[str], "RenderScene"]


class NoSelection(ReplayError):
    """A video of the steps from A to B, without any."""

    def __init__(self) -> None:
        super().__init__("there is no A-B loop: drag over a chart, or press [ and ].")


def film_request(session: Session, view: View, folder: Path, part: Part = "episode") -> FilmRequest:
    """A video of the env that is shown, to a name in a folder that is still free.

    Args:
        session: what is shown.
        view: how the video shows it.
        folder: where the file goes.
        part: what of the env.

    Raises:
        NoSelection: the steps from A to B, where none are selected.
        FileProblem: a folder that cannot be written to.
    """
    selection, name = _chosen(session, part)
    path = free_path(folder / f"{name}{FILM_SUFFIX}")
    # One processor stays free for the page.
    workers = max(1, num_processors() - 1)
    return FilmRequest(selection, view, Target(path), workers=workers)


def _chosen(session: Session, part: Part) -> tuple[Selection, str]:
    """What a video shows, and what to call it."""
    env, name = session.env_id, _name(session)
    if part == "env":
        return Selection(env=env), name
    if part == "episode":
        number = session.episode.index
        return Selection(env=env, episodes=number), f"{name}_ep{number:03d}"
    if session.player.selection is None:
        raise NoSelection
    first, last = session.player.selection
    return Selection(env=env, steps=range(first, last + 1)), f"{name}_steps{first}-{last}"


def preview_request(request: FilmRequest) -> FilmRequest:
    """The same small, for a picture of how it begins."""
    width, height = request.view.size
    scale = min(1.0, PREVIEW / max(width, height))
    size = (max(2, round(scale * width / 2) * 2), max(2, round(scale * height / 2) * 2))
    return replace(request, view=replace(request.view, size=size))


def picture_request(session: Session, view: View) -> PictureRequest:
    """A picture of what is shown now."""
    position, episode = session.player.position, session.episode
    seconds = (position - episode.first_step) * session.replay.rollout.control_dt
    return PictureRequest(Moment(position, (session.env_index,), episode, seconds), view)


def picture_name(session: Session) -> str:
    """What to call the file of a picture of what is shown now."""
    return f"{_name(session)}_step{session.player.step}.png"


def _name(session: Session) -> str:
    world = session.world
    named = [name.replace(" ", "_") for name in world.names[:_MOST_NAMES]]
    names = "_and_".join(named) if world.others else world.title
    return f"{harmless(names)}_env{session.env_id}"


def film_work(request: FilmRequest, world: World) -> Callable[[Progress], Path]:
    """The work of making a film of a world, which is read anew, while others go on showing it; gives its file."""

    def work(progress: Progress) -> Path:
        from ...render.render_video import make_films

        with world.reopened() as own:
            return make_films(request, own.takes, progress)[0]

    return work


def first_image_work(request: FilmRequest, world: World, scene_of: SceneOf) -> Callable[[Progress], np.ndarray]:
    """The work of drawing what a video begins with, of a world that is read anew; gives (H, W, 3) uint8."""

    def work(progress: Progress) -> np.ndarray:
        from ...render.drawing import FilmDrawer

        scene = scene_of(request.view.look)
        with world.reopened() as own, FilmDrawer(own, request.view, workers=1, scene=scene) as drawer:
            [film] = request.films(own.lead.replay.rollout).values()
            return drawer.first_image(film)

    return work


def picture_work(request: PictureRequest, world: World, scene_of: SceneOf) -> Callable[[Progress], bytes]:
    """The work of drawing a picture of a world, which is read anew; gives a PNG."""

    def work(progress: Progress) -> bytes:
        from PIL import Image

        from ...render.drawing import FilmDrawer

        scene = scene_of(request.view.look)
        with world.reopened() as own, FilmDrawer(own, request.view, workers=1, scene=scene) as drawer:
            image = drawer.image_at(request.moment)
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG")
        return file.getvalue()

    return work


def scenes_of(world: World) -> SceneOf:
    """Gives the scene of a look; that of the last one is kept, since heavy robots take seconds."""

    @lru_cache(maxsize=1)
    def make_scene(look: str) -> RenderScene:
        from ...render.takes import scene_of

        return scene_of(world, look_named(look))

    return make_scene
