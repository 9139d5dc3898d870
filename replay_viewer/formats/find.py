"""The recordings in a folder and its subfolders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import FileProblem
from .table import is_recording

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
    return os.path.isdir(path) and not is_recording(path)


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
        recordings = [path for name in folders if is_recording(path := Path(parent, name))]
        yield from recordings
        # Nothing inside of a recording is another one.
        inside = {path.name for path in recordings}
        folders[:] = [name for name in folders if name not in inside]
        yield from (path for name in files if is_recording(path := Path(parent, name)))
