"""The command `render`: its options become the request that Python and the viewer make too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from replay_viewer.camera import Camera, Free, KeepAll, Orbit
from replay_viewer.camera.presets import FOV, look_from
from replay_viewer.errors import BadArgument, UnknownName
from replay_viewer.formats.table import is_recording
from replay_viewer.progress import FrameRate, ProgressBar
from replay_viewer.render.request import FilmRequest, Reading
from replay_viewer.render.selection import Selection
from replay_viewer.render.target import Target
from replay_viewer.render.view import View, size_and_rate
from replay_viewer.theme import LOOKS
from replay_viewer.view_names import ALL, CAMERAS, OVERLAYS

from .arguments import (
    NOTHING_COMPARED,
    NOTHING_STATED,
    ComparingOptions,
    Flag,
    LoadingOptions,
    PathArgument,
    one_of,
    shown_as,
)
from .imports import large_imports

CAMERA_KINDS = (*CAMERAS, "orbit", "free")

# Where an orbiting camera is if nobody says it [degrees]: behind the robot, a little to the right and above.
_AZIMUTH, _ELEVATION = -150.0, 25.0


@dataclass(frozen=True)
class Selecting:
    """What is shown: by default the first env, from its beginning to its end."""

    env: Annotated[int | None, shown_as("ENV_ID")] = None
    """Show this env, by its index in the simulator."""
    envs: Annotated[str | None, shown_as("A:B|all")] = None
    """Show these envs in one picture, such as 0:64. The first, or --env, leads: camera and overlay are its own."""
    episodes: Annotated[str | None, shown_as("A:B,C")] = None
    """Numbers of episodes from 0 on, such as 0:5,7: of --env, else in the order of `replay-viewer info`. Or worst:3,
    best:3, typical:1, by success, return and length."""
    num_episodes: Annotated[int | None, shown_as("N")] = None
    """Only the first N of them."""
    where: Annotated[str | None, shown_as("CONDITION")] = None
    """Only those that are so: terminated, truncated, success, failure, or 'total_reward < 3 and not success'."""
    steps: Annotated[str | None, shown_as("A:B")] = None
    """These steps of the recording instead of episodes."""
    step: Annotated[int | None, shown_as("STEP")] = None
    """One step, for a picture."""


@dataclass(frozen=True)
class Filming:
    """From where it is seen."""

    camera: Annotated[str | None, one_of(CAMERA_KINDS)] = None
    """Follow, if none is given: it turns with the robot. All but free go along with it. Of several recordings they go
    along with the first one, and "all", which is the usual one then, keeps all of them in view."""
    azimuth: Annotated[float | None, shown_as("DEGREES")] = None
    """Of an orbit, or of all: 0 is in front of the robot, -90 at its right side."""
    elevation: Annotated[float | None, shown_as("DEGREES")] = None
    """Of an orbit, or of all: above the robot."""
    distance: Annotated[float | None, shown_as("METRES")] = None
    """Of an orbit: from the robot."""
    position: Annotated[str | None, shown_as("X,Y,Z")] = None
    """Of a free camera: where it stands in the world, in metres."""
    look_at: Annotated[str | None, shown_as("X,Y,Z")] = None
    """Of a free camera: what it looks at."""
    fov: Annotated[float | None, shown_as("DEGREES")] = None
    """Vertical field of view: 45, if it is not given."""


@dataclass(frozen=True)
class Looks:
    """How it looks."""

    size: Annotated[str | None, shown_as("WxH")] = None
    """Width and height of the video, overlay included: 1280x720, of a GIF 640x360, if they are not given."""
    fps: Annotated[float | None, shown_as("N")] = None
    """Video frames per second: 30, of a GIF 15, if it is not given. At any, the video runs at the speed of life."""
    speed: Annotated[float, shown_as("FACTOR")] = View.speed
    """0.25 is slow motion."""
    overlay: Annotated[str, one_of(OVERLAYS)] = View.overlay
    """A strip of facts (hud), beside it every reward term with its curve (rewards), how far several recordings are from
    the first one (errors), or the cameras' films (cameras)."""
    background: Annotated[str, one_of(LOOKS)] = View.look
    """Colours of sky, ground and text."""
    layers: Annotated[str | None, shown_as("A,B")] = None
    """Draw these beside the robots, any of velocity, contacts, trails, path, torques, frames, collisions."""
    no_titles: Flag = False
    """Without the cards that name each of several episodes, and without a legend of the layers."""


