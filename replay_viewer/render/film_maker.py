"""The maker of films: carries out a request, for one recording after the other."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from ..errors import FileProblem, printable
from ..formats import load_rollout
from ..paths import local_path
from ..progress import Progress
from ..replay.replay import Replay, open_replay, with_robots
from ..replay.take import Take
from ..replay.world import World, open_world, world_of
from ..robot import load_robot
from ..robot.mesh_up import MeshUp
from ..rollout.rollout import Rollout
from ..video import VideoWriter
from .drawing import FilmDrawer
from .film import Film
from .raster.kernels.machine_code import get_ready
from .raster.kernels.planes import to_planes
from .request import FilmRequest, Reading
from .selection import Selection
from .view import size_text

# Called with a line about what was done.
Tell = Callable[[str], object]


class FilmMaker:
    """Makes films of recordings as one request asks for.

    Attributes:
        request: what is asked for.
        counter: the video frames of all recordings.
    """

    def __init__(self, request: FilmRequest, progress: Progress | None = None, tell: Tell | None = None) -> None:
        """Get ready.

        Args:
            request: what is asked for.
            progress: called with the video frames that are done and those there are.
            tell: called with a line about every file.

        Raises:
            ReplayError: the URDF that is stated cannot be used.
        """
        get_ready()  # While recordings are opened and meshes are read.
        self.request, self.counter = request, FrameCounter(progress)
        self._tell, self._loader = tell, _Loader(request.reading)

    def plan(self, path: Path, subfolder: Path = Path()) -> dict[Path, int]:
        """The files that are made of a recording, each with the number of its video frames, 0 if it is there already.

        Args:
            path: of the recording.
            subfolder: of the target's folder, into which the files go.

        Raises:
            ReplayError: as `make_of_file` does.
        """
        with self._loader.rollout(path) as rollout:
            films = self.request.films(rollout, subfolder)
            left = self.request.target.left(list(films))
            return {path: film.num_frames if path in left else 0 for path, film in films.items()}

    def make_of_file(self, path: Path, subfolder: Path = Path()) -> list[Path]:
        """Make the films of a recording; its robots are loaded only if there is something to do.

        Args:
            path: of the recording.
            subfolder: of the target's folder, into which the files go.

        Returns:
            What was written.

        Raises:
            ReplayError: bad input, a file that cannot be written, or one that is there already.
        """
        with self._loader.rollout(path) as rollout:
            films = self._films_left(rollout, subfolder)
            return self._make(world_of([self._loader.replay(rollout)]), films) if films else []

    def make_of_several(self, recordings: Sequence[str | Path | Replay | Take]) -> list[Path]:
        """Make the films of recordings in one scene: those of the lead, with the others beside it.

        Raises ReplayError as `make_of_file` does; of a recording that cannot be used it says which.
        """
        with ExitStack() as opened:
            world = open_world(recordings, self._loader.open, opened, self.request.selection.env)
            return self.make_of(self.request.comparison.of(world))

    def make_of(self, world: World) -> list[Path]:
        """The same for recordings that are open."""
        films = self._films_left(world.lead.replay.rollout, selection=self.request.selection.of_take(world.lead))
        return self._make(world, films) if films else []

    def tell(self, line: str) -> None:
        """Say something about what is made."""
        if self._tell is not None:
            self._tell(line)

    def _notify(self, title: str, text: str) -> None:
        self.tell(f"{title}: {text}")

    def _films_left(
        self, rollout: Rollout, subfolder: Path = Path(), selection: Selection | None = None
    ) -> dict[Path, Film]:
        """The films that are not there yet; of the others is told. selection: in the place of the request's."""
        films = self.request.films(rollout, subfolder, selection)
        left = self.request.target.left(list(films))
        for path in films:
            if path not in left:
                self.tell(f"{printable(str(path))}: is there already")
        return {path: films[path] for path in left}

    def _make(self, world: World, films: dict[Path, Film]) -> list[Path]:
        self.counter.expect(sum(film.num_frames for film in films.values()))
        with FilmDrawer(world, self.request.view, self.request.workers, notify=self._notify) as drawer:
            for path, film in films.items():
                if self.request.target.is_picture:
                    self._make_picture(drawer, film, path)
                else:
                    self._make_film(drawer, film, path)
        return list(films)

    def _make_picture(self, drawer: FilmDrawer, film: Film, path: Path) -> None:
        save_picture(drawer.first_image(film), path)
        self.counter.count(film.num_frames)
        self.tell(f"{printable(str(path))}: {size_text(self.request.view.size)}")

    def _make_film(self, drawer: FilmDrawer, film: Film, path: Path) -> None:
        size, planar = self.request.view.size, path.suffix.lower() != ".gif"
        with VideoWriter(path, size, film.fps, planar=planar) as video, closing(drawer.images(film)) as images:
            for image in images:
                video.append(planes_of(image) if planar else image)
                self.counter.count()
        self.tell(f"{printable(str(path))}: {size_text(size)}, {film.num_frames} frames, {film.duration:.2f} s")


class FrameCounter:
    """Counts video frames for a `Progress`, over one recording or several.

    Attributes:
        done: those that are made.
        total: those there are in all; None until that is known.
    """

    def __init__(self, progress: Progress | None) -> None:
        self.done = 0
        self.total: int | None = None
        self._progress = progress

    def expect(self, num_frames: int) -> None:
        """Say how many there are, unless that is known already, and that it begins."""
        if self.total is None:
            self.total = num_frames
        self.count(0)

    def count(self, num_frames: int = 1) -> None:
        """So many are done, or had better not be waited for."""
        self.done += num_frames
        if self._progress is not None:
            self._progress(self.done, self.total or 0)


class _Loader:
    """Opens recordings in two steps: their numbers at once, their robots where something is drawn."""

    def __init__(self, reading: Reading) -> None:
        """Load the robot, if one is stated. Raises ReplayError where it cannot be used."""
        self._folders, self._options = [Path(folder) for folder in reading.package_dirs], reading.options
        self._mesh_up: MeshUp | None = None if reading.options is None else reading.options.mesh_up
        self._robot = (
            None if reading.urdf is None else load_robot(Path(reading.urdf), self._folders, mesh_up=self._mesh_up)
        )

    @contextmanager
    def rollout(self, path: Path) -> Iterator[Rollout]:
        """The numbers of a recording, until the block ends. Raises ReplayError."""
        with closing(load_rollout(path, self._options, self._robot)) as rollout:
            yield rollout

    def open(self, path: str | Path) -> Replay:
        """A recording with its robots, which the caller closes. Raises ReplayError."""
        return open_replay(local_path(path), package_dirs=self._folders, options=self._options, robots=self._robot)

    def replay(self, rollout: Rollout) -> Replay:
        """A rollout with its robots. Raises ReplayError."""
        return with_robots(rollout, self._robot, self._folders, mesh_up=self._mesh_up)


def planes_of(image: np.ndarray) -> np.ndarray:
    """An image (H, W, 3) uint8 as `VideoWriter` takes planes of it. ffmpeg does the same in five times the time."""
    height, width, _ = image.shape
    planes = np.empty((height + height % 2) * (width + width % 2) * 3 // 2, np.uint8)
    to_planes(np.ascontiguousarray(image).reshape(-1), width, planes)
    return planes


def save_picture(image: np.ndarray, path: Path) -> None:
    """Write an image (H, W, 3) uint8; the file is there when it is complete. Raises FileProblem."""
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        iio.imwrite(partial, image, plugin="pillow", extension=path.suffix.lower(), quality=95)
        partial.replace(path)
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            partial.unlink()
