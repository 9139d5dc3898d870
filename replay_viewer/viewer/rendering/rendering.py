"""Videos and pictures for browsers: from the press of a button to the download."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import viser

from ...camera import Camera, Free
from ...camera.presets import preset
from ...errors import FileProblem, ReplayError
from ...render.request import FilmRequest
from ...render.view import View
from ...view_names import ALL
from ..background import Job
from ..browser.browsers import Browsers
from ..browser.camera import picture_size
from ..layers import ShownLayers
from ..panels.panel import Shown
from ..panels.render import THIS_VIEW, RenderPanel, problem_html, target_html
from ..session import Session
from ..settings import Settings
from ..wire.page import Page
from ..wire.page_bridge import PageAction
from .requests import (
    film_request,
    film_work,
    first_image_work,
    picture_name,
    picture_request,
    picture_work,
    preview_request,
    scenes_of,
)

# Larger files are told of, but not sent: a browser holds them in memory [bytes].
_MAX_DOWNLOAD = 512 << 20
# How long the viewer waits for a video that is cancelled because it closes [s].
_CLOSING_SECONDS = 5.0


class StillDrawing(ReplayError):
    """One more than can be drawn at a time."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is still being drawn; wait for it or cancel it")


@dataclass
class _Asked:
    """What a browser asked for.

    Attributes:
        job: the work on it.
        client_id: of the browser.
        name: of a picture, that its file gets.
        note: of a picture, what tells in the browser that it is being drawn.
        is_told: whether somebody was told that it has ended.
    """

    job: Job
    client_id: int
    name: str = ""
    note: viser.NotificationHandle | None = None
    is_told: bool = False

    @property
    def is_news(self) -> bool:
        """Whether it has ended, and nobody was told yet."""
        return self.job.state != "running" and not self.is_told


