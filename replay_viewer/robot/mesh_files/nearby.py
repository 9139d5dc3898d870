"""Textures and materials that a mesh file names: beside it, or in a folder beside its folder."""

from __future__ import annotations

from pathlib import Path

from trimesh.resolvers import FilePathResolver

from ...container.mesh_paths import spellings


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

    def has(self, name: str) -> bool:
        """Whether there is a file of that name; none is missed where there is not."""
        return self._find(name) is not None

    def _find(self, name: str) -> bytes | None:
        for spelling in spellings(name):
            try:
                return self._read(spelling)
            except (ValueError, OSError):
                continue
        return None

    def _read(self, name: str) -> bytes:
        try:
            return super().get(name)
        except (ValueError, OSError):
            folder = Path(self.parent).resolve()
            path = (folder / name).resolve()
            if folder.parent not in path.parents:
                raise
            return path.read_bytes()
