"""Our own recordings as a format: a folder, or that folder packed into one file."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..container.layout import FORMAT_NAME, META, SUFFIX
from ..container.reader import open_container
from ..errors import BadArgument, FileProblem, printable
from ..files.kinds import refuse_foreign
from ..files.regular import open_regular
from ..files.zips import open_zip
from ..rollout.rollout import Rollout
from .evidence.time_step import stated_dt
from .format import Format, LoadOptions

if TYPE_CHECKING:
    from ..robot import Robot


def _is_recording(path: Path) -> bool:
    if os.path.isdir(path):
        return path.suffix == SUFFIX or os.path.exists(path / META)  # False too where nobody may look.
    return any(name.split("/")[-1] == META for name in _members(path))


def _members(path: Path) -> list[str]:
    with open_regular(path) as file, open_zip(file) as archive:
        return archive.namelist()


def _open(path: Path, options: LoadOptions, robot: Robot | None) -> Rollout:
    """A recording names its joints and its quaternion order itself; its time step may be overridden."""
    if not path.is_dir():
        _check_packed(path)
    for option, value in (("--quat-order", options.quat_order), ("--joint-names", options.joint_names)):
        if value is not None:
            shown = value if isinstance(value, str) else ",".join(value)
            raise BadArgument(option, shown, f"{path} states it itself.")
    rollout = open_container(path)
    if options.control_dt is not None:
        rollout.control_dt, verdict = stated_dt(options.control_dt)
        rollout.state(verdict)
    return rollout


def _check_packed(path: Path) -> None:
    """Raise FileProblem for a file that is no recording's folder packed into one."""
    try:
        names = _members(path)
    except zipfile.BadZipFile as error:
        refuse_foreign(path, "not a recording")
        raise FileProblem(path, f"is not a recording: {error}.", "Copy or write it again.") from error
    if META in names:
        return
    folder = next((name[: -len(META)] for name in names if name.endswith(f"/{META}")), None)
    if folder is not None:
        problem = f"is a ZIP file with the folder of a recording in it, {printable(folder)}."
        raise FileProblem(path, problem, "Unpack it, and open the folder.")
    refuse_foreign(path, "not a recording")


RECORDING = Format(FORMAT_NAME, (SUFFIX,), _is_recording, _open)
