"""What belongs to the URDFs that were recorded last: a training that is filmed records one of them again and again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_MOST = 20
# By the URDF, and the folders in which what it names was looked for.
_kept: dict[tuple[Path | None, ...], Parcel] = {}


class Parcel:
    """A URDF with all that belongs to it.

    Args:
        places: of its files, by where they are, in a folder of their own.
        text: of the URDF there.
        absent: files that would belong to it, too.

    Attributes:
        places: as given.
        text: as given.
    """

    def __init__(self, places: Mapping[Path, Path], text: bytes, absent: Iterable[Path] = ()) -> None:
        self.places, self.text = places, text
        self._stamps = {path: _stamp(path) for path in (*places, *absent)}

    def is_as_packed(self) -> bool:
        """Whether all files are as they were, and those that were absent still are."""
        return all(_stamp(path) == stamp for path, stamp in self._stamps.items())


def kept_parcel(urdf: Path, folders: Sequence[Path | None]) -> Parcel | None:
    """The parcel of a URDF whose files were looked for in these folders; None where it has to be packed."""
    found = _kept.get((urdf, *folders))
    return found if found is not None and found.is_as_packed() else None


def keep_parcel(urdf: Path, folders: Sequence[Path | None], parcel: Parcel) -> None:
    """Keep a parcel, in the place of the oldest one."""
    while len(_kept) >= _MOST:
        _kept.pop(next(iter(_kept)), None)
    _kept[(urdf, *folders)] = parcel


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What changes when a file does; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