class Rendering:
    """What is being drawn for browsers: at most one video and one picture at a time, each on a thread of its own.

    Attributes:
        panel: the controls.
    """

    def __init__(
        self,
        page: Page,
        session: Session,
        browsers: Browsers,
        layers: ShownLayers,
        settings: Settings,
        tab: viser.GuiTabHandle,
    ) -> None:
        """layers: those that are shown are drawn too. tab: where the controls are."""
        self._page, self._session, self._browsers = page, session, browsers
        self._layers = layers
        self._scene_of = scenes_of(session.world)
        self._film: _Asked | None = None
        self._picture: _Asked | None = None
        # Browsers that look at the panel, the last one last, and what the first frame is of that they see.
        self._watching: list[int] = []
        self._preview: Job | None = None
        self._previewed: tuple[object, ...] = ()
        self.panel = RenderPanel(
            page,
            tab,
            settings.folder,
            settings.film,
            compares=bool(session.world.others),
            film=self._begin_film,
            picture=self._begin_picture,
            cancel=self._cancel,
            download=self._send,
        )

    @property
    def actions(self) -> dict[str, PageAction]:
        """What buttons outside of the panel do."""
        return {"draw_screenshot": self._draw_screenshot, "watch_rendering": self._watch}

    @property
    def film(self) -> Job | None:
        """The video that is being drawn, or the last one."""
        return None if self._film is None else self._film.job

    def close(self) -> None:
        """Cancel what is being drawn, and keep what is chosen."""
        self.panel.keep()
        jobs = [asked.job for asked in (self._film, self._picture) if asked is not None]
        jobs += [] if self._preview is None else [self._preview]
        for job in jobs:
            job.cancel()
        for job in jobs:
            job.join(_CLOSING_SECONDS)

    # -- buttons --------------------------------------------------------------

    def _begin_film(self, client_id: int) -> None:
        _refuse_second(self._film, "a video")
        request = self._request(client_id)
        self._film = _Asked(Job(film_work(request, self._session.world), self._tell), client_id)

    def _request(self, client_id: int) -> FilmRequest:
        """The video that a browser would get. Raises ReplayError."""
        panel = self.panel
        camera = self._browsers.views[client_id].camera() if panel.camera == THIS_VIEW else panel.camera
        return film_request(self._session, panel.view(camera, self._layers.for_films), panel.folder, panel.part)

    def _begin_picture(self, client_id: int) -> None:
        width, height = self.panel.size
        camera = self._camera_now(client_id, self.panel.camera, width / height)
        self._draw_picture(client_id, self.panel.view(camera, self._layers.for_films))

    def _cancel(self, client_id: int) -> None:
        if self._film is not None:
            self._film.job.cancel()

    def _send(self, client_id: int) -> None:
        """Send the last video to a browser."""
        if self._film is not None and self._film.job.state == "done":
            self._send_film(client_id, self._film.job.result)

    def _draw_screenshot(self, sides: object, client_id: int) -> None:
        """Draw what a browser shows, as large as it asks for."""
        camera, look = self._camera_now(client_id, THIS_VIEW), self._browsers.views[client_id].look.name
        view = View(camera, size=picture_size(sides), look=look, layers=self._layers.for_films)
        self._draw_picture(client_id, view)

    # -- what a video will be -------------------------------------------------

    def sync(self, shown: Shown) -> None:
        """Bring the panel to the state; who looks at it sees what a video begins with, and where it will be."""
        self.panel.sync(shown)
        self._watching = [client for client in self._watching if client in self._browsers.views]
        if not self._watching:
            return
        try:
            request = self._request(self._watching[-1])
        except ReplayError as problem:
            self.panel.show_target(problem_html(str(problem)))
            return
        self.panel.show_target(target_html(request.target.out or self.panel.folder))
        key = (self.panel.key, str(request.view.camera), request.selection, request.view.layers)
        if key != self._previewed and (self._preview is None or self._preview.state != "running"):
            self._previewed = key
            work = first_image_work(preview_request(request), self._session.world, self._scene_of)
            self._preview = Job(work, self._tell)

    def _watch(self, watches: object, client_id: int) -> None:
        """A browser has the panel before it, or no longer."""
        self._watching = [client for client in self._watching if client != client_id]
        if watches is True:
            self._watching.append(client_id)

    # -- drawing --------------------------------------------------------------

    def _camera_now(self, client_id: int, name: str, aspect: float = 1.0) -> Camera:
        """Where a browser's own camera is, or a preset as the page shows it: for the step that is shown alone."""
        if name == ALL:
            return name
        subject = self._browsers.subject
        if name == THIS_VIEW:
            return Free(self._browsers.views[client_id].camera_now(subject))
        return Free(preset(name, subject.aim.position, subject.aim.heading, subject.size, aspect))

    def _draw_picture(self, client_id: int, view: View) -> None:
        _refuse_second(self._picture, "a picture")
        request, name = picture_request(self._session, view), picture_name(self._session)
        note = self._browsers.views[client_id].client.add_notification("Drawing the picture ...", name, loading=True)
        work = picture_work(request, self._session.world, self._scene_of)
        self._picture = _Asked(Job(work, self._tell), client_id, name, note)

    def _tell(self) -> None:
        """A job has news; runs on its thread."""
        self._page.post(self._look_after)

    def _look_after(self) -> None:
        if self._preview is not None and self._preview.state == "done":
            self.panel.show_first_frame(self._preview.result)
            self._preview = None
        if self._film is not None and self._film.is_news:
            self._film.is_told = True
            self._end_film(self._film)
        if self._picture is not None and self._picture.is_news:
            picture, self._picture = self._picture, None
            self._end_picture(picture)

    def _end_film(self, film: _Asked) -> None:
        view = self._browsers.views.get(film.client_id)
        if view is None or film.job.state == "cancelled":
            return
        if film.job.state == "failed":
            view.notify("The video could not be rendered", film.job.problem)
            return
        self._send_film(film.client_id, film.job.result)

    def _send_film(self, client_id: int, path: Path) -> None:
        self._page.download(client_id, path.name, partial(_content, path))

    def _end_picture(self, picture: _Asked) -> None:
        view = self._browsers.views.get(picture.client_id)
        if view is None:
            return
        assert picture.note is not None
        picture.note.remove()
        if picture.job.state == "done":
            view.client.send_file_download(picture.name, picture.job.result, save_immediately=True)
        else:
            view.notify("The picture could not be drawn", picture.job.problem)


def _refuse_second(asked: _Asked | None, what: str) -> None:
    if asked is not None and asked.job.state == "running":
        raise StillDrawing(what)


def _content(path: Path) -> bytes:
    """What is in a video. Raises FileProblem where it is too large for a browser, or cannot be read."""
    try:
        if path.stat().st_size > _MAX_DOWNLOAD:
            raise FileProblem(path, f"videos above {_MAX_DOWNLOAD >> 20} MiB are not sent.", "It stays where it is.")
        return path.read_bytes()
    except OSError as error:
        raise FileProblem(path, f"{error.strerror}.") from None
