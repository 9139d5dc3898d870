"""The recordings in a folder and its subfolders."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ..container.layout import META
from ..errors import FileProblem
from ..files.regular import open_regular
from ..files.zips import open_zip

_PACKED = ".rec"
# What a plain npz has that is a rollout, perhaps in a folder; others beside it, such as weights, are not.
_ROLLOUT_MEMBER = "base_pos.npy"
# Folders of other tools, by what lies in them: of one of the groups, everything.
_OTHER_KINDS = {
    "a Zarr store": ((".zgroup",), (".zarray",), (".zattrs",), ("zarr.json",)),
    "a LeRobot dataset": (("meta/info.json", "data"), ("meta/info.json", "videos")),
    "a dataset of TFDS": (("dataset_info.json", "features.json"),),
    "a dataset of Hugging Face's": (("dataset_info.json", "state.json"), ("dataset_dict.json",)),
    "a bag of ROS 2": (("metadata.yaml", "*.db3"), ("metadata.yaml", "*.mcap")),
}


def is_folder_of_recordings(path: Path) -> bool:
    """Whether a path is a folder that is no recording itself."""
    return path.is_dir() and path.suffix != _PACKED and not (path / META).exists()


def has_recordings(folder: Path) -> bool:
    """Whether there is a recording below a folder. Raises FileProblem for a folder that some other tool made."""
    if next(iter_recordings(folder), None) is not None:
        return True
    for kind, groups in _OTHER_KINDS.items():
        if any(all(any(folder.glob(pattern)) for pattern in group) for group in groups):
            raise FileProblem(folder, f"holds no recordings: it is {kind}, which cannot be opened yet.")
    return False


def recordings_below(folder: Path) -> list[Path]:
    """Every recording below a folder, sorted; also those that are damaged, which is told when they are opened."""
    return sorted(iter_recordings(folder))


def iter_recordings(folder: Path) -> Iterator[Path]:
    """The same one by one, as they are found: a folder may have any number of files below it."""
    for parent, folders, files in os.walk(folder):
        paths = [Path(parent, name) for name in folders]
        yield from (path for path in paths if not is_folder_of_recordings(path))
        # Nothing inside of a recording is another one.
        folders[:] = [path.name for path in paths if is_folder_of_recordings(path)]
        yield from (path for name in files if _is_recording(path := Path(parent, name)))


def _is_recording(path: Path) -> bool:
    if path.suffix == ".npz":
        try:
            with open_regular(path) as file, open_zip(file) as archive:
                return any(name.replace("\\", "/").split("/")[-1] == _ROLLOUT_MEMBER for name in archive.namelist())
        except (OSError, FileProblem, zipfile.BadZipFile):
            return True
    return path.suffix == _PACKED
