"""The paths of meshes: where a file that a URDF names lies on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

# Gazebo's model:// names a folder the same way.
PACKAGE_SCHEMES = ("package", "model")


def find_file(uri: str, urdf: Path, package_dirs: Sequence[Path] = (), inside: Path | None = None) -> Path | None:
    """The existing file that a URDF means by `uri`, or None.

    `package://name/rest` (and with three slashes) is looked up in `package_dirs`, in the URDF's parent folders and in
    ROS_PACKAGE_PATH; a folder counts as the package by its name, or as a place that holds it. If no such folder
    exists, `rest` alone is tried in the same places. Paths, also after `file://`, count from the URDF's folder.

    A URDF that came with a recording is anybody's: with `inside`, files count only in that folder, links followed, and
    in `package_dirs`.
    """
    for path in _files(uri, urdf, package_dirs):
        if inside is None or _is_in(path, inside, package_dirs):
            return path
    return None


def ros_package_path() -> list[Path]:
    """The folders in which ROS looks for packages."""
    return [Path(folder) for folder in os.environ.get("ROS_PACKAGE_PATH", "").split(os.pathsep) if folder]


def _files(uri: str, urdf: Path, package_dirs: Sequence[Path]) -> Iterator[Path]:
    """The existing files that may be meant. Links are kept: textures are looked up beside a mesh's name."""
    for path in _candidates(uri, urdf, package_dirs):
        if os.path.isfile(path):
            yield Path(os.path.abspath(path))


def _is_in(path: Path, inside: Path, package_dirs: Sequence[Path]) -> bool:
    folders = [Path(os.path.abspath(folder)) for folder in package_dirs]
    return inside in path.resolve().parents or any(folder in path.parents for folder in folders)


def _candidates(uri: str, urdf: Path, package_dirs: Sequence[Path]) -> Iterable[Path]:
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return [urdf.parent / uri]
    if scheme == "file":
        return [urdf.parent / unquote(rest), urdf.parent / rest]
    if scheme in PACKAGE_SCHEMES:
        return _package_candidates(unquote(rest).strip("/"), urdf, package_dirs)
    return []


def _package_candidates(name: str, urdf: Path, package_dirs: Sequence[Path]) -> Iterator[Path]:
    package, _, rest = name.partition("/")
    # Both parents of a link to a URDF count: where the link is, and where the file is.
    folders = [*package_dirs, *urdf.absolute().parents, *urdf.resolve().parents, *ros_package_path()]
    for folder in folders:
        if folder.name == package:
            yield folder / rest
        yield folder / package / rest
    for folder in folders:
        yield folder / rest
