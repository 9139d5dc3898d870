"""Which files a recording may carry beside a URDF.

URDFs, meshes and materials are often somebody else's, and may name any file on the disk of whoever records with them;
a recording that is passed on must not bring it along.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Sequence

from ..container.mesh_paths import PACKAGE_SCHEMES, ros_package_path

_MESHES = (".stl", ".obj", ".dae", ".ply", ".glb", ".gltf", ".bin", ".mtl")
_TEXTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tga", ".tif", ".tiff", ".dds", ".gif", ".webp")


def why_not(path: Path, named_by: Path, package_dirs: Sequence[Path], uri: str = "") -> str:
    """The reason why a file must stay behind; empty where it may come along.

    It must be a mesh, a material or a texture by its name, and lie near the file that names it: in its folder or the
    one above (as `../meshes` does), anywhere in its ROS package, in `package_dirs` or in ROS_PACKAGE_PATH. Links are
    followed. `package://name/...` may also lead to a folder of that name, wherever the search for it led.
    """
    if path.suffix.lower() not in (*_MESHES, *_TEXTURES):
        return "is no mesh, material or texture by its name"
    folders = [*_homes(named_by), *(Path(folder).resolve() for folder in (*package_dirs, *ros_package_path()))]
    if _is_under(path.resolve(), folders) or _is_in_package(path, uri):
        return ""
    return f"lies too far from {named_by.name}; name its folder in package_dirs"


def _homes(path: Path) -> list[Path]:
    """The folders around a file, and around what it is a link to."""
    return [_home(place).resolve() for place in (path, path.resolve())]


def _home(path: Path) -> Path:
    for folder in path.parents:
        if (folder / "package.xml").is_file():
            return folder
    above = path.parent.parent
    return path.parent if above in _crowded() else above


def _is_in_package(path: Path, uri: str) -> bool:
    """Whether the file lies in a folder with the name of the URI's package."""
    scheme, _, rest = uri.partition("://")
    name = rest.strip("/").partition("/")[0]
    if scheme not in PACKAGE_SCHEMES or ".." in rest.split("/"):
        return False
    return any(folder.name == name and folder.parent not in _crowded() - {Path.home()} for folder in path.parents)


def _is_under(path: Path, folders: Sequence[Path]) -> bool:
    return any(folder in path.parents for folder in folders)


def _crowded() -> set[Path]:
    """Folders that hold much more than one robot, if one lies there."""
    home = Path.home()
    return {home, *home.parents, Path(tempfile.gettempdir()), Path(os.sep)}
