"""Videos and pictures of what is shown: how they are to be, and how far the one is that is being drawn."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any, NamedTuple

import viser

from ...errors import printable
from ...progress import duration
from ...replay.player import SPEEDS
from ..background import Job
from ..wire.mailbox import Mailbox

THIS_VIEW = "this view"
# What the controls offer; a browser can choose nothing else.
CAMERAS = (THIS_VIEW, "follow", "side", "front", "top")
THIS_EPISODE, WHOLE_ENV = "this episode", "all of this env"
SIZES = ("640 x 360", "1280 x 720", "1920 x 1080", "2560 x 1440", "3840 x 2160", "1080 x 1080", "1080 x 1920")
RATES = ("24", "25", "30", "50", "60")
OVERLAYS = ("none", "hud", "rewards")
LOOKS = ("light", "dark")

# A button's action: takes the id of the browser that it was pressed in.
Press = Callable[[int], object]


class RenderChoice(NamedTuple):
    """What the controls say. camera: a preset, or THIS_VIEW. size: width and height [px]."""

    camera: str
    is_whole_env: bool
    size: tuple[int, int]
    fps: float
    speed: float
    overlay: str
    look: str


class RenderPanel:
    """The controls, shared by all browsers, and the state of the one video that is being drawn."""

    def __init__(
        self, gui: viser.GuiApi, mailbox: Mailbox, *, film: Press, picture: Press, cancel: Press, download: Press
    ) -> None:
        self._camera = gui.add_dropdown("Camera", CAMERAS, hint="This view: as you see it now, orbit and all")
        self._episode = gui.add_dropdown("Show", (THIS_EPISODE, WHOLE_ENV))
        self._size = gui.add_dropdown("Size", SIZES, initial_value="1280 x 720", hint="Width and height in pixels")
        self._rate = gui.add_dropdown("Frames/s", RATES, initial_value="30", hint="Video frames per second")
        speeds = [f"{speed:g}x" for speed in SPEEDS]
        self._speed = gui.add_dropdown("Speed", speeds, initial_value="1x", hint="Of the video; less is slow motion")
        self._overlay = gui.add_dropdown("Overlay", OVERLAYS, hint="hud: time, step, episode, return, outcome")
        self._look = gui.add_dropdown("Background", LOOKS)
        self._film = gui.add_button("Render Video", icon=viser.Icon.MOVIE, hint="An MP4 in the viewer's folder")
        self._picture = gui.add_button("Save Picture", icon=viser.Icon.CAMERA, color="gray", hint="A PNG of this step")
        self._bar = gui.add_progress_bar(0.0, visible=False, animated=True)
        self._status = gui.add_html("", visible=False)
        self._cancel = gui.add_button("Cancel", icon=viser.Icon.X, color="gray", visible=False)
        self._download = gui.add_button("Download Again", icon=viser.Icon.DOWNLOAD, color="gray", visible=False)
        for button, press in zip(
            (self._film, self._picture, self._cancel, self._download), (film, picture, cancel, download), strict=True
        ):
            _bind_press(button, mailbox, press)

    @property
    def choice(self) -> RenderChoice:
        """What the controls say now."""
        width, height = self._size.value.split(" x ")
        return RenderChoice(
            camera=self._camera.value,
            is_whole_env=self._episode.value == WHOLE_ENV,
            size=(int(width), int(height)),
            fps=float(self._rate.value),
            speed=float(self._speed.value.rstrip("x")),
            overlay=self._overlay.value,
            look=self._look.value,
        )

    def sync(self, film: Job | None) -> None:
        """Show how far the video is, or how it ended."""
        is_running = film is not None and film.state == "running"
        _set(self._film, "disabled", is_running)
        _set(self._bar, "visible", is_running)
        _set(self._cancel, "visible", is_running)
        _set(self._cancel, "disabled", film is not None and film.is_cancelling)
        _set(self._download, "visible", film is not None and film.state == "done")
        _set(self._status, "visible", film is not None)
        if film is not None:
            _set(self._bar, "value", 100.0 * film.done / max(film.total, 1))
            _set(self._status, "content", status_html(film))


def _bind_press(button: viser.GuiButtonHandle, mailbox: Mailbox, press: Press) -> None:
    @button.on_click
    async def _(event: Any) -> None:
        if event.client is not None:
            mailbox.post(press, event.client.client_id)


def _set(handle: Any, name: str, value: Any) -> None:
    if getattr(handle, name) != value:
        setattr(handle, name, value)


def status_html(film: Job) -> str:
    """How far a video is, or how it ended; what comes from files is escaped."""
    return f'<div class="rv-job">{_STATUS[film.state](film)}</div>'


def _running(film: Job) -> str:
    if film.is_cancelling:
        return "Cancelling ..."
    if film.rate is None:
        return "Preparing ..."
    left = duration((film.total - film.done) / film.rate)
    return f"{film.done} of {film.total} frames <span>({film.rate:.0f}/s, {left} left)</span>"


_STATUS: dict[str, Callable[[Job], str]] = {
    "running": _running,
    "done": lambda film: f"Saved: <b>{html.escape(printable(str(film.result)))}</b>",
    "failed": lambda film: f'<div class="problem">{html.escape(film.problem)}</div>',
    "cancelled": lambda film: f"Cancelled after {film.done} of {film.total} frames; nothing was kept.",
}
