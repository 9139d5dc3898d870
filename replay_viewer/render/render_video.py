"""Videos and pictures of recordings, for Python: options become one request, and the request is carried out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..camera import Camera
from ..formats import LoadOptions
from ..formats.find import is_folder_of_recordings
from ..layers import Layer
from ..paths import local_path
from ..progress import Progress
from ..replay.comparison import Comparison
from ..replay.modes import Alignment, Mode
from ..replay.replay import Replay
from ..replay.take import Take
from .film_maker import FilmMaker, Tell
from .folder import make_films_below
from .request import FilmRequest, Reading
from .selection import NumberChoice, Selection
from .target import Target
from .view import View, size_and_rate

Recording = str | Path | Replay | Take


def render_video(
    recording: Recording | Sequence[Recording],
    out: str | Path | None = None,
    *,
    camera: Camera | None = View.camera,
    fov_degrees: float | None = None,
    env: int | None = None,
    envs: NumberChoice | None = None,
    episodes: NumberChoice | None = None,
    num_episodes: int | None = None,
    where: str | None = None,
    step: int | None = None,
    steps: str | slice | range | None = None,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    speed: float = View.speed,
    overlay: str = View.overlay,
    look: str = View.look,
    titles: bool = View.titles,
    layers: Sequence[str | Layer] = View.layers,
    workers: int | None = None,
    split: bool = False,
    name: str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    compare: Mode = Comparison.mode,
    align: Alignment = Comparison.alignment,
    urdf: str | Path | None = None,
    package_dirs: Sequence[str | Path] = (),
    options: LoadOptions | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> list[Path]:
    """Render a recording to an MP4, a WebM, a GIF or a picture, with no display, no GPU, no simulator and no browser.

    Args:
        recording: a recording, or a folder of them; or a replay, which nobody else uses meanwhile. Several, up to
            eight, are drawn in one scene at the same time since their start: the film is of the first, the others are
            translucent, and a legend names them where there are titles or an overlay. A `Take` says which env or
            episode, colour and offset.
        out: a file (.mp4, .webm or .gif, or .png and .jpg for one picture), or a folder in which files get names from
            a template; None for the current folder. Of a folder of recordings, a folder that gets the same subfolders.
        camera: "follow", "top", "side" and "front" go along with the first recording's robot, "all" keeps all
            recordings in view; or one of `replay_viewer.camera`: Orbit, Free, Carried, KeepAll, a path of one's own.
            None for "all" where there are several recordings, else for "follow".
        fov_degrees: vertical field of view; None for the camera's own.
        env: the simulator's id of the env that is shown. See `Selection` for this and the next six.
        envs: those that are shown in one picture, or "all".
        episodes: numbers of episodes, for example "0:5,7" or range(5).
        num_episodes: only the first so many.
        where: only those for which a condition holds, such as "terminated" or "rewards.tracking < 5 and not success";
            see `replay_viewer.episodes.where`.
        step: one step, for a picture.
        steps: a range of steps instead of episodes.
        size: of the whole video, width and height [px]; None for 1280x720, of a GIF 640x360.
        fps: video frames per second; None for 30, of a GIF 15.
        speed: 1 is as fast as life.
        overlay: "rewards", "hud", "errors" (how far several recordings are from the first one), "cameras" (the films of
            the robot's cameras as insets) or "none".
        look: "light" or "dark".
        titles: name each of several episodes before it, and have a legend of layers and of several recordings.
        layers: what is drawn beside the robots: names of `replay_viewer.layers.LAYERS`, such as "velocity", and layers
            of your own, see `replay_viewer.Layer`.
        workers: threads; None for one on each processor. The pictures are the same for any number.
        split: make a file for each episode.
        name: template of the names of files in a folder, see `render.target.film_name`.
        overwrite: replace files that exist, which else are refused.
        resume: keep files that exist, and make what is missing; of a folder of recordings, that is the default.
        compare: where several recordings stand: "recorded", where they were recorded; "ghost", all where the lead is at
            its start; "side", side by side, all of them opaque.
        align: what is shown at the same time of several recordings: their starts ("start"), their first steps
            ("recording"), which differs for a `Take` with a start, the ends of their episodes ("end"), or their
            bookmarks ("mark"): the step of a `Take`, or of the first note beside the recording.
        urdf: the robots' description, instead of the recording's; it and the next two as for `open_replay`.
        package_dirs: folders in which `package://` names are looked up.
        options: what the user states about the file.
        progress: called with the video frames that are done and those there are in all; what it raises stops the
            work and leaves nothing half-written.
        tell: called with a line about each file and each recording that failed.

    Returns:
        The files that were written.

    Raises:
        ReplayError: bad input, or a file that cannot be written. Of a folder, after all others were rendered.
    """
    target = Target(None if out is None else local_path(out), name, split, overwrite, resume)
    (width, height), fps = size_and_rate(size, fps, is_gif=target.is_gif)
    request = FilmRequest(
        selection=Selection(env, envs, episodes, num_episodes, where, step, steps),
        view=View(camera, fov_degrees, (width, height), fps, speed, overlay, look, titles, tuple(layers)),
        target=target,
        reading=Reading(urdf, package_dirs, options),
        workers=workers,
        comparison=Comparison(compare, align),
    )
    return make_films(request, recording, progress, tell)


def make_films(
    request: FilmRequest,
    recording: Recording | Sequence[Recording],
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> list[Path]:
    """Carry out a request; see `render_video` for the arguments, what is returned and what is raised."""
    if not isinstance(recording, str | Path):
        several = [recording] if isinstance(recording, Replay | Take) else recording
        return FilmMaker(request, progress, tell).make_of_several(several)
    path = local_path(recording)
    if is_folder_of_recordings(path):
        return make_films_below(path, request, progress, tell)
    return FilmMaker(request, progress, tell).make_of_file(path)
