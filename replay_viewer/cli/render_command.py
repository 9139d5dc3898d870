"""The command `render`: recordings to videos and pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import tyro

from replay_viewer.errors import BadArgument, UnknownName
from replay_viewer.progress import FrameRate, ProgressBar

from .arguments import NOTHING_STATED, Flag, LoadingOptions, PathArgument, shown_as
from .interrupts import held_interrupts

if TYPE_CHECKING:
    from replay_viewer.camera import Camera

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
    """Numbers of episodes from 0 on, such as 0:5,7: of --env, else in the order of `replay-viewer info`."""
    num_episodes: Annotated[int | None, shown_as("N")] = None
    """Only the first N of them."""
    where: Annotated[str | None, shown_as("{terminated,truncated,success,failure}")] = None
    """Only those that ended so."""
    steps: Annotated[str | None, shown_as("A:B")] = None
    """These steps of the recording instead of episodes."""
    step: Annotated[int | None, shown_as("STEP")] = None
    """One step, for a picture."""


@dataclass(frozen=True)
class Filming:
    """From where it is seen."""

    camera: Annotated[str | None, shown_as("{follow,top,side,front,orbit,free}")] = None
    """Follow, if none is given: it turns with the robot. All but free go along with it."""
    azimuth: Annotated[float | None, shown_as("DEGREES")] = None
    """Of an orbit: 0 is in front of the robot, -90 at its right side."""
    elevation: Annotated[float | None, shown_as("DEGREES")] = None
    """Of an orbit: above the robot."""
    distance: Annotated[float | None, shown_as("METRES")] = None
    """Of an orbit: from the robot."""
    position: Annotated[str | None, shown_as("X,Y,Z")] = None
    """Of a free camera: where it stands in the world, in metres."""
    look_at: Annotated[str | None, shown_as("X,Y,Z")] = None
    """Of a free camera: what it looks at."""
    fov: Annotated[float | None, shown_as("DEGREES")] = None
    """Vertical field of view: 45, if it is not given."""


@dataclass(frozen=True)
class Look:
    """How it looks."""

    size: Annotated[str, shown_as("WxH")] = "1280x720"
    """Width and height of the video, overlay included. (default: 1280x720)"""
    fps: Annotated[float, shown_as("N")] = 30.0
    """Video frames per second; at any recorded rate, the video runs at the speed of life. (default: 30)"""
    speed: Annotated[float, shown_as("FACTOR")] = 1.0
    """0.25 is slow motion."""
    overlay: Annotated[str, shown_as("{rewards,hud,none}")] = "none"
    """A strip of facts (hud), and every reward term with its curve (rewards)."""
    background: Annotated[str, shown_as("{light,dark}")] = "light"
    """Colours of sky, ground and text."""


@dataclass(frozen=True)
class Writing:
    """Where it goes."""

    out_folder: Annotated[Path | None, shown_as("FOLDER", name="out")] = None
    """Write files with names of their own into this folder."""
    name: Annotated[str | None, shown_as("TEMPLATE")] = None
    """Of those names: {recording}, {seed}, {iteration}, {env}, {episode:06d}, {episodes}, {outcome}, {steps}."""
    split: Flag = False
    """A file for each episode."""
    overwrite: Flag = False
    """Replace files that exist."""
    resume: Flag = False
    """Keep files that exist and make the others; a folder of recordings is always resumed."""
    workers: Annotated[int | None, shown_as("N")] = None
    """Threads; one on each processor, if it is not given."""


def render(
    path: PathArgument,
    out: Annotated[tyro.conf.Positional[Path | None], shown_as("[OUT]")] = None,
    selecting: Annotated[Selecting, tyro.conf.OmitArgPrefixes] = Selecting(),
    filming: Annotated[Filming, tyro.conf.OmitArgPrefixes] = Filming(),
    look: Annotated[Look, tyro.conf.OmitArgPrefixes] = Look(),
    writing: Annotated[Writing, tyro.conf.OmitArgPrefixes] = Writing(),
    loading: LoadingOptions = NOTHING_STATED,
) -> None:
    """Make a video or a picture of a recording, without a display, a GPU, a simulator or a browser.

    Args:
        path: A recording (.rec, a folder or one file), a rollout .npz, or a folder of them.
        out: The file to make: .mp4 for a video; .png or .jpg for a picture. Or a folder, as --out.
        selecting: What is shown.
        filming: From where it is seen.
        look: How it looks.
        writing: Where it goes.
        loading: How to read it.
    """
    if out is not None and writing.out_folder is not None:
        raise BadArgument("--out", writing.out_folder, f"{out} is given already.")
    size, camera = _size(look.size), _camera(filming)
    with held_interrupts():
        from replay_viewer.render.render_video import render_video

    bar = ProgressBar(FrameRate())
    try:
        render_video(
            path,
            out or writing.out_folder,
            camera=camera,
            fov_degrees=filming.fov,
            env=selecting.env,
            envs=selecting.envs,
            episodes=selecting.episodes,
            num_episodes=selecting.num_episodes,
            where=selecting.where,
            step=selecting.step,
            steps=selecting.steps,
            size=size,
            fps=look.fps,
            speed=look.speed,
            overlay=look.overlay,
            look=look.background,
            workers=writing.workers,
            split=writing.split,
            name=writing.name,
            overwrite=writing.overwrite,
            resume=writing.resume,
            urdf=loading.find_urdf(),
            package_dirs=loading.package_dir,
            options=loading.options,
            progress=bar.show,
            tell=bar.say,
        )
    finally:
        bar.end()


def _size(text: str) -> tuple[int, int]:
    """Width and height, of "1280x720"."""
    width, _, height = text.lower().partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise BadArgument("--size", text, "expected WIDTHxHEIGHT in pixels, such as 1280x720.") from None


def _camera(filming: Filming) -> Camera:
    """The camera that the options mean. Raises BadArgument where they contradict each other."""
    from replay_viewer.camera import Orbit
    from replay_viewer.camera.presets import PRESETS

    orbit = {"--azimuth": filming.azimuth, "--elevation": filming.elevation, "--distance": filming.distance}
    free = {"--position": filming.position, "--look-at": filming.look_at}
    kind = filming.camera or ("free" if _given(free) else "orbit" if _given(orbit) else "follow")
    if kind not in (*PRESETS, "orbit", "free"):
        raise UnknownName("camera", kind, (*PRESETS, "orbit", "free"), where="this version")
    for options, owner in ((orbit, "orbit"), (free, "free")):
        for option, value in _given(options).items():
            if kind != owner:
                raise BadArgument(option, value, f"is for --camera {owner}, not {kind}.")
    if kind == "free":
        return _free_camera(filming)
    if kind != "orbit":
        return kind
    if filming.distance is not None and not 0 < filming.distance < math.inf:
        raise BadArgument("--distance", filming.distance, "expected metres, more than 0.")
    azimuth = _AZIMUTH if filming.azimuth is None else filming.azimuth
    return Orbit(azimuth, _ELEVATION if filming.elevation is None else filming.elevation, filming.distance)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {option: value for option, value in options.items() if value is not None}


def _free_camera(filming: Filming) -> Camera:
    from replay_viewer.camera import Free
    from replay_viewer.camera.presets import FOV, look_from

    if filming.position is None or filming.look_at is None:
        raise BadArgument("--camera", "free", "needs --position and --look-at, such as 3,-2,1 and 0,0,0.5.")
    position, look_at = _point("--position", filming.position), _point("--look-at", filming.look_at)
    x, y, z = (a - b for a, b in zip(position, look_at, strict=True))
    distance = math.hypot(x, y, z)
    if not distance:
        raise BadArgument("--look-at", filming.look_at, "is where the camera stands.")
    # Straight down, as on a map: x to the right, y up.
    azimuth = math.atan2(y, x) if math.hypot(x, y) > 1e-6 * distance else -math.pi / 2
    return Free(look_from(azimuth, math.asin(z / distance), np.array(look_at), distance, FOV))


def _point(option: str, text: str) -> list[float]:
    """Coordinates in metres, of "1,-2,0.5"."""
    try:
        point = [float(number) for number in text.split(",")]
    except ValueError:
        point = []
    if len(point) != 3 or not all(map(math.isfinite, point)):
        raise BadArgument(option, text, "expected three coordinates in metres, such as 3,-2,1.")
    return point
