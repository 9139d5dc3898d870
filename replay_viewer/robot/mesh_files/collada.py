"""COLLADA, read with pycollada: geometry stays where a material is broken, and every lack is named."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import collada
import numpy as np
import trimesh
from collada.common import DaeError
from collada.material import Map
from collada.polylist import Polylist
from collada.scene import ControllerNode, GeometryNode, Node
from collada.triangleset import TriangleSet
from PIL import Image
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

from ..materials import unit_color
from .nearby import NearbyFiles
from .polygons import triangulate
from .reading import BY_COLLADA, COLLADA_UNSAID, Placed, Reading, YUp

# Some exporters leave out the namespace, without which pycollada finds nothing.
_BARE_ROOT = re.compile(rb"<COLLADA(?![^<>]*\sxmlns\s*=)(?=[\s>])")
_NAMESPACE = b'<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema"'
_EMPTY_COLOR = re.compile(rb"<(\w+:)?color\b[^<>]*(?:/>|>\s*</\w*:?color\s*>)")
# COLLADA's own rule is that Y is up where a document does not say.
_UP_AXES = {"Y_UP": BY_COLLADA, "": COLLADA_UNSAID}


@dataclass(frozen=True)
class _Bound:
    """A material as a node uses it.

    Attributes:
        material: its look.
        texture_set: number of the texture coordinates that its texture lies at; None for the first there are.
    """

    material: PBRMaterial
    texture_set: str | None


def read_collada(data: bytes, files: NearbyFiles) -> Reading:
    """The meshes of a COLLADA document."""
    document = _load(_BARE_ROOT.sub(_NAMESPACE, data, count=1))
    reading = Reading(problems=_broken_geometries(document))
    broken = _drop_broken_materials(document)
    if broken:
        reading.problems += broken
        text = io.BytesIO()
        document.xmlnode.write(text)
        document = _load(text.getvalue())
    unit, reading.y_up = _unit(document, reading.problems), _y_up(document, reading.problems)
    scene = document.scene or next(iter(document.scenes), None)
    materials = {material.id: _look(material.effect, files, reading.problems) for material in document.materials}
    clear = [material.id for material in document.materials if isinstance(material.effect.transparent, Map)]
    reading.problems += [f"its material '{name}' is partly transparent, drawn opaque" for name in clear]
    for node in scene.nodes if scene is not None else ():
        reading.meshes += _placed(node, np.diag([unit, unit, unit, 1.0]), materials)
    return reading


def _load(data: bytes) -> collada.Collada:
    # pycollada fails at an empty colour, and leaves out the material of one that is no number.
    return collada.Collada(io.BytesIO(_EMPTY_COLOR.sub(rb"<\1color>none</\1color>", data)), ignore=[DaeError])


def _asset_text(document: collada.Collada, path: str, attribute: str = "") -> str:
    """A text of the document's <asset>, not one of its parts' own."""
    root: Any = document.xmlnode.getroot()
    element = root.find("/".join(document.tag(name) for name in ("asset", *path.split("/"))))
    if element is None:
        return ""
    return ((element.get(attribute) if attribute else element.text) or "").strip()


def _unit(document: collada.Collada, problems: list[str]) -> float:
    """Metres of the document's unit."""
    text = _asset_text(document, "unit", "meter")
    try:
        # In some languages a comma stands before the decimals, and some exporters write it so.
        return float(text.replace(",", ".") or 1.0)
    except ValueError:
        problems.append(f"its unit is '{text}' metres, which is no number: it is taken to be in metres")
        return 1.0


def _y_up(document: collada.Collada, problems: list[str]) -> YUp | None:
    text = _asset_text(document, "up_axis").upper()
    if text == "X_UP":
        problems.append("it says that X is up, which is not applied")
    return _UP_AXES.get(text)


def _broken_geometries(document: collada.Collada) -> list[str]:
    """A phrase for each geometry that pycollada left out."""
    found = {geometry.id for geometry in document.geometries}
    named = [element.get("id") for element in document.xmlnode.iter(document.tag("geometry"))]
    errors = "; ".join(error.msg for error in document.errors)
    return [f"its geometry '{name}' is broken ({errors[:200]})" for name in named if name not in found]


def _drop_broken_materials(document: collada.Collada) -> list[str]:
    """Remove the use of materials that cannot be read, which pycollada takes for broken geometry; a phrase for each."""
    known = {material.id for material in document.materials} - _without_their_texture(document)
    lost: dict[str, None] = {}
    uses: list[Any] = list(document.xmlnode.iter(document.tag("instance_material")))
    for element in uses:
        target = (element.get("target") or "").removeprefix("#")
        if target not in known:
            lost[target] = None
            element.getparent().remove(element)
    reason = "; ".join(error.msg for error in document.errors[:1]) or "what it refers to is not defined"
    return [f"its material '{name}' is broken ({reason[:200]})" for name in lost]


