"""HDF5 files from elsewhere: what can be read of them. A member of another kind is none, nor one that lies outside."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileProblem, printable
from ..files.regular import open_regular

MAGIC = b"\x89HDF\r\n\x1a\n"
# What h5py raises of what is damaged inside.
DAMAGE = (OSError, RuntimeError, KeyError)


def opened(path: Path) -> Any:
    """An open file. Raises FileProblem where it is damaged, and ImportError without h5py, which is optional."""
    open_regular(path).close()  # HDF5 opens by path, and would wait for a pipe.
    try:
        return _h5py().File(path, "r")
    except OSError as error:
        reason = printable(str(error).split("(")[-1].rstrip(")"))
        problem = f"cannot be read as HDF5: {reason}."
        raise FileProblem(path, problem, "Is it still being written, or cut off?") from error


def member(group: Any, name: str) -> Any:
    """What has a name in a group; None where there is none, or it leads out of the file."""
    for part in name.split("/"):
        if not isinstance(group, _h5py().Group) or not isinstance(group.get(part, getlink=True), _h5py().HardLink):
            return None
        group = group[part]
    is_elsewhere = isinstance(group, _h5py().Dataset) and (group.external or group.is_virtual)
    return None if is_elsewhere else group


def names_in(group: Any) -> list[str]:
    """The names of what is in a group; none of anything else."""
    return list(group) if isinstance(group, _h5py().Group) else []


def array(group: Any, name: str) -> Any:
    """An array of numbers in a group, or None."""
    found = member(group, name)
    if not isinstance(found, _h5py().Dataset) or found.shape is None:
        return None
    try:
        return found if found.dtype.kind in "biuf" else None
    except TypeError:  # Of a type that numpy has not.
        return None


def attribute(of: Any, name: str) -> Any:
    """A text, or an array of numbers, that stands at a member or a file; None where there is none."""
    try:
        found = of.attrs[name]
    except (*DAMAGE, TypeError, ValueError):
        return None
    if isinstance(found, (str, bytes)):
        return found if isinstance(found, str) else found.decode("utf-8", "replace")
    return found if isinstance(found, (np.ndarray, np.generic)) and found.dtype.kind in "biuf" else None


def _h5py() -> Any:
    return import_module("h5py")
