"""OBJ files of surfaces, each with one look; equal ones are written once."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from .looks import Look, bytes_of
from .surfaces import Surface

_MESHES, _TEXTURES = "meshes", "textures"  # Folders beside the URDF.
_MATERIAL = "material"


class ObjWriter:
    """Writes meshes, materials and textures into a folder.

    Attributes:
        lost: textures that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        self._textures: dict[str, str] = {}
        self._looks: dict[Look, int] = {}
        self.lost: list[str] = []

    def write(self, surface: Surface, look: Look, name: str) -> str:
        """The path of a mesh, relative to the folder; it has a material of its own where it has a texture."""
        texture = self._texture(look.texture) if look.texture and surface.uvs is not None else ""
        text = _obj_text(surface, with_uvs=bool(texture))
        if texture:
            red, green, blue, opacity = look.rgba or (1.0, 1.0, 1.0, 1.0)
            # One texture may be tinted in several ways.
            stem = f"{PurePosixPath(texture).stem}_{self._looks.setdefault(look, len(self._looks))}"
            text = f"mtllib {stem}.mtl\nusemtl {_MATERIAL}\n{text}"
            material = (
                f"newmtl {_MATERIAL}\nKd {red:.6g} {green:.6g} {blue:.6g}\nd {opacity:.6g}\nmap_Kd ../{texture}\n"
            )
            self._put(f"{_MESHES}/{stem}.mtl", material.encode())
        if text not in self._names:
            self._names[text] = f"{_MESHES}/{len(self._names)}_{_plain(name)}.obj"
            self._put(self._names[text], text.encode())
        return self._names[text]

    def has_texture(self, look: Look) -> bool:
        """Whether a mesh of this look, which was written, has its texture."""
        return bool(self._textures.get(look.texture))

    def _texture(self, source: str) -> str:
        """Its path in the folder; "" where it cannot be read."""
        if source not in self._textures:
            # Of a file in a package, "robot.usdz[textures/skin.png]".
            name = PurePosixPath(source.rstrip("]").replace("\\", "/").replace("[", "/")).name
            try:
                content = bytes_of(source)
            except OSError:
                self.lost.append(name)
                self._textures[source] = ""
            else:
                self._textures[source] = f"{_TEXTURES}/{len(self._textures)}_{_plain(name)}"
                self._put(self._textures[source], content)
        return self._textures[source]

    def _put(self, name: str, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _obj_text(surface: Surface, *, with_uvs: bool) -> str:
    """Polygons stay polygons: who reads the file knows how to cut them."""
    used, corners = np.unique(surface.corners, return_inverse=True)
    blocks, columns = [_rows("v", surface.points[used])], [corners.reshape(-1) + 1]
    for name, values in (("vt", surface.uvs if with_uvs else None), ("vn", surface.normals)):
        if values is not None:
            distinct, places = np.unique(np.round(values, 6), axis=0, return_inverse=True)
            blocks.append(_rows(name, distinct))
            columns.append(places.reshape(-1) + 1)
    pattern = "%d//%d" if len(columns) == 2 and not with_uvs else "/".join(["%d"] * len(columns))
    words = [pattern % row for row in zip(*(column.tolist() for column in columns))]
    counts, ends = surface.counts.tolist(), np.cumsum(surface.counts).tolist()
    faces = ["f " + " ".join(words[end - count : end]) for end, count in zip(ends, counts) if count > 2]
    return "\n".join([*blocks, *faces]) + "\n"


def _rows(name: str, values: Any) -> str:
    pattern = f"{name} " + " ".join(["%.7g"] * values.shape[1])
    return "\n".join(pattern % tuple(row) for row in (values + 0.0).tolist())


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)
