"""The assets of a recording, copied into it: URDFs with their meshes and textures, and the terrain.

URDFs, meshes and materials are often somebody else's, and may name any file on the disk of whoever records with them;
a recording that is passed on must not bring it along. So a file is carried only where it is a mesh, a material or a
texture by its name, and lies near the file that names it.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import BadField, FileProblem
from .info import EntitySpec, RecordingInfo
from .kept_parcels import Parcel, keep_parcel, kept_parcel
from .layout import ASSETS, TERRAIN
from .mesh_paths import find_file, package_of, ros_package_path, spellings

# A terrain.npz may be compressed; more than this no viewer draws.
MAX_TERRAIN_BYTES = 2**30
_MESHES = (".stl", ".obj", ".dae", ".ply", ".glb", ".gltf", ".bin", ".mtl")
_TEXTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tga", ".tif", ".tiff", ".dds", ".gif", ".webp")
# The files that a URDF names.
_FILENAME = re.compile(r"(<(?:mesh|texture)\b[^>]*?\bfilename\s*=\s*)([\"'])(.*?)\2", re.DOTALL)
# Files that a mesh file refers to, relative to itself: materials and textures, behind what may be options.
_REFERENCES = {
    ".obj": re.compile(rb"^[ \t]*mtllib[ \t]+(.+?)\s*$", re.MULTILINE),
    ".mtl": re.compile(rb"^\s*(?:map_\w+|bump|disp|decal|norm|refl)\s+(.+?)\s*$", re.MULTILINE | re.IGNORECASE),
    ".dae": re.compile(rb"<init_from>\s*([^<]+?)\s*</init_from>"),
    ".gltf": re.compile(rb'"uri"\s*:\s*"((?!data:)[^"]+)"'),
}


def copy_assets(
    info: RecordingInfo, terrain: tuple[np.ndarray, np.ndarray] | None, folder: Path, package_dirs: Sequence[Path]
) -> tuple[RecordingInfo, dict[str, str]]:
    """Copy what the entities refer to, and the terrain, into the recording.

    Args:
        info: names the files where they are now.
        terrain: vertices (V, 3) [m] and triangles (F, 3), or None.
        folder: the recording's.
        package_dirs: where `package://` paths of the URDFs are looked for.

    Returns:
        The same info with paths inside of the recording, and why a file that is named stays behind, by its name.

    Raises:
        FileProblem: a URDF or an object's mesh is not there. BadField: arrays that are no terrain.
    """
    copier = _Copier(folder, package_dirs)
    entities = tuple(copier.copy_entity(entity) for entity in info.entities)
    if terrain is not None:
        _save_terrain(folder / TERRAIN, *terrain)
    return replace(info, entities=entities, terrain=None if terrain is None else TERRAIN), copier.missing


def terrain_problem(vertices: np.ndarray, triangles: np.ndarray) -> str:
    """Why these arrays are no terrain; empty where they are one."""
    if vertices.ndim != 2 or vertices.shape[1] != 3 or vertices.dtype.kind != "f" or not np.isfinite(vertices).all():
        return "has vertices that are not finite numbers of shape (V, 3)."
    if triangles.ndim != 2 or triangles.shape[1] != 3 or triangles.dtype.kind not in "iu":
        return "has triangles that are not integers of shape (F, 3)."
    if len(triangles) and not (triangles.min() >= 0 and triangles.max() < len(vertices)):
        return f"has triangles that name vertices beyond the {len(vertices)} there are."
    return ""


def _save_terrain(path: Path, vertices: np.ndarray, triangles: np.ndarray) -> None:
    """Write a mesh: vertices (V, 3) [m] as float32, triangles (F, 3) as int32. Raises BadField for another shape."""
    vertices, triangles = np.asarray(vertices), np.asarray(triangles)
    for name, array in (("vertices", vertices), ("triangles", triangles)):
        if array.ndim != 2 or array.shape[1] != 3:
            raise BadField(path.name, name, f"has shape {array.shape}, expected (n, 3).")
    with np.errstate(all="ignore"):  # What these types do not hold is no terrain, which is found next.
        vertices, triangles = vertices.astype("<f4"), triangles.astype("<i4")
    problem = terrain_problem(vertices, triangles)
    if not problem and vertices.nbytes + triangles.nbytes > MAX_TERRAIN_BYTES:
        problem = f"takes {vertices.nbytes + triangles.nbytes} bytes, more than a viewer draws."
    if problem:
        raise BadField(path.parent.parent, "terrain", problem)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, vertices=vertices, triangles=triangles)


class _Copier:
    """Copies files into a recording's `assets/`.

    Attributes:
        missing: why a file stays behind, by the name that refers to it.
    """

    def __init__(self, folder: Path, package_dirs: Sequence[Path]) -> None:
        self.missing: dict[str, str] = {}
        self._folder, self._package_dirs = folder, package_dirs
        self._copied_urdfs: dict[Path, str] = {}
        # What files refer to, and is not there.
        self._absent: list[Path] = []
        # Folders near a file that names others: a robot's URDF names dozens.
        self._near: dict[Path, list[Path]] = {}

    def copy_entity(self, entity: EntitySpec) -> EntitySpec:
        """The entity with paths inside of the recording; entities of one URDF share its copy."""
        if entity.urdf is not None:
            urdf = _existing(Path(entity.urdf))
            if urdf not in self._copied_urdfs:
                self._copied_urdfs[urdf] = self._copy_urdf(urdf, entity.name)
            return replace(entity, urdf=self._copied_urdfs[urdf])
        if entity.shape is not None and entity.shape.get("type") == "mesh":
            mesh = _existing(Path(str(entity.shape.get("path"))))
            copies = self._copy_files(self._places([mesh]), entity.name)
            return replace(entity, shape={**entity.shape, "path": self._inside(copies[mesh])})
        return entity

    def _copy_urdf(self, urdf: Path, name: str) -> str:
        """Copy a URDF and its meshes, and make the copy refer to the copies; returns its path in the recording."""
        folders = (*self._package_dirs, None, *ros_package_path())
        parcel = kept_parcel(urdf, folders)
        if parcel is None:
            parcel = self._packed(urdf)
            if not self.missing:  # What stays behind is said each time.
                keep_parcel(urdf, folders, parcel)
        copies = self._copy_files(parcel.places, name)
        copies[urdf].write_bytes(parcel.text)
        return self._inside(copies[urdf])

    def _packed(self, urdf: Path) -> Parcel:
        """Find out what belongs to a URDF."""
        text = urdf.read_bytes().decode("utf-8", "surrogateescape")
        filenames = {match[3] for match in _FILENAME.finditer(text)}
        found = {filename: self._find(filename, urdf) for filename in sorted(filenames)}
        meshes = {filename: path for filename, path in found.items() if path is not None}
        places = self._places([urdf, *meshes.values()])
        root = Path(os.sep)  # Relative paths would need a working directory, which may be gone.
        here = root / places[urdf].parent
        renamed = {name: _attribute(os.path.relpath(root / places[mesh], here)) for name, mesh in meshes.items()}
        # What stays behind is named as it was.
        rewritten = _FILENAME.sub(lambda match: match[1] + match[2] + renamed.get(match[3], match[3]) + match[2], text)
        return Parcel(places, rewritten.encode("utf-8", "surrogateescape"), self._absent)

    def _find(self, filename: str, urdf: Path) -> Path | None:
        """The file that a URDF names; None where it is missing, or may not be carried."""
        uri = html.unescape(filename)
        path = find_file(uri, urdf, self._package_dirs)
        problem = "is not there" if path is None else self._why_not(path, urdf, uri)
        if problem:
            self.missing[filename] = problem
        return None if problem else path

    def _places(self, files: Iterable[Path]) -> dict[Path, Path]:
        """Where files and what they refer to lie in a folder of their own, in which they lie to each other as here."""
        wanted = self._with_references(files)
        common = Path(os.path.commonpath([path.parent for path in wanted]))
        return {path: path.relative_to(common) for path in wanted}

    def _copy_files(self, places: Mapping[Path, Path], name: str) -> dict[Path, Path]:
        """Copy files to their places under `assets/<name>`."""
        copies = {source: self._folder / ASSETS / name / place for source, place in places.items()}
        for folder in {copy.parent for copy in copies.values()}:
            folder.mkdir(parents=True, exist_ok=True)
        for source, copy in copies.items():
            shutil.copyfile(source, copy)
        return copies

    def _with_references(self, files: Iterable[Path]) -> list[Path]:
        """The files, and those that they refer to in turn; what is not there is left out, as a viewer would."""
        wanted: dict[Path, None] = {}
        todo = list(files)
        while todo:
            path = todo.pop(0)
            if path not in wanted:
                wanted[path] = None
                todo += [reference for reference in _references(path) if self._may_carry(reference, path)]
        return list(wanted)

    def _may_carry(self, reference: Path, named_by: Path) -> bool:
        """Whether a file is there and may come along; notes why one that is there must not."""
        if not reference.is_file():
            self._absent.append(reference)
            return False
        problem = self._why_not(reference, named_by)
        if problem:
            self.missing[os.path.relpath(reference, named_by.parent)] = problem
        return not problem

    def _why_not(self, path: Path, named_by: Path, uri: str = "") -> str:
        """The reason why a file must stay behind; empty where it may come along.

        Near the file that names it are its folder and the one above (as `../meshes` does), all of its ROS package, the
        `package_dirs` and ROS_PACKAGE_PATH. Links are followed. `package://name/...` may also lead to a folder of that
        name, wherever the search for it led.
        """
        if path.suffix.lower() not in (*_MESHES, *_TEXTURES):
            return "is no mesh, material or texture by its name"
        if named_by not in self._near:
            stated = [Path(folder).resolve() for folder in (*self._package_dirs, *ros_package_path())]
            self._near[named_by] = [*_homes(named_by), *stated]
        parents = path.resolve().parents
        is_near = any(folder in parents for folder in self._near[named_by])
        if is_near or _is_in_package(path, uri):
            return ""
        return f"lies too far from {named_by.name}; name its folder in package_dirs"

    def _inside(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()


def _attribute(path: str) -> str:
    """A path as the value of an XML attribute."""
    return html.escape(Path(path).as_posix())


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileProblem(path, "is not there.", "The recording wants to carry a copy of it.")
    return Path(os.path.abspath(path))


def _references(path: Path) -> Iterator[Path]:
    """The files that a file refers to, whether they are there or not."""
    pattern = _REFERENCES.get(path.suffix.lower())
    if pattern is not None:
        for match in pattern.finditer(path.read_bytes()):
            for name in _names(os.fsdecode(match[1]), path.suffix.lower()):
                yield from (Path(os.path.abspath(path.parent / spelling)) for spelling in spellings(name))


def _names(text: str, kind: str) -> Iterator[str]:
    """The files that a reference may mean: the whole text, in OBJ also one of several, in MTL behind options."""
    yield text
    words = text.split()
    if kind == ".obj":
        yield from words
    elif kind == ".mtl":
        yield from (" ".join(words[start:]) for start in range(1, len(words)))


def _homes(path: Path) -> list[Path]:
    """The folders around a file, and around what it is a link to."""
    return [_home(place).resolve() for place in (path, path.resolve())]


def _home(path: Path) -> Path:
    """The ROS package of a file; where it has none, the folder above its own, unless that holds much else."""
    for folder in path.parents:
        if (folder / "package.xml").is_file():
            return folder
    above = path.parent.parent
    return path.parent if above in _crowded() else above


def _is_in_package(path: Path, uri: str) -> bool:
    """Whether the file lies in a folder with the name of the URI's package."""
    name = package_of(uri)
    if not name or ".." in uri.replace("\\", "/").split("/"):
        return False
    crowded = _crowded() - {Path.home()}
    return any(folder.name == name and folder.parent not in crowded for folder in path.parents)


def _crowded() -> set[Path]:
    """Folders that hold much more than one robot, if one lies there."""
    home = Path.home()
    return {home, *home.parents, Path(tempfile.gettempdir()), Path(os.sep)}
