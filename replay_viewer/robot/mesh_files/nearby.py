"""Textures and materials that a mesh file names: beside it, or in a folder beside its folder."""

from __future__ import annotations

import os
from pathlib import Path

from trimesh.resolvers import FilePathResolver

from ...container.mesh_paths import spellings
from ...errors import FileProblem
from ...files.regular import read_regular

MAX_TEXTURE_BYTES = 256 << 20


class NearbyFiles(FilePathResolver):
    """Files beside a mesh, or in a folder beside its folder, such as ../materials/textures.

    Attributes:
        missing: the names, as written, under which nothing was found.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.missing: list[str] = []

    def get(self, name: str) -> bytes:
        """The bytes of a file; raises FileNotFoundError where there is none, and notes it in `missing`."""
        data = self._find(name)
        if data is not None:
            return data
        if name not in self.missing:
            self.missing.append(name)
        raise FileNotFoundError(f"'{name}' is not there")

    def hint(self, name: str) -> str:
        """Of a name that is missing, that of a file in its folder which differs by its letters' case alone; else ""."""
        wanted = Path(self.parent, name.strip().replace("\\", "/").lstrip("/"))
        try:
            others = os.listdir(wanted.parent)
        except (OSError, ValueError):
            return ""
        return next((other for other in sorted(others) if other.lower() == wanted.name.lower()), "")

    def has(self, name: str) -> bool:
        """Whether there is a file of that name; none is missed where there is not."""
        return self._find(name) is not None

    def _find(self, name: str) -> bytes | None:
        for spelling in spellings(name):
            try:
                return self._read(spelling)
            except (ValueError, OSError, RuntimeError, FileProblem):  # A link to itself is a RuntimeError before 3.13.
                continue
        return None

    def _read(self, name: str) -> bytes:
        folder = Path(self.parent).resolve()
        for candidate in dict.fromkeys((name.strip(), name.strip().lstrip("/"), os.path.basename(name))):
            path = (folder / candidate).resolve()
            if folder.parent in path.parents and path.exists():
                return read_regular(path, MAX_TEXTURE_BYTES)
        raise FileNotFoundError(name)
