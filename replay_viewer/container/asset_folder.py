"""The assets of an open recording: URDFs with their meshes, and the terrain, as files on this machine.

A recording may be anybody's: nothing that it names is looked for outside of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import numpy as np

from ..errors import BadField, FileProblem, listing
from ..npz.archive import NpzArchive
from ..rollout.entities import EntitySpec
from ..rollout.rollout import Terrain, Verdict
from .assets import MAX_TERRAIN_BYTES, terrain_problem
from .disk import SPARED_BYTES
from .extents import Extent, chunks_of
from .info import RecordingInfo
from .layout import ASSETS, META, is_inside

# Assets of this size are unpacked however full the disk is.
_SMALL_BYTES = 16 << 20


class AssetFolder:
    """The files under `assets/` as files; those of a packed recording are unpacked into a temporary folder."""

    def __init__(self, path: Path, extents: Mapping[str, Extent]) -> None:
        self._path, self._temporary = path, None
        if not path.is_dir():
            self._temporary = TemporaryDirectory(prefix="replay-viewer-")
            try:
                self._unpack(Path(self._temporary.name), extents)
            except BaseException:
                self._temporary.cleanup()
                raise
        self._root = Path(self._temporary.name if self._temporary else path)

    @property
    def folder(self) -> Path:
        """Where they are, as it is without links."""
        return self._root.resolve() / ASSETS

    def find(self, name: str) -> Path | None:
        """The file that meta.json calls `name`, or None where it is missing.

        Raises FileProblem for a name that leads out of the recording, by itself or through a link.
        """
        if not is_inside(name):
            raise FileProblem(self._path / META, f"refers to {name!r}, which is not inside the recording.")
        if not name.startswith(f"{ASSETS}/"):
            raise FileProblem(self._path / META, f"refers to {name!r}, which is not in the folder {ASSETS}/.")
        try:
            file = (self._root / name).resolve()
            exists = file.is_file()
        except (OSError, RuntimeError) as error:  # A link to itself is a RuntimeError before Python 3.13.
            raise FileProblem(self._path / META, f"refers to {name!r}, which cannot be opened: {error}.") from None
        if not file.is_relative_to(self._root.resolve()):
            raise FileProblem(self._path / META, f"refers to {name!r}, a link that leads out of the recording.")
        return self._root / name if exists else None

    def close(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()

    def _unpack(self, root: Path, extents: Mapping[str, Extent]) -> None:
        """Write the members that are assets; their names are known to stay inside, and their bytes are in the file.

        What they claim may be zeros that take no room in the file, and would fill the disk.
        """
        assets = {name: extent for name, extent in extents.items() if PurePosixPath(name).parts[0] == ASSETS}
        size, room = sum(extent.size for extent in assets.values()), shutil.disk_usage(root).free - SPARED_BYTES
        if size > max(room, _SMALL_BYTES):
            problem = f"its assets take {size} bytes, and {root.parent} has room for {max(0, room)}."
            raise FileProblem(self._path, f"cannot be unpacked: {problem}", "Name a larger folder in TMPDIR.")
        for name, extent in assets.items():
            try:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                with open(root / name, "xb") as file:
                    file.writelines(chunks_of(extent))
            except OSError as error:
                raise FileProblem(self._path, f"cannot be unpacked: {error}.") from error


def load_entities(info: RecordingInfo, assets: AssetFolder) -> tuple[list[EntitySpec], list[Verdict]]:
    """The entities with the paths of their files here, and a problem for each file that is missing."""
    verdicts: list[Verdict] = []
    return [_load_entity(spec, assets, verdicts) for spec in info.entities], verdicts


def load_terrain(name: str, assets: AssetFolder, where: Path) -> tuple[Terrain | None, list[Verdict]]:
    """The recorded ground, or a problem where its file is missing. Raises BadField for one that does not fit."""
    path = assets.find(name)
    if path is None:
        return None, [_missing("terrain", name, "the ground is drawn flat")]
    vertices, triangles = _read_terrain(path, where)
    problem = terrain_problem(vertices, triangles)
    if problem:
        raise BadField(where, name, problem)
    return Terrain(vertices, triangles), []


def _load_entity(spec: EntitySpec, assets: AssetFolder, verdicts: list[Verdict]) -> EntitySpec:
    shape = spec.shape
    urdf = None if spec.urdf is None else _find(spec.name, str(spec.urdf), assets, verdicts)
    if shape is not None and shape.get("type") == "mesh":
        mesh = _find(spec.name, str(shape.get("path")), assets, verdicts)
        shape = None if mesh is None else {**shape, "path": str(mesh)}
    return replace(spec, urdf=urdf, shape=shape, folder=assets.folder)


def _find(entity: str, name: str, assets: AssetFolder, verdicts: list[Verdict]) -> Path | None:
    path = assets.find(name)
    if path is None:
        verdicts.append(_missing("robot", name, f"{entity!r} is drawn without it"))
    return path


def _missing(topic: str, name: str, consequence: str) -> Verdict:
    return Verdict(topic, f"{name} is missing", f"meta.json refers to it; {consequence}", "problem")


def _read_terrain(path: Path, where: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with closing(NpzArchive(path)) as archive:
            archive.refuse_unreadable(("vertices", "triangles"))
            missing = {"vertices", "triangles"} - archive.headers.keys()
            if missing:
                raise BadField(where, path.name, f"is no terrain: it has no {listing(sorted(missing))}.")
            size = sum(header.value_bytes for header in archive.headers.values())
            if size > MAX_TERRAIN_BYTES:
                raise BadField(where, path.name, f"unpacks to {size} bytes, more than a terrain takes.")
            return archive.load("vertices"), archive.load("triangles")
    except FileProblem as error:
        if error.path == where:
            raise
        raise BadField(where, path.name, f"is no terrain: {error.problem}") from None
