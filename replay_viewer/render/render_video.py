"""From recordings to files: videos and pictures, of one recording or of every recording below a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..camera import Camera
from ..errors import BadArgument, FileProblem, ReplayError, printable
from ..formats import LoadOptions
from ..formats.find import is_folder_of_recordings, recordings_below
from ..replay.replay import Replay
from .job import Counter, Job, Loader, Progress, Tell
from .selection import NothingSelected, NumberChoice, Selection
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


class SomeFailed(ReplayError):
    """Recordings of a folder that could not be rendered, while the others were. failures: why, by path."""

    def __init__(self, folder: Path, failures: dict[Path, Exception], num_recordings: int) -> None:
        self.folder, self.failures, self.num_recordings = folder, dict(failures), num_recordings
        names = ", ".join(str(path) for path in failures)
        super().__init__(f"{len(failures)} of {num_recordings} recordings in {folder} could not be rendered: {names}")


def render_folder(folder: Path, job: Job, progress: Progress | None) -> list[Path]:
    """Render every recording below a folder into the same subfolders of the target. Returns what was written.

    Files that exist are kept unless they are to be overwritten, so that it goes on where it was stopped.

    Raises:
        FileProblem: there is no recording in it.
        NothingSelected: in none of them.
        SomeFailed: after the others were rendered.
    """
    recordings = recordings_below(folder)
    if not recordings:
        raise FileProblem(folder, "has no recording in it or below it.")
    if job.target.is_file:
        raise FileProblem(folder, f"has {len(recordings)} recordings.", f"Give a folder instead of {job.target.out}.")
    target = replace(job.target, resume=not job.target.overwrite)
    return _FolderJob(folder, recordings, replace(job, target=target)).render(progress)


class _FolderJob:
    """Renders recordings, and notes those that fail."""

    def __init__(self, folder: Path, recordings: list[Path], job: Job) -> None:
        self._folder, self._recordings, self._job = folder, recordings, job
        self._failures: dict[Path, Exception] = {}
        self._owners: dict[Path, Path] = {}
        self._empty: list[NothingSelected] = []

    def render(self, progress: Progress | None) -> list[Path]:
        lengths = {path: length for path in self._recordings if (length := self._length(path)) is not None}
        if len(self._empty) == len(self._recordings):
            raise self._empty[0]
        counter = Counter(progress, sum(lengths.values()))
        written: list[Path] = []
        for path, length in lengths.items():
            done = counter.done
            try:
                written += self._job.render_file(path, counter, self._subfolder(path))
            except (ReplayError, OSError) as error:
                self._fail(path, error)
                counter.count(done + length - counter.done)
        if self._failures:
            raise SomeFailed(self._folder, self._failures, len(self._recordings))
        return written

    def _length(self, path: Path) -> int | None:
        """How many video frames are to be made of a recording; None where nothing can be made of it."""
        try:
            with self._job.loader.rollout(path) as rollout:
                files = self._job.files(rollout, self._subfolder(path))
                self._claim(path, list(files))
                return sum(film.num_frames for film in self._job.left(files).values())
        except NothingSelected as nothing:
            self._empty.append(nothing)
            self._job.tell(f"{printable(str(path))}: {printable(str(nothing))}")
        except (ReplayError, OSError) as error:
            self._fail(path, error)
        return None

    def _claim(self, path: Path, files: list[Path]) -> None:
        """Note whose the files are. Raises FileProblem for those of two recordings."""
        for file in files:
            if (owner := self._owners.setdefault(file, path)) != path:
                fix = "Rename one of them, or give a --name that tells them apart."
                raise FileProblem(path, f"would be written to {file}, as {owner} is.", fix)

    def _fail(self, path: Path, error: Exception) -> None:
        self._failures[path] = error
        self._job.tell(f"{printable(str(path))} failed: {printable(str(error))}")

    def _subfolder(self, path: Path) -> Path:
        return path.parent.relative_to(self._folder)
