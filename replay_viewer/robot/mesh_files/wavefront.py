"""OBJ and MTL, put into the words that trimesh reads: triangles, and one material file without options."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import trimesh
from PIL import Image
from trimesh.resolvers import FilePathResolver
from trimesh.util import decode_text
from trimesh.visual import TextureVisuals

from ..materials import unit_color
from .nearby import NearbyFiles
from .polygons import triangulate
from .reading import Reading, Unreadable

_LIBRARY = re.compile(r"^[ \t]*mtllib[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_USE = re.compile(r"^[ \t]*usemtl[ \t]+(.+?)[ \t]*$", re.MULTILINE)
# A face that trimesh does not read as it is meant: with more than three corners, or counted back from the last vertex.
_OTHER_FACE = re.compile(r"^[ \t]*f(?:[ \t]+\S+){4}|^[ \t]*f[ \t].*-", re.MULTILINE)
_INDENTED = re.compile(r"^[ \t]*([a-z]+)[ \t]+", re.MULTILINE)
# What stands behind the numbers of a line.
_COMMENT_OF_NUMBERS = re.compile(r"^([ \t]*(?:v|vt|vn|f)[ \t][^#\n]*)#.*$", re.MULTILINE)
_ZERO = re.compile(r"^[ \t]*f[ \t](?:[^\n]*[ \t])?0(?![0-9.])", re.MULTILINE)
# What the three numbers of a corner count: vertex/texture/normal.
_COUNTED = ("v", "vt", "vn")
# Options that stand before the name of a texture, with the most values that each has.
_OF_ONE_VALUE = ("-blendu", "-blendv", "-bm", "-boost", "-cc", "-clamp", "-imfchan", "-texres", "-type")
_OPTIONS = {**dict.fromkeys(_OF_ONE_VALUE, 1), "-mm": 2, "-o": 3, "-s": 3, "-t": 3}
# Under this name trimesh is given the one material file.
_ALL_MATERIALS = "*"


@dataclass
class _Material:
    """A material of an MTL file.

    Attributes:
        color: its Kd, as it is written.
        alpha: 1 where it is opaque.
        image: the bytes of its map_Kd.
        scale: of its texture coordinates, (2,).
        offset: added to them after the scale, (2,).
    """

    color: list[float] | None = None
    alpha: float = 1.0
    image: bytes | None = None
    scale: np.ndarray = field(default_factory=lambda: np.ones(2))
    offset: np.ndarray = field(default_factory=lambda: np.zeros(2))


class _Served(FilePathResolver):
    """Files that are held in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(".")
        self._files = files

    def get(self, name: str) -> bytes:
        return self._files[name]


def read_obj(data: bytes, files: NearbyFiles) -> Reading:
    """The meshes of an OBJ file, one for each material."""
    text = decode_text(data).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\\\n", " ")
    text = _COMMENT_OF_NUMBERS.sub(r"\1", text)
    if _ZERO.search(text):
        raise Unreadable("counts its vertices from 0, where the first of an OBJ is 1")
    reading = Reading()
    if any(sign in text for sign in ("\n ", "\n\t", "\nv\t", "\nf\t")):
        text = _INDENTED.sub(r"\1 ", text)  # trimesh wants each keyword at the beginning, and a blank behind it.
    libraries = _LIBRARY.findall(text)
    materials = _read_materials(libraries, files, reading.problems)
    if libraries and (materials or not files.missing):
        undefined = [name for name in dict.fromkeys(_USE.findall(text)) if name not in materials]
        reading.problems += [f"its material '{name}' is in none of its material files" for name in undefined]
    text = re.sub(r"^.*mtllib.*$", "", text, flags=re.MULTILINE)
    scene = trimesh.load_scene(
        io.BytesIO(f"mtllib {_ALL_MATERIALS}\n{_with_triangles(text)}".encode()),
        file_type="obj",
        resolver=_Served(_as_files(materials)),
        process=False,
    )
    for node in scene.graph.nodes_geometry:
        place, name = scene.graph[node]
        mesh = scene.geometry[str(name)]
        if isinstance(mesh, trimesh.Trimesh):
            _move_texture(mesh, materials)
            reading.meshes.append((mesh, place))
    return reading


def _read_materials(lines: list[str], files: NearbyFiles, problems: list[str]) -> dict[str, _Material]:
    """The materials of all libraries by name; the first of a name counts."""
    materials: dict[str, _Material] = {}
    for line in lines:
        for data in _libraries(line, files):
            for name, statements in _statements(decode_text(data)):
                if name not in materials:
                    materials[name] = _material(statements, files, problems)
                    if "map_d" in statements:
                        problems.append(f"its material '{name}' is partly transparent, drawn opaque")
    return materials


def _libraries(line: str, files: NearbyFiles) -> list[bytes]:
    """The material files that a line names: one whose name may have blanks, or several."""
    names = line.split()
    if files.has(line) or not all(name.lower().endswith(".mtl") for name in names):
        names = [line]
    found = []
    for name in names:
        with suppress(OSError):  # Which `files` has noted.
            found.append(files.get(name))
    return found