@dataclass(frozen=True)
class Writing:
    """Where it goes."""

    out_folder: Annotated[Path | None, shown_as("FOLDER", name="out")] = None
    """Write files with names of their own into this folder."""
    name: Annotated[str | None, shown_as("TEMPLATE")] = None
    """Of those names: {recording}, {seed}, {iteration}, {env}, {episode:06d}, {episodes}, {outcome}, {steps};
    and what the recording states of its training, such as {checkpoint}."""
    split: Flag = False
    """A file for each episode."""
    overwrite: Flag = False
    """Replace files that exist."""
    resume: Flag = False
    """Keep files that exist and make the others; a folder of recordings is always resumed. In the folder of a training
    that films its episodes, draw what is left to draw."""
    workers: Annotated[int | None, shown_as("N")] = None
    """Threads; one on each processor, if it is not given."""


def render(
    path: PathArgument,
    more: Annotated[tyro.conf.Positional[tuple[Path, ...]], shown_as("[PATH ...]")] = (),
    out: Annotated[tyro.conf.Positional[Path | None], shown_as("[OUT]")] = None,
    selecting: Annotated[Selecting, tyro.conf.OmitArgPrefixes] = Selecting(),
    filming: Annotated[Filming, tyro.conf.OmitArgPrefixes] = Filming(),
    look: Annotated[Looks, tyro.conf.OmitArgPrefixes] = Looks(),
    writing: Annotated[Writing, tyro.conf.OmitArgPrefixes] = Writing(),
    comparing: ComparingOptions = NOTHING_COMPARED,
    loading: LoadingOptions = NOTHING_STATED,
) -> None:
    """Make a video or a picture of a recording, or of several in one scene, without a display, a GPU or a browser.

    Args:
        path: A recording, or a folder of them.
        more: Up to seven recordings that are drawn with the first, at the same time since their start.
        out: The file to make: .mp4, .webm or .gif for a video; .png or .jpg for a picture. Or a folder, as --out.
        selecting: What is shown.
        filming: From where it is seen.
        look: How it looks.
        writing: Where it goes.
        comparing: How several are put into one scene.
        loading: How to read it.
    """
    paths, out = _parted(path, more, out)
    if out is not None and writing.out_folder is not None:
        raise BadArgument("--out", writing.out_folder, f"{out} is given already.")
    target = Target(out or writing.out_folder, writing.name, writing.split, writing.overwrite, writing.resume)
    size = None if look.size is None else _size(look.size)
    size, fps = size_and_rate(size, look.fps, is_gif=target.is_gif)
    request = FilmRequest(
        selection=Selection(**vars(selecting)),  # Their fields have the same names.
        view=View(
            camera=_camera(filming),
            fov_degrees=filming.fov,
            size=size,
            fps=fps,
            speed=look.speed,
            overlay=look.overlay,
            look=look.background,
            titles=not look.no_titles,
            layers=_layers(look.layers),
        ),
        target=target,
        reading=Reading(loading.find_urdf(), loading.package_dir, loading.options),
        workers=writing.workers,
        comparison=comparing.of(len(paths)),
    )
    with large_imports():
        from replay_viewer.render.clips import draw_clips, is_folder_of_clips
        from replay_viewer.render.render_video import make_films

    bar = ProgressBar(FrameRate())
    try:
        if writing.resume and target.out is None and len(paths) == 1 and is_folder_of_clips(path):
            draw_clips(path, writing.workers, bar.show, bar.say)
        else:
            make_films(request, paths if len(paths) > 1 else path, bar.show, bar.say)
    finally:
        bar.end()


