"""The formats of recordings: `load_rollout` finds out which one a file has and gives its `Rollout`.

What is in which file:

    format      a format: how its files are told from others, and how one is opened
    table       all formats, and those that users register
    find        the recordings in a folder
    recording   our own format, which `container` reads
    plain_npz   the plain npz
    evidence    a rollout out of named arrays, of whatever file, with evidence for what they leave unsaid
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..container.reader import lacks_first_step
from ..errors import FileProblem
from ..paths import local_path
from ..rollout.rollout import Rollout
from .evidence.reader import rollout_from_arrays
from .find import has_recordings, is_folder_of_recordings
from .format import Format, LoadOptions, QuatOrder
from .table import open_recording, register_format

if TYPE_CHECKING:
    from ..robot import Robot

__all__ = [
    "Format",
    "LoadOptions",
    "QuatOrder",
    "lacks_first_step",
    "load_rollout",
    "register_format",
    "rollout_from_arrays",
]


def load_rollout(path: str | Path, options: LoadOptions | None = None, robot: Robot | None = None) -> Rollout:
    """Open a recording of any of the formats.

    Args:
        path: of the file or directory.
        options: what the user states about it.
        robot: that will be drawn: its kinematics are evidence for what the file does not state, such as the order of
            its quaternions.

    Raises:
        FileProblem: there is no such file, or it is of none of the formats, or it is damaged.
        BadArgument: an option that does not fit the file.
    """
    path = local_path(path)
    if not path.exists():
        raise FileProblem(path, "there is no such file.")
    if is_folder_of_recordings(path) and has_recordings(path):
        raise FileProblem(path, "is a folder with recordings in it.", "Name one of them.")
    return open_recording(path, options or LoadOptions(), robot)
