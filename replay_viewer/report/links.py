"""Links: what recordings are called from the folder that a viewer serves, and the addresses of their episodes there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote

from ..episode_record import EpisodeRecord
from ..formats.find import is_folder_of_recordings

VIEWER = "http://localhost:8080"


class Links:
    """Addresses in a viewer that serves one folder.

    Args:
        viewer: its address.
        paths: that were read: the folder is the one that holds all of them.
        recordings: those that the page names.

    Attributes:
        viewer: its address, without a slash at the end.
        folder: what it serves.
    """

    def __init__(self, viewer: str, paths: Sequence[Path], recordings: Iterable[str] = ()) -> None:
        self.viewer = viewer.rstrip("/")
        folders = [str(path if is_folder_of_recordings(path) else path.parent) for path in paths]
        try:
            self.folder = Path(folders[0] if len(set(folders)) == 1 else os.path.commonpath(folders))
        except ValueError:  # Absolute ones and others.
            self.folder = Path(os.path.commonpath([os.path.abspath(folder) for folder in folders]))
        parents = {os.path.dirname(self._name(recording)) for recording in recordings}
        self._shared = os.path.commonpath(parents) if parents and not any(map(os.path.isabs, parents)) else ""

    @cache  # noqa: B019  A page is built and done with.
    def name(self, recording: str) -> str:
        """What people call a recording: its path, without the folders that all of them share."""
        name = self._name(recording)
        return name.removeprefix(f"{self._shared}/") if self._shared else name

    @cache  # noqa: B019
    def query(self, recording: str) -> str | None:
        """What an address says of a recording, its path from the folder; None where the folder has none such."""
        name = self._name(recording)
        return None if os.path.isabs(name) or not os.path.exists(recording) else quote(name, safe="/")

    def address(self, record: EpisodeRecord) -> str | None:
        """Where the viewer shows an episode, from its first step on; None where no recording has it."""
        query = None if record.recording is None else self.query(record.recording)
        if query is None or record.first_step is None:
            return None
        return f"{self.viewer}/?recording={query}&env={record.env_id}&step={record.first_step}"

    def _name(self, recording: str) -> str:
        path, folder = os.path.abspath(recording), os.path.abspath(self.folder)
        return Path(os.path.relpath(path, folder)).as_posix() if _is_inside(path, folder) else recording


def _is_inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)
