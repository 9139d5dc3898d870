"""The formats of recordings: `load_rollout` finds out which one a file has and gives its `Rollout`."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ..container.layout import META
from ..container.reader import lacks_first_step, open_container
from ..errors import BadArgument, FileProblem, printable
from ..files.regular import open_regular
from ..files.zips import open_zip
from ..paths import local_path
from ..rollout.rollout import Rollout
from .find import has_recordings, is_folder_of_recordings
from .format import LoadOptions, LowestPoint, QuatOrder
from .plain.reader import open_plain_npz
from .plain.time_step import stated_dt

__all__ = ["LoadOptions", "LowestPoint", "QuatOrder", "lacks_first_step", "load_rollout"]


def load_rollout(
    path: str | Path, options: LoadOptions | None = None, lowest_point: LowestPoint | None = None
) -> Rollout:
    """Open a recording: a container (a directory, or packed into one file) or a plain npz.

    Args:
        path: of the file or directory.
        options: what the user states about it.
        lowest_point: height of the robot's lowest point by forward kinematics, as further evidence for the order of
            the quaternions of a plain npz.

    Raises:
        FileProblem: there is no such file, or it is none of these formats, or it is damaged.
        BadArgument: an option that does not fit the file.
    """
    path = local_path(path)
    if not path.exists():
        raise FileProblem(path, "there is no such file.")
    if is_folder_of_recordings(path) and has_recordings(path):
        raise FileProblem(path, "is a folder with recordings in it.", "Name one of them.")
    if _is_container(path):
        return _open_container(path, options or LoadOptions())
    return open_plain_npz(path, options or LoadOptions(), lowest_point)


def _is_container(path: Path) -> bool:
    if path.is_dir():
        return True
    try:
        with open_regular(path) as file:
            if not zipfile.is_zipfile(file):
                return False
            with open_zip(file) as archive:
                names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise FileProblem(path, f"is a damaged ZIP file: {error}.", "Copy or write it again.") from error
    folder = next((name[: -len(META)] for name in names if name.endswith(f"/{META}")), None)
    if folder is not None and META not in names:
        problem = f"is a ZIP file with the folder of a recording in it, {printable(folder)}."
        raise FileProblem(path, problem, "Unpack it, and open the folder.")
    return META in names


def _open_container(path: Path, options: LoadOptions) -> Rollout:
    """A container names its joints and its quaternion order itself; its time step may be overridden."""
    for option, value in (("--quat-order", options.quat_order), ("--joint-names", options.joint_names)):
        if value is not None:
            shown = value if isinstance(value, str) else ",".join(value)
            raise BadArgument(option, shown, f"{path} states it itself.")
    rollout = open_container(path)
    if options.control_dt is not None:
        rollout.control_dt, verdict = stated_dt(options.control_dt)
        rollout.state(verdict)
    return rollout
