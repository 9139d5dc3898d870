"""The paths of meshes: where a file that a URDF names lies on this machine."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

# Gazebo's model:// names a folder the same way.
PACKAGE_SCHEMES = ("package", "model")

# A scheme has two letters at least: one is a drive of Windows. Some write `file:x` and `package:x`.
_SCHEME = re.compile(r"([A-Za-z][\w+.-]+):(//)?(.*)", re.DOTALL)
# In file://localhost/x, as RFC 8089 has it.
_OF_THIS_MACHINE = re.compile(r"\Alocalhost/", re.IGNORECASE)
_DRIVE = re.compile(r"/?[A-Za-z]:/")
# What xacro and the launch files of ROS 2 would have put the package's folder for.
_FIND = re.compile(r"\$\(find(?:-pkg-share|-pkg-prefix)?\s+([^)\s]+)\s*\)")
# Where a package lies in a folder that holds some: beside others, in what ROS 2 installs, in a workspace.
_PLACES = ("{0}", "share/{0}", "{0}/share/{0}", "src/{0}", "install/{0}/share/{0}", "install/share/{0}")
_VARIABLES = ("ROS_PACKAGE_PATH", "AMENT_PREFIX_PATH", "GAZEBO_MODEL_PATH", "GZ_SIM_RESOURCE_PATH")
# Of an absolute path of another machine, this many of its last parts may be found near the URDF.
_MAX_PARTS = 8


def find_file(uri: str, urdf: Path, package_dirs: Sequence[Path] = (), inside: Path | None = None) -> Path | None:
    """The existing file that a URDF means by `uri`, or None.

    `package://name/rest` (with any number of slashes) is looked up in `package_dirs`, in the URDF's parent folders and
    where ROS is told to look; a folder counts as the package by its name, or as a place that holds it. If no such
    folder exists, `rest` alone is tried in the same places. `$(find name)/rest`, as xacro has it, is the same. Paths,
    also after `file:`, count from the URDF's folder; of an absolute one that is not there the last parts are looked up
    near the URDF. A backslash is a slash, %20 a blank, and names may differ by case, where no file has the name as
    it is written.

    A URDF that came with a recording is anybody's: with `inside`, files count only in that folder, links followed, and
    in `package_dirs`.
    """
    for path in _files(uri, urdf, package_dirs):
        if inside is None or _is_in(path, inside, package_dirs):
            return path
    return None


def package_of(uri: str) -> str:
    """The package that a name of a file is in, "" where it names none."""
    match = _SCHEME.fullmatch(_with_packages(uri).replace("\\", "/"))
    if match is None or match[1].lower() not in PACKAGE_SCHEMES:
        return ""
    return match[3].strip("/").split("/")[0]


def spellings(name: str) -> Iterator[str]:
    """The relative names that a mesh or material file may mean by the name of another.

    As it is written, with the slashes of Windows as ours, and with %20 and the like as the characters they stand for.
    """
    plain = name.strip().strip('"')
    slashed = plain.replace("\\", "/")
    yield from dict.fromkeys((plain, slashed, unquote(slashed)))


def ros_package_path() -> list[Path]:
    """The folders in which ROS 1 and 2 look for packages, and Gazebo for models."""
    named = [os.environ.get(name, "") for name in _VARIABLES]
    return [Path(folder) for folders in named for folder in folders.split(os.pathsep) if folder]


def _files(uri: str, urdf: Path, package_dirs: Sequence[Path]) -> Iterator[Path]:
    """The existing files that may be meant. Links are kept: textures are looked up beside a mesh's name."""
    slashed = uri.strip().replace("\\", "/")
    names = list(dict.fromkeys((uri, uri.strip(), slashed, unquote(slashed))))

    def candidates() -> Iterator[Path]:
        return (path for name in names for path in _candidates(name, urdf, package_dirs))

    # One after the other: nearly always one of the first is there, of some fifty.
    others = (found for candidate in candidates() for found in _but_for_case(candidate))
    for path in itertools.chain(candidates(), others):
        if os.path.isfile(path):
            yield Path(os.path.abspath(path))


def _is_in(path: Path, inside: Path, package_dirs: Sequence[Path]) -> bool:
    folders = [Path(os.path.abspath(folder)) for folder in package_dirs]
    return inside in path.resolve().parents or any(folder in path.parents for folder in folders)


def _candidates(uri: str, urdf: Path, package_dirs: Sequence[Path]) -> Iterable[Path]:
    match = _SCHEME.fullmatch(_with_packages(uri))
    if match is None:
        return _path_candidates(uri, urdf, package_dirs)
    scheme, rest = match[1].lower(), match[3]
    if scheme == "file":
        rest = _OF_THIS_MACHINE.sub("/", rest)
        paths = dict.fromkeys((unquote(rest), rest))
        return [path for name in paths for path in _path_candidates(name, urdf, package_dirs)]
    if scheme in PACKAGE_SCHEMES:
        return _package_candidates(unquote(rest).strip("/"), urdf, package_dirs)
    return []


def _with_packages(uri: str) -> str:
    """The name with package:// in the place of `$(find ...)`, also behind `file://`."""
    found = _FIND.search(uri)
    return uri if found is None else f"package://{found[1]}{uri[found.end() :]}"


def _path_candidates(name: str, urdf: Path, package_dirs: Sequence[Path]) -> Iterator[Path]:
    yield urdf.parent / name
    if name.startswith("/") or _DRIVE.match(name):
        # Of another machine: the more of its parts are the same here, the surer it is.
        parts = [part for part in name.split("/")[1:] if part not in ("", "..")][-_MAX_PARTS:]
        for start in range(len(parts)):
            for folder in (*package_dirs, *list(urdf.absolute().parents)[:3]):
                yield Path(folder, *parts[start:])


def _package_candidates(name: str, urdf: Path, package_dirs: Sequence[Path]) -> Iterator[Path]:
    package, _, rest = name.partition("/")
    rest = rest.lstrip("/")
    # Both parents of a link to a URDF count: where the link is, and where the file is.
    parents = [*urdf.absolute().parents, *urdf.resolve().parents]
    folders = list(dict.fromkeys([*package_dirs, *parents, *ros_package_path()]))
    for folder in folders:
        if folder.name == package:
            yield folder / rest
        for place in _PLACES:
            yield folder / place.format(package) / rest
    for folder in folders:
        yield folder / rest


def _but_for_case(path: Path) -> Iterator[Path]:
    """The path with the names that its folders have on the disk, where each differs from it by case alone."""
    found = Path(path.anchor)
    for part in Path(os.path.abspath(path)).parts[1:]:
        if not (found / part).exists():
            part = _same_name(found, part)
            if not part:
                return
        found = found / part
    yield found


def _same_name(folder: Path, name: str) -> str:
    """The only name in a folder that differs from this one by case alone; "" where there is none, or another."""
    try:
        changed = folder.stat().st_mtime_ns
        names = _names_in(folder, changed).get(name.casefold(), ())
    except OSError:
        return ""
    return names[0] if len(names) == 1 else ""


@lru_cache(maxsize=256)
def _names_in(folder: Path, changed: int) -> Mapping[str, Sequence[str]]:
    """The names in a folder as it was when it changed last, by how they are without case."""
    names: dict[str, list[str]] = {}
    for name in os.listdir(folder):
        names.setdefault(name.casefold(), []).append(name)
    return names