def _statements(text: str) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """The words behind each keyword of each material."""
    for block in re.split(r"^[ \t]*newmtl[ \t]+", text, flags=re.MULTILINE | re.IGNORECASE)[1:]:
        name, *lines = block.splitlines()
        words = [line.split() for line in lines]
        yield " ".join(name.split()), {first.lower(): rest for first, *rest in filter(None, words)}


def _material(statements: Mapping[str, list[str]], files: NearbyFiles, problems: list[str]) -> _Material:
    color = _numbers(statements.get("kd", []))
    material = _Material(color=color * 3 if len(color) == 1 else color[:3])
    dissolved, transparent = (_numbers(statements.get(key, [])) for key in ("d", "tr"))
    if dissolved:
        material.alpha = dissolved[-1]
    elif transparent:
        material.alpha = 1 - transparent[-1]
    name = _read_options(statements.get("map_kd", []), material)
    if name:
        with suppress(OSError):  # Which `files` has noted.
            material.image = files.get(name)
        if material.image is not None and not _is_image(material.image):
            problems.append(f"its texture '{name}' cannot be read")
            material.image = None
    return material


def _numbers(words: list[str]) -> list[float]:
    """The words that are numbers."""
    found = []
    for word in words:
        with suppress(ValueError):
            found.append(float(word.replace(",", ".")))  # In some languages a comma stands before the decimals.
    return found


def _read_options(words: list[str], material: _Material) -> str:
    """The name of a texture behind its options; those that move it go to the material."""
    words = list(words)
    while len(words) > 1 and words[0].lower() in _OPTIONS:
        option = words.pop(0).lower()
        values = [words.pop(0)] if _OPTIONS[option] == 1 else _leading_numbers(words, _OPTIONS[option])
        numbers = np.array([*_numbers(values), *([1.0, 1.0] if option == "-s" else [0.0, 0.0])[len(values) :]])
        if option == "-s":
            material.scale = numbers[:2]
        elif option == "-o":
            material.offset = numbers[:2]
    return " ".join(words)


def _leading_numbers(words: list[str], most: int) -> list[str]:
    """Take the numbers at the beginning of the words, but never the last word, which is the name."""
    taken: list[str] = []
    while len(words) > 1 and len(taken) < most and _numbers(words[:1]):
        taken.append(words.pop(0))
    return taken


def _is_image(data: bytes) -> bool:
    try:
        Image.open(io.BytesIO(data))
    except Exception:  # Readers of broken files fail in any way there is.
        return False
    return True


def _as_files(materials: Mapping[str, _Material]) -> dict[str, bytes]:
    """One material file with all of them, and their textures by number."""
    lines, files = [], {}
    for number, (name, material) in enumerate(materials.items()):
        if not material.color and material.image is None:
            continue  # It says no more than that there is one.
        lines.append(f"newmtl {name}")
        if material.color is not None and len(material.color) == 3:
            lines.append("Kd " + " ".join(f"{value:.9g}" for value in unit_color([*material.color, material.alpha])))
        if material.image is not None:
            lines.append(f"map_Kd {number}")
            files[str(number)] = material.image
    return {**files, _ALL_MATERIALS: "\n".join(lines).encode()}


def _move_texture(mesh: trimesh.Trimesh, materials: Mapping[str, _Material]) -> None:
    """Apply the scale and the offset that the material gives to its texture."""
    material = materials.get(getattr(getattr(mesh.visual, "material", None), "name", None) or "")
    if material is not None and isinstance(mesh.visual, TextureVisuals) and mesh.visual.uv is not None:
        mesh.visual.uv = np.asarray(mesh.visual.uv) * material.scale + material.offset


def _with_triangles(text: str) -> str:
    """The text with its polygons as triangles, and all corners counted from the first vertex."""
    if not _OTHER_FACE.search(text):
        return text
    lines = text.split("\n")
    counts: dict[str, int] = dict.fromkeys(_COUNTED, 0)
    vertices: list[list[float]] = []
    faces: dict[int, list[list[int | None]]] = {}
    for number, line in enumerate(lines):
        key, *words = line.split() or [""]
        if key in counts:
            counts[key] += 1
            if key == "v":
                vertices.append([float(word) for word in words[:3]])
        elif key == "f":
            faces[number] = [_corner(word, counts) for word in words]
    if not faces:
        return text
    sizes = np.array([len(corners) for corners in faces.values()])
    corners = [corner for face in faces.values() for corner in face]
    points = np.array(vertices)[[(corner[0] or 0) - 1 for corner in corners]]
    triangles = triangulate(points, sizes)
    owners = np.repeat(np.array(list(faces)), sizes)[triangles[:, 0]]
    for number in faces:
        lines[number] = ""
    for number, triangle in zip(owners.tolist(), triangles.tolist(), strict=True):
        lines[number] += "f " + " ".join(_written(corners[index]) for index in triangle) + "\n"
    return "\n".join(lines)


def _corner(word: str, counts: Mapping[str, int]) -> list[int | None]:
    """What a corner names, each counted from 1; None for what it leaves out."""
    numbers = [int(part) if part else None for part in word.split("/")]
    return [
        count + 1 + number if number is not None and number < 0 else number
        for number, count in zip(numbers, counts.values(), strict=False)
    ]


def _written(corner: list[int | None]) -> str:
    return "/".join("" if number is None else str(number) for number in corner)
