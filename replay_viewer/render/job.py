"""What is to be done with a recording, and its doing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadArgument, printable
from ..formats import LoadOptions, load_rollout
from ..replay.replay import Replay, lowest_point_of, with_robots
from ..robot import load_robot
from ..rollout.rollout import Rollout
from ..video import VideoWriter
from .drawing import Studio
from .film import Film
from .selection import Selection, Shot, shots_of
from .target import Target, save_picture
from .view import View

# Called with the video frames that are done and those there are.
Progress = Callable[[int, int], None]
# Called with a line about what was done.
Tell = Callable[[str], None]


class Counter:
    """Counts video frames for a `Progress`, over several recordings where `total` is given."""

    def __init__(self, progress: Progress | None, total: int | None = None) -> None:
        self._progress, self._total, self.done = progress, total, 0

    def expect(self, num_frames: int) -> None:
        """Say how many there are, unless that is known already."""
        self._total = num_frames if self._total is None else self._total
        self.count(0)

    def count(self, num_frames: int = 1) -> None:
        """So many are done, or had better not be waited for."""
        self.done += num_frames
        if self._progress is not None:
            self._progress(self.done, self._total or 0)


@dataclass(frozen=True)
class Job:
    """What is to be done with each recording. See `render_video` for the parts; raises BadArgument for `workers`."""

    selection: Selection
    view: View
    target: Target
    loader: Loader
    workers: int | None
    tell: Tell

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise BadArgument("--workers", self.workers, "expected 1 or more.")

    def files(self, rollout: Rollout, subfolder: Path = Path()) -> dict[Path, Film]:
        """What is made of a recording: films by their paths, in a folder below `subfolder`. Raises ReplayError."""
        shots = shots_of(rollout, self.selection)
        if self.target.is_picture:
            shots = [_beginning(shots[0])]
        parts = [[shot] for shot in shots] if self.target.split else [shots]
        films = [Film(rollout, part, self.view.fps, self.view.speed) for part in parts]
        return dict(zip(self.target.paths_of(films, subfolder), films, strict=True))

    def left(self, files: dict[Path, Film]) -> dict[Path, Film]:
        """The files that are not there yet. Raises FileProblem for one that is, unless the user said what to do."""
        left = self.target.left(list(files))
        return {path: film for path, film in files.items() if path in left}

    def render_file(self, path: Path, counter: Counter, subfolder: Path = Path()) -> list[Path]:
        """Render a recording; its robots are loaded only if there is something to do. Returns what was written."""
        with self.loader.rollout(path) as rollout:
            files = self._left_and_told(self.files(rollout, subfolder))
            return self._write(self.loader.replay(rollout), files, counter) if files else []

    def render(self, replay: Replay, counter: Counter) -> list[Path]:
        """Render a recording that is open. Returns what was written."""
        files = self._left_and_told(self.files(replay.rollout))
        return self._write(replay, files, counter) if files else []

    def _left_and_told(self, files: dict[Path, Film]) -> dict[Path, Film]:
        left = self.left(files)
        for path in files:
            if path not in left:
                self.tell(f"{printable(str(path))}: is there already")
        return left

    def _write(self, replay: Replay, files: dict[Path, Film], counter: Counter) -> list[Path]:
        counter.expect(sum(film.num_frames for film in files.values()))
        with Studio(replay, self.view, self.workers) as studio:
            for path, film in files.items():
                if self.target.is_picture:
                    save_picture(studio.first_image(film), path)
                    counter.count(film.num_frames)
                else:
                    _write_film(studio, film, path, self.view.size, counter)
                self.tell(_described(path, film, self))
        return list(files)


def _beginning(shot: Shot) -> Shot:
    return Shot(shot.envs, shot.steps[:1], shot.episode)


def _write_film(studio: Studio, film: Film, path: Path, size: tuple[int, int], counter: Counter) -> None:
    with VideoWriter(path, size, film.fps) as video, closing(studio.images(film)) as images:
        for image in images:
            video.append(image)
            counter.count()


def _described(path: Path, film: Film, job: Job) -> str:
    width, height = job.view.size
    length = "" if job.target.is_picture else f", {film.num_frames} frames, {film.duration:.2f} s"
    return f"{printable(str(path))}: {width}x{height}{length}"


class Loader:
    """Opens recordings in two steps: their numbers at once, their robots where something is drawn.

    Args:
        urdf, package_dirs, options: as for `open_replay`.

    Raises:
        ReplayError: the URDF cannot be used.
    """

    def __init__(
        self,
        urdf: str | Path | None = None,
        package_dirs: Sequence[str | Path] = (),
        options: LoadOptions | None = None,
    ) -> None:
        self._folders, self._options = [Path(folder) for folder in package_dirs], options
        self._given = None if urdf is None else load_robot(Path(urdf), self._folders)

    @contextmanager
    def rollout(self, path: Path) -> Iterator[Rollout]:
        """The numbers of a recording, until the block ends. Raises ReplayError."""
        lowest_point = None if self._given is None else lowest_point_of(self._given)
        with closing(load_rollout(path, self._options, lowest_point)) as rollout:
            yield rollout

    def replay(self, rollout: Rollout) -> Replay:
        """A rollout with its robots. Raises ReplayError."""
        return with_robots(rollout, self._given, self._folders)
