"""Renders every recording below a folder: a broken one does not stop the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import FileProblem, ReplayError, printable
from ..formats.find import recordings_below
from .job import Counter, Job, Progress
from .selection import NothingSelected


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