def _without_their_texture(document: collada.Collada) -> set[str]:
    """The materials whose colour is a texture that is not defined, which pycollada takes for black."""
    tags = (document.tag(name) for name in ("diffuse", "texture"))
    path = ".//" + "/".join(tags)
    textured = {
        element.get("id") for element in document.xmlnode.iter(document.tag("effect")) if element.find(path) is not None
    }
    return {
        material.id
        for material in document.materials
        if material.effect.id in textured and not isinstance(material.effect.diffuse, Map)
    }


def _look(effect: Any, files: NearbyFiles, problems: list[str]) -> PBRMaterial:
    """The colour or the texture of an effect."""
    color, texture = np.ones(4), None
    if isinstance(effect.diffuse, Map):
        texture = _texture(effect.diffuse.sampler.surface.image.path, files, problems)
    elif effect.diffuse is not None:
        color = np.array(unit_color(effect.diffuse))
    if effect.transparent is not None and not isinstance(effect.transparent, Map):
        color = np.append(color[:3], float(effect.transparent[3]))
    return PBRMaterial(baseColorFactor=color, baseColorTexture=texture, metallicFactor=0.0, roughnessFactor=1.0)


def _texture(name: str, files: NearbyFiles, problems: list[str]) -> Any:
    try:
        return Image.open(io.BytesIO(files.get(name)))
    except FileNotFoundError:  # Which `files` has noted.
        return None
    except Exception:  # Readers of broken files fail in any way there is.
        problems.append(f"its texture '{name}' cannot be read")
        return None


def _placed(node: Any, place: np.ndarray, materials: Mapping[str, PBRMaterial]) -> Iterator[Placed]:
    """The meshes below a node that lies at a place (4, 4)."""
    if isinstance(node, Node):
        for child in node.children or ():
            yield from _placed(child, place @ node.matrix, materials)
    elif isinstance(node, (GeometryNode, ControllerNode)):
        holder = node.controller if isinstance(node, ControllerNode) else node
        place = place @ getattr(holder, "bind_shape_matrix", np.eye(4))  # Skins are drawn as they were bound.
        bound = {
            use.symbol: _Bound(materials[use.target.id], _texture_set(use))
            for use in node.materials
            if use.target.id in materials
        }
        for primitive in holder.geometry.primitives if hasattr(holder, "geometry") else ():
            mesh = _mesh(primitive, bound)
            if mesh is not None:
                yield mesh, place


def _texture_set(use: Any) -> str | None:
    """Which texture coordinates a node gives to the texture of a material."""
    diffuse = use.target.effect.diffuse
    wanted = diffuse.texcoord if isinstance(diffuse, Map) else None
    return next((str(number) for name, _, number in use.inputs if name == wanted and number is not None), None)


def _mesh(primitive: Any, bound: Mapping[str, _Bound]) -> trimesh.Trimesh | None:
    """A primitive with three corners of its own for each triangle; None for lines and what is empty."""
    if isinstance(primitive, Polylist):
        primitive = _triangles_of(primitive)
    if not isinstance(primitive, TriangleSet) or primitive.vertex is None or not len(primitive.vertex_index):
        return None
    use = bound.get(primitive.material)
    uv = None if use is None else _texture_coordinates(primitive, use.texture_set)
    return trimesh.Trimesh(
        vertices=primitive.vertex[primitive.vertex_index].reshape(-1, 3),
        faces=np.arange(3 * len(primitive.vertex_index)).reshape(-1, 3),
        vertex_normals=None if primitive.normal is None else primitive.normal[primitive.normal_index].reshape(-1, 3),
        vertex_colors=_colors(primitive),
        visual=None if use is None else TextureVisuals(uv=uv, material=use.material),
        process=False,
    )


def _triangles_of(polygons: Polylist) -> TriangleSet | None:
    if not len(polygons.index):
        return None
    corners = triangulate(polygons.vertex[polygons.vertex_index], np.asarray(polygons.vcounts))
    index = polygons.index[corners.reshape(-1)].reshape(-1)
    return TriangleSet(polygons.sources, polygons.material, index, polygons.xmlnode)


def _colors(primitive: TriangleSet) -> np.ndarray | None:
    """Colours of the corners, (3 T, 3 or 4), if there are some."""
    colors = primitive.sources.get("COLOR")
    if not colors:
        return None
    offset, source = colors[0][0], colors[0][4]
    return source.data[primitive.index[:, :, offset]].reshape(3 * len(primitive.index), -1)


def _texture_coordinates(primitive: TriangleSet, wanted: str | None) -> np.ndarray | None:
    """Those of a set (3 T, 2), or the first there are."""
    if not primitive.texcoordset:
        return None
    sets = [str(source[3]) for source in primitive.sources["TEXCOORD"]]
    index = sets.index(wanted) if wanted in sets else 0
    return primitive.texcoordset[index][primitive.texcoord_indexset[index]].reshape(-1, 2)
