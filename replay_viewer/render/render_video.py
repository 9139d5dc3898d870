"""From recordings to files: videos and pictures, of one recording or of every recording below a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..camera import Camera
from ..errors import BadArgument
from ..formats import LoadOptions
from ..formats.find import is_folder_of_recordings
from ..replay.replay import Replay
from .job import Counter, Job, Progress, Tell
from .loader import Loader
from .number_choice import NumberChoice
from .render_folder import render_folder
from .selection import Selection
from .target import Target
from .view import View


def render_video(
    recording: str | Path | Replay,
    out: str | Path | None = None,
    *,
    camera: Camera = "follow",
    fov_degrees: float | None = None,
    env: int | None = None,
    envs: NumberChoice | None = None,
    episodes: NumberChoice | None = None,
    num_episodes: int | None = None,
    where: str | None = None,
    step: int | None = None,
    steps: str | slice | range | None = None,
    size: tuple[int, int] = (1280, 720),
    fps: float = 30,
    speed: float = 1.0,
    overlay: str = "none",
    look: str = "light",
    workers: int | None = None,
    split: bool = False,
    name: str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    urdf: str | Path | None = None,
    package_dirs: Sequence[str | Path] = (),
    options: LoadOptions | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> list[Path]:
    """Render a recording to an MP4 or a picture, with no display, no GPU, no simulator and no browser.

    Args:
        recording: a recording, a rollout npz, or a folder of them; or a replay, which nobody else uses meanwhile.
        out: a file (.mp4, or .png and .jpg for one picture), or a folder in which files get names from a template;
            None for the current folder. Of a folder of recordings, a folder that gets the same subfolders.
        camera: "follow", "top", "side", "front", or one of `camera_paths`: Orbit, Free, Carried, a path of one's own.
        fov_degrees: vertical field of view; None for the camera's own.
        env: the simulator's id of the env that is shown. See `Selection` for this and the next five.
        envs: those that are shown in one picture, or "all".
        episodes: numbers of episodes, for example "0:5,7" or range(5).
        num_episodes: only the first so many.
        where: only those that ended so: "terminated", "truncated", "success", "failure".
        steps: a range of steps instead of episodes.
        step: one step, for a picture.
        size: of the whole video, width and height [px].
        fps: video frames per second.
        speed: 1 is as fast as life.
        overlay: "rewards", "hud" or "none".
        look: "light" or "dark".
        workers: threads; None for one on each processor. The pictures are the same for any number.
        split: make a file for each episode.
        name: template of the names of files in a folder, see `file_names.file_name`.
        overwrite: replace files that exist, which else are refused.
        resume: keep files that exist, and make what is missing; of a folder of recordings, that is the default.
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
    target = Target(None if out is None else Path(out), name, split, overwrite, resume)
    if step is not None and not target.is_picture:
        raise BadArgument("--step", step, "shows one picture; name a file for it, such as shot.png.")
    job = Job(
        selection=Selection(env, envs, episodes, num_episodes, where, step, steps),
        view=View(camera, fov_degrees, (size[0], size[1]), fps, speed, overlay, look),
        target=target,
        loader=Loader(urdf, package_dirs, options),
        workers=workers,
        tell=tell or _say_nothing,
    )
    if isinstance(recording, Replay):
        return job.render(recording, Counter(progress))
    if is_folder_of_recordings(Path(recording)):
        return render_folder(Path(recording), job, progress)
    return job.render_file(Path(recording), Counter(progress))


def _say_nothing(line: str) -> None:
    pass
