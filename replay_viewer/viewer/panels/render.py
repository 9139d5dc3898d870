"""Videos and pictures of what is shown: how they are to be, and how far the one is that is being drawn."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import viser

from ...camera import Camera
from ...errors import printable
from ...layers import Layer
from ...layers.asking import name_of
from ...progress import duration
from ...render.view import View
from ...replay.player import SPEEDS
from ...theme import LOOKS
from ...view_names import ALL, OVERLAYS, PRESETS
from ..background import Job
from ..layers import ShownLayers
from ..wire.mailbox import bind
from ..wire.page import Page
from ..wire.server import give_icon
from . import icons
from .panel import Shown, send_changes

THIS_VIEW = "this view"
# Of the env that is shown: the episode that is, all of them, or the steps from A to B.
Part = Literal["episode", "env", "selection"]
# What a video shows of the env, as `film_request` has it, by what it is called here.
PARTS: Mapping[str, Part] = {"this episode": "episode", "A-B loop": "selection", "all of this env": "env"}
# What the controls offer beside the names that `View` takes; a browser can choose nothing else.
SIZES = ("640 x 360", "1280 x 720", "1920 x 1080", "2560 x 1440", "3840 x 2160", "1080 x 1080", "1080 x 1920")
RATES = ("24", "25", "30", "50", "60")

# A button's action: takes the id of the browser that it was pressed in.
Press = Callable[[int], object]


class RenderPanel:
    """The controls, shared by all browsers, and the state of the one video that is being drawn."""

    def __init__(
        self,
        page: Page,
        tab: viser.GuiTabHandle,
        folder: Path,
        kept: dict[str, str | bool],
        *,
        compares: bool,
        film: Press,
        picture: Press,
        cancel: Press,
        download: Press,
    ) -> None:
        """Show the controls.

        Args:
            page: the page.
            tab: where they are; the first frame is put there when there is one.
            folder: where videos go at first.
            kept: what a user has chosen before, by the labels of the controls; kept up to date.
            compares: whether several takes are shown.
            film: makes a video.
            picture: makes a picture.
            cancel: ends the work on a video.
            download: sends the last video once more.
        """
        self._gui, self._tab = page.gui, tab
        gui = self._gui
        width, height = View.size
        speeds = [f"{speed:g}x" for speed in SPEEDS]
        self._camera = gui.add_dropdown(
            "Camera",
            (THIS_VIEW, ALL, *PRESETS),
            initial_value=ALL if compares else THIS_VIEW,
            hint="This view: as you see it now, orbit and all. All: keeps all recordings in view",
        )
        self._part = gui.add_dropdown("Show", tuple(PARTS))
        self._size = gui.add_dropdown(
            "Size", SIZES, initial_value=f"{width} x {height}", hint="Width and height in pixels"
        )
        self._rate = gui.add_dropdown("Frames/s", RATES, initial_value=f"{View.fps:g}", hint="Video frames per second")
        self._speed = gui.add_dropdown(
            "Speed", speeds, initial_value=f"{View.speed:g}x", hint="Of the video; less is slow motion"
        )
        self._overlay = gui.add_dropdown(
            "Overlay", OVERLAYS, initial_value=View.overlay, hint="hud: time, step, episode, return, outcome"
        )
        self._look = gui.add_dropdown("Background", tuple(LOOKS), initial_value=View.look)
        self._layers = gui.add_checkbox("Layers", True, hint="Those that are on, with what their colours mean")
        self._layers_shown = gui.add_html("")
        # Whatever is posted has the panels brought up to date.
        self._choices = (
            self._camera, self._part, self._size, self._rate, self._speed, self._overlay, self._look, self._layers
        )  # fmt: skip
        self._folder = gui.add_text("Folder", str(folder), hint="On the viewer's machine; one that is new is made")
        self._target = gui.add_html("")
        self._preview: viser.GuiImageHandle | None = None
        self._kept, self._usual = kept, {}
        for control in self._controls:
            self._usual[control.label] = control.value
            if control.label in kept and kept[control.label] in getattr(control, "options", [kept[control.label]]):
                control.value = kept[control.label]
            bind(control, page.mailbox, lambda *_: None)
        self._film = gui.add_button("Render Video", hint="An MP4, into the folder above")
        self._picture = gui.add_button("Save Picture", color="gray", hint="A PNG of this step")
        self._bar = gui.add_progress_bar(0.0, visible=False, animated=True)
        self._status = gui.add_html("", visible=False)
        self._cancel = gui.add_button("Cancel", color="gray", visible=False)
        self._download = gui.add_button("Download Again", color="gray", visible=False)
        buttons = (
            (self._film, icons.FILM, film),
            (self._picture, icons.CAMERA, picture),
            (self._cancel, icons.CROSS, cancel),
            (self._download, icons.DOWNLOAD, download),
        )
        for button, icon, press in buttons:
            give_icon(button, icon)
            _bind_press(button, page, press)

    @property
    def camera(self) -> str:
        """The name of a camera, or THIS_VIEW."""
        return self._camera.value

    @property
    def part(self) -> Part:
        """What a video is to show of the env."""
        return PARTS[self._part.value]

    @property
    def folder(self) -> Path:
        """Where videos go; what a browser writes may be anything."""
        return Path(os.path.expanduser(self._folder.value.replace("\0", "").strip() or ".")).absolute()

    @property
    def shows_layers(self) -> bool:
        """Whether a video or a picture is to show the layers that are on."""
        return self._layers.value

    @property
    def size(self) -> tuple[int, int]:
        """Width and height [px]."""
        width, height = self._size.value.split(" x ")
        return int(width), int(height)

    def view(self, camera: Camera, layers: Sequence[str | Layer] = ()) -> View:
        """What the controls say, with a camera that `self.camera` stands for, and the layers that are on."""
        return View(
            camera,
            size=self.size,
            fps=float(self._rate.value),
            speed=float(self._speed.value.rstrip("x")),
            overlay=self._overlay.value,
            look=self._look.value,
            layers=tuple(layers) if self.shows_layers else (),
        )

    @property
    def key(self) -> tuple[object, ...]:
        """Differs where the choices do."""
        return tuple(choice.value for choice in self._choices)

    @property
    def _controls(self) -> tuple[Any, ...]:
        return (*self._choices, self._folder)

    def keep(self) -> None:
        """Keep what is chosen for another replay; what is as usual is not a choice."""
        for control in self._controls:
            self._kept.pop(control.label, None)
            if control.value != self._usual[control.label]:
                self._kept[control.label] = control.value

    def show_target(self, content: str) -> None:
        """Tell where the video will be, or why it cannot."""
        send_changes(self._target, content=content)

    def show_first_frame(self, image: np.ndarray) -> None:
        """Show what the video begins with, (H, W, 3) uint8."""
        if self._preview is not None:
            self._preview.image = image
            return
        below = self._target.order + 0.5
        with self._tab:  # Only now, since what encodes it takes long to import.
            self._preview = self._gui.add_image(image, label="First frame", format="jpeg", order=below)

    def sync(self, shown: Shown) -> None:
        """Show which layers are drawn, and how far the video is, or how it ended."""
        send_changes(self._layers_shown, content=layers_html(shown.layers, self.shows_layers))
        film = shown.film
        is_running = film is not None and film.state == "running"
        send_changes(self._film, disabled=is_running)
        send_changes(self._bar, visible=is_running)
        send_changes(self._cancel, visible=is_running, disabled=film is not None and film.is_cancelling)
        send_changes(self._download, visible=film is not None and film.state == "done")
        send_changes(self._status, visible=film is not None)
        if film is not None:
            send_changes(self._bar, value=100.0 * film.done / max(film.total, 1))
            send_changes(self._status, content=status_html(film))


def _bind_press(button: viser.GuiButtonHandle, page: Page, press: Press) -> None:
    @button.on_click
    async def _(event: Any) -> None:
        if event.client is not None:
            page.post(press, event.client.client_id)


def layers_html(layers: ShownLayers, are_drawn: bool) -> str:
    """Which layers a video or a picture gets; names of a user's classes are escaped."""
    names = [layers.builtin[layer].title if isinstance(layer, str) else name_of(layer) for layer in layers.for_films]
    if not names:
        return '<div class="rv-drawn-layers">None is on; the View tab switches them.</div>'
    listed = html.escape(printable(", ".join(names)))
    return f'<div class="rv-drawn-layers">{listed if are_drawn else f"Without {listed}"}</div>'


def status_html(film: Job) -> str:
    """How far a video is, or how it ended; what comes from files is escaped."""
    return f'<div class="rv-job">{_status(film)}</div>'


def _status(film: Job) -> str:
    if film.state == "done":
        return f"Saved: <b>{html.escape(printable(str(film.result)))}</b>"
    if film.state == "failed":
        return f'<div class="problem">{html.escape(film.problem)}</div>'
    if film.state == "cancelled":
        return f"Cancelled after {film.done} of {film.total} frames; nothing was kept."
    if film.is_cancelling:
        return "Cancelling ..."
    if not film.done:
        return "Preparing ..."
    told = f"{film.done} of {film.total} frames"
    if film.rate is None:
        return told
    left = duration((film.total - film.done) / film.rate)
    return f"{told} <span>({film.rate:.0f}/s, {left} left)</span>"


def target_html(path: Path) -> str:
    """Where a video will be."""
    return f'<div class="rv-target">Will be <b>{html.escape(printable(str(path)))}</b></div>'


def problem_html(problem: str) -> str:
    """Why there can be no video."""
    return f'<div class="rv-target"><div class="problem">{html.escape(printable(problem))}</div></div>'
