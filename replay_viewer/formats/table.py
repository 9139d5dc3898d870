"""The table of formats: everything that can be opened. Whoever finds, takes, lists or opens recordings asks it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadArgument, FileProblem, listing
from ..files.kinds import refuse_foreign
from ..rollout.rollout import Rollout
from .format import Format, LoadOptions
from .isaac_lab_hdf5 import ISAAC_LAB_HDF5
from .motion_csv import MOTION_CSV
from .motion_npz import MOTION_NPZ
from .plain_npz import PLAIN_NPZ
from .recording import RECORDING
from .user_source import UserSource, told_of

if TYPE_CHECKING:
    from ..robot import Robot

_BUILTIN = (RECORDING, PLAIN_NPZ, MOTION_NPZ, MOTION_CSV, ISAAC_LAB_HDF5)
_SUFFIX = re.compile(r"(\.[a-z0-9_+-]+)+")

_registered: dict[str, Format] = {}


def register_format(format: Format) -> None:
    """Let files of a format of your own be opened wherever a recording can be: by path, from a folder, by a drop.

    It is asked before those that come with replay-viewer, and before those that were registered earlier; one of the
    same name takes the place of that one.

    Raises:
        BadArgument: a suffix that is none, such as "npz" without its point.
    """
    for suffix in format.suffixes:
        if not _SUFFIX.fullmatch(suffix):
            raise BadArgument("suffixes", repr(suffix), 'expected a point and small letters, such as ".csv".')
    _registered.pop(format.name, None)
    _registered[format.name] = format


def all_formats() -> tuple[Format, ...]:
    """Every format, in the order in which they are asked."""
    return (*reversed(_registered.values()), *_BUILTIN)


def suffixes() -> tuple[str, ...]:
    """What names of recordings may end in."""
    return tuple(dict.fromkeys(suffix for format in all_formats() for suffix in format.suffixes))


def described() -> str:
    """All formats in one line, for messages: "replay-viewer recording (.rec), plain npz (.npz)"."""
    return listing(f"{format.name} ({', '.join(format.suffixes)})" for format in all_formats())


def has_suffix(path: Path) -> bool:
    """Whether a name says that a file is a recording."""
    return any(format.has_suffix(path) for format in all_formats())


def is_recording(path: Path) -> bool:
    """Whether a file or folder among others is a recording; one that is damaged counts, which is told on opening it."""
    asked = [format for format in all_formats() if format.has_suffix(path) or os.path.isdir(path)]
    return any(format.recognises(path, if_unsure=format.has_suffix(path)) for format in asked)


def open_recording(path: Path, options: LoadOptions, robot: Robot | None) -> Rollout:
    """Open a file or a folder by the format that recognises it, else by that of its suffix, which says what is wrong.

    Raises:
        FileProblem: it is of none of the formats, or damaged.
        BadArgument: an option that does not fit the file.
    """
    formats = all_formats()
    found = next((format for format in formats if format.recognises(path)), None)
    found = found or next((format for format in formats if format.has_suffix(path)), None)
    if found is None:
        raise _of_no_format(path)
    if found in _BUILTIN:
        return _open_with_extra(found, path, options, robot)
    return _open_registered(found, path, options, robot)


def _of_no_format(path: Path) -> FileProblem:
    """The error for it, unless what it is says more. Raises FileProblem then."""
    if path.is_dir():
        return FileProblem(path, "is a folder that holds no recording.", f"Formats: {described()}.")
    refuse_foreign(path, f"none of these formats: {described()}")
    return FileProblem(path, f"is none of these formats: {described()}.")


def _open_registered(format: Format, path: Path, options: LoadOptions, robot: Robot | None) -> Rollout:
    """By a user's format, whose mistakes are told with its name."""
    with told_of(format.name, path):
        rollout = _open_with_extra(format, path, options, robot)
    if not isinstance(rollout, Rollout):
        problem = f"the format '{format.name}' gave a {type(rollout).__name__}, and no Rollout."
        raise FileProblem(path, problem, "Return what `load_rollout` returns.")
    rollout.source = UserSource(rollout.source, format.name, path)
    return rollout


def _open_with_extra(format: Format, path: Path, options: LoadOptions, robot: Robot | None) -> Rollout:
    """By a format that may lack a package, which is told with how to get it."""
    try:
        with np.errstate(all="ignore"):  # What a file's numbers lack is among the verdicts.
            return format.open(path, options, robot)
    except ImportError as error:
        if not format.extra:
            raise
        problem = f"is of the format '{format.name}', which needs {error.name or 'another package'}."
        raise FileProblem(path, problem, f"Install it: pip install {format.extra}") from error
