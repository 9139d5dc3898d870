"""A drop into the page: recordings, a robot, or both, as files or folders or a ZIP of them."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...container.layout import META, SUFFIX, is_inside
from ...errors import FileProblem, ReplayError, listing, printable
from ...files.regular import open_regular
from ...files.zips import files_in, open_zip
from ...formats import load_rollout
from ...formats.find import recordings_below
from ...formats.table import described, has_suffix
from ...paths import make_new
from .uploads import MAX_BYTES, MAX_FILES, refuse_without_room


class NothingToOpen(ReplayError):
    """Files that hold neither a recording nor a robot."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"Neither a recording nor a robot is in what was dropped: {listing(map(printable, names), 5)}. Drop a "
            f"recording, as a file or a folder: {described()}; or a robot's folder with its .urdf and meshes."
        )


class SeveralRecordings(ReplayError):
    """More than one recording was dropped: they are listed instead of one being opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__("Several recordings were dropped.")


class RobotAlone(ReplayError):
    """A robot was dropped where no recording is shown that it could be for."""

    def __init__(self) -> None:
        super().__init__("A robot was dropped without a recording. Drop both together, or open the recording first.")


class Dropped:
    """The files of one drop, ZIPs unpacked.

    Attributes:
        folder: where they are, links resolved.
        recordings: those in it.
        urdfs: robots' descriptions that are no part of a recording.
    """

    def __init__(self, folder: Path) -> None:
        """Look what is there. Raises NothingToOpen, or FileProblem for a ZIP that cannot be unpacked."""
        self.folder = folder
        unpack_all(sorted(path for path in folder.rglob("*.zip") if path.is_file()))
        self.recordings = recordings_below(folder) or _only_by_name(folder)
        inside = set(self.recordings)
        urdfs = (path for path in folder.rglob("*.urdf") if path.is_file())
        self.urdfs = sorted(path for path in urdfs if inside.isdisjoint(path.parents))
        if not self.recordings and not self.urdfs:
            raise NothingToOpen(sorted(str(path.relative_to(folder)) for path in _files(folder)))

    def recording(self) -> Path | None:
        """The recording that was dropped, if one was. Raises SeveralRecordings."""
        if len(self.recordings) > 1:
            raise SeveralRecordings(self.folder)
        return next(iter(self.recordings), None)

    def urdf_for(self, recording: Path) -> Path | None:
        """Of the robots that were dropped, the one that has most of a recording's joints; None without a robot.

        Raises ReplayError where the recording cannot be read, or none of the robots.
        """
        if len(self.urdfs) < 2:
            return next(iter(self.urdfs), None)
        rollout = load_rollout(recording)
        try:
            recorded = {name for entity in rollout.robots for name in entity.joint_names}
        finally:
            rollout.close()
        return self._best_for(recorded)

    def _best_for(self, recorded: set[str]) -> Path:
        """Robots often come in several versions, such as one with hands and one without.

        Of recordings that name no joints their number tells.
        """
        from ...robot import load_robot  # Kinematics and meshes take a second to import.

        scores: dict[Path, tuple[int, int]] = {}
        problems: list[ReplayError] = []
        for path in self.urdfs:
            try:
                joints = set(load_robot(path, inside=self.folder).joint_names)
                shared = len(joints & recorded)
                scores[path] = shared, -len(joints - recorded) if shared else -abs(len(joints) - len(recorded))
            except ReplayError as problem:
                problems.append(problem)
        if not scores:
            raise problems[0]
        return max(scores, key=lambda path: scores[path])


def unpack_all(archives: Sequence[Path]) -> None:
    """Unpack ZIPs beside themselves, and remove them; a recording's folder has its suffix.

    Where one fails, nothing stays that was unpacked. Raises FileProblem: damaged, together too large, or with names
    that lead out; UploadRefused: the disk has no room for them.
    """
    limit, folders = _Limit(), []
    try:
        for archive in archives:
            _unpack(archive, limit, folders)
    except BaseException:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    for archive in archives:
        archive.unlink()


class _Limit:
    """What the ZIPs of one drop may hold together."""

    def __init__(self) -> None:
        self._num_files = self._num_bytes = 0

    def take(self, archive: Path, members: Sequence[zipfile.ZipInfo]) -> None:
        """Count what is about to be unpacked. Raises FileProblem where it is too much."""
        num_bytes = sum(member.file_size for member in members)
        self._num_files, self._num_bytes = self._num_files + len(members), self._num_bytes + num_bytes
        if self._num_bytes > MAX_BYTES or self._num_files > MAX_FILES:
            problem = (
                f"holds {len(members)} files of {num_bytes / 2**30:.1f} GiB in all; with other ZIPs before it, more"
            )
            raise FileProblem(archive.name, f"{problem} than the {MAX_FILES} files and {MAX_BYTES >> 30} GiB allowed.")


def _unpack(archive: Path, limit: _Limit, folders: list[Path]) -> None:
    """Unpack a ZIP into a new folder, which is added to `folders`."""
    try:
        with open_regular(archive) as opened, open_zip(opened) as file:
            members = files_in(file)
            limit.take(archive, members)
            refuse_without_room(archive.parent, sum(member.file_size for member in members))
            folder = _new_folder(archive, is_recording=any(member.filename == META for member in members))
            folders.append(folder)
            for member in _checked(archive, members):
                (folder / member.filename).parent.mkdir(parents=True, exist_ok=True)
                with file.open(member) as source, (folder / member.filename).open("xb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        raise FileProblem(archive.name, f"cannot be unpacked: {error}.", "Drop the files themselves.") from error
    except OSError as error:
        raise FileProblem(archive.name, f"cannot be unpacked: {error.strerror or error}.") from error


def _checked(archive: Path, members: Sequence[zipfile.ZipInfo]) -> Iterator[zipfile.ZipInfo]:
    """The members, none of which leads out or holds more than it says: no more than that is read of it."""
    for member in members:
        if not is_inside(member.filename):
            raise FileProblem(archive.name, f"has a member that leads out of it: {printable(member.filename)!r}.")
        yield member


def _new_folder(archive: Path, *, is_recording: bool) -> Path:
    def make(folder: Path) -> Path:
        folder.mkdir()
        return folder

    return make_new(archive.with_name(archive.stem.removesuffix(SUFFIX) + (SUFFIX if is_recording else "")), make)


def _only_by_name(folder: Path) -> list[Path]:
    """The only file, if it has the name of a recording: its format says what it lacks when it is opened."""
    files = list(_files(folder))
    return files if len(files) == 1 and has_suffix(files[0]) else []


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
