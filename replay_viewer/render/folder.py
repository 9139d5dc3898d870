"""Films of every recording below a folder: a broken one does not stop the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import FileProblem, ReplayError, printable
from ..formats.find import has_recordings, recordings_below
from ..progress import Progress
from .film_maker import FilmMaker, Tell
from .request import FilmRequest
from .selection import NothingSelected


class SomeFailed(ReplayError):
    """Recordings of a folder of which no films could be made, while of the others they were.

    Attributes:
        folder: that was gone through.
        failures: why, by the recording's path.
        num_recordings: how many there are.
    """

    def __init__(self, folder: Path, failures: dict[Path, Exception], num_recordings: int) -> None:
        self.folder, self.failures, self.num_recordings = folder, dict(failures), num_recordings
        names = ", ".join(str(path) for path in failures)
        super().__init__(f"{len(failures)} of {num_recordings} recordings in {folder} could not be rendered: {names}")


def make_films_below(
    folder: Path, request: FilmRequest, progress: Progress | None = None, tell: Tell | None = None
) -> list[Path]:
    """Make the films of every recording below a folder, in the same subfolders of the target.

    Files that exist are kept unless they are to be overwritten, so that it goes on where it was stopped.

    Args:
        folder: gone through.
        request: what is made of each recording.
        progress: called with the video frames that are done and those there are in all.
        tell: called with a line about each file, and each recording of which there is none.

    Returns:
        What was written.

    Raises:
        FileProblem: there is no recording in it, or the target is one file.
        NothingSelected: in none of them is anything that is asked for.
        SomeFailed: after the others were rendered.
    """
    if not has_recordings(folder):
        raise FileProblem(folder, "has no recording in it or below it.")
    recordings = recordings_below(folder)
    target = request.target
    if target.file is not None:
        raise FileProblem(folder, f"has {len(recordings)} recordings.", f"Give a folder instead of {target.file}.")
    request = replace(request, target=replace(target, resume=not target.overwrite))
    return _FolderWork(folder, recordings, FilmMaker(request, progress, tell)).do()


class _FolderWork:
    """Makes films of recordings, and notes those that fail."""

    def __init__(self, folder: Path, recordings: list[Path], maker: FilmMaker) -> None:
        self._folder, self._recordings, self._maker = folder, recordings, maker
        self._failures: dict[Path, Exception] = {}
        self._owners: dict[Path, Path] = {}
        self._empty: list[NothingSelected] = []

    def do(self) -> list[Path]:
        lengths = self._lengths()
        if len(self._empty) == len(self._recordings):
            raise self._empty[0]
        counter = self._maker.counter
        counter.total = sum(lengths.values())
        written: list[Path] = []
        for path, length in lengths.items():
            done_before = counter.done
            try:
                written += self._maker.make_of_file(path, self._subfolder(path))
            except (ReplayError, OSError) as error:
                self._fail(path, error)
                counter.count(done_before + length - counter.done)
        if self._failures:
            raise SomeFailed(self._folder, self._failures, len(self._recordings))
        return written

    def _lengths(self) -> dict[Path, int]:
        """How many video frames are to be made of each recording; without those of which nothing can be made."""
        lengths: dict[Path, int] = {}
        for path in self._recordings:
            try:
                plan = self._maker.plan(path, self._subfolder(path))
                self._claim(path, list(plan))
                lengths[path] = sum(plan.values())
            except NothingSelected as nothing:
                self._empty.append(nothing)
                self._maker.tell(f"{printable(str(path))}: {printable(str(nothing))}")
            except (ReplayError, OSError) as error:
                self._fail(path, error)
        return lengths

    def _claim(self, path: Path, files: list[Path]) -> None:
        """Note whose the files are. Raises FileProblem for those of two recordings."""
        for file in files:
            owner = self._owners.setdefault(file, path)
            if owner != path:
                fix = "Rename one of them, or give a --name that tells them apart."
                raise FileProblem(path, f"would be written to {file}, as {owner} is.", fix)

    def _fail(self, path: Path, error: Exception) -> None:
        self._failures[path] = error
        self._maker.tell(f"{printable(str(path))} failed: {printable(str(error))}")

    def _subfolder(self, path: Path) -> Path:
        return path.parent.relative_to(self._folder)