def _parted(path: Path, more: Sequence[Path], last: Path | None) -> tuple[list[Path], Path | None]:
    """The recordings, and what is to be made: the last of several paths, unless that is a recording too.

    last: is empty unless an option stands before it, since `more` takes all that it can.
    """
    paths = [path, *more] if last is None else [path, *more, last]
    return (paths, None) if len(paths) == 1 or is_recording(paths[-1]) else (paths[:-1], paths[-1])


def _size(text: str) -> tuple[int, int]:
    """Width and height, of "1280x720"."""
    width, _, height = text.lower().partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise BadArgument("--size", text, "expected WIDTHxHEIGHT in pixels, such as 1280x720.") from None


def _layers(text: str | None) -> tuple[str, ...]:
    """Names, of "velocity,contacts"."""
    names = [] if text is None else [name.strip() for name in text.split(",")]
    return tuple(dict.fromkeys(name for name in names if name))


def _camera(filming: Filming) -> Camera | None:
    """The camera that the options mean; None for the usual one. Raises BadArgument where they contradict each other."""
    of_orbit = _given({"--azimuth": filming.azimuth, "--elevation": filming.elevation, "--distance": filming.distance})
    of_free = _given({"--position": filming.position, "--look-at": filming.look_at})
    if filming.camera is None and not of_free and not of_orbit:
        return None
    kind = ("free" if of_free else "orbit") if filming.camera is None else filming.camera.lower()
    if kind not in CAMERA_KINDS:
        raise UnknownName("camera", filming.camera, CAMERA_KINDS, where="this version")
    for options, owner in ((of_orbit, "orbit"), (of_free, "free")):
        for option, value in options.items():
            if kind != owner and not (kind == ALL and option in ("--azimuth", "--elevation")):
                raise BadArgument(option, value, f"is for --camera {owner}, not {kind}.")
    if kind == ALL:
        return KeepAll(*_direction(filming))
    if kind == "orbit":
        return _orbit(filming)
    if kind == "free":
        return _free(filming)
    return kind


def _given(options: Mapping[str, object]) -> dict[str, object]:
    return {option: value for option, value in options.items() if value is not None}


def _orbit(filming: Filming) -> Orbit:
    if filming.distance is not None and not 0 < filming.distance < math.inf:
        raise BadArgument("--distance", filming.distance, "expected metres, more than 0.")
    return Orbit(*_direction(filming), filming.distance)


def _direction(filming: Filming) -> tuple[float, float]:
    """Azimuth and elevation [degrees]."""
    azimuth = _AZIMUTH if filming.azimuth is None else filming.azimuth
    elevation = _ELEVATION if filming.elevation is None else filming.elevation
    return azimuth, elevation


def _free(filming: Filming) -> Free:
    if filming.position is None or filming.look_at is None:
        raise BadArgument("--camera", "free", "needs --position and --look-at, such as 3,-2,1 and 0,0,0.5.")
    position, look_at = _point("--position", filming.position), _point("--look-at", filming.look_at)
    x, y, z = position - look_at
    distance = math.hypot(x, y, z)
    if not distance:
        raise BadArgument("--look-at", filming.look_at, "is where the camera stands.")
    # Straight down, as on a map: x to the right, y up.
    azimuth = math.atan2(y, x) if math.hypot(x, y) > 1e-6 * distance else -math.pi / 2
    return Free(look_from(azimuth, math.asin(z / distance), look_at, distance, FOV))


def _point(option: str, text: str) -> np.ndarray:
    """Coordinates (3,) [m], of "1,-2,0.5"."""
    try:
        point = np.array([float(number) for number in text.split(",")])
    except ValueError:
        point = np.zeros(0)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise BadArgument(option, text, "expected three coordinates in metres, such as 3,-2,1.")
    return point
