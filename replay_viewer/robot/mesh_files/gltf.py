"""GLB and GLTF, put into the words that trimesh reads: decompressed, in floats, textures at the coordinates meant.

trimesh reads no meshopt, takes quantized numbers for metres, knows the first texture coordinates alone, and goes on
with zeros where it lacks an extension. The rules are those of the glTF 2.0 specification and of the extensions' own.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import trimesh
from PIL import Image
from trimesh.visual.material import PBRMaterial

from ...errors import listing
from ..materials import srgb_from_gltf, tinted
from .gltf_nodes import placed, places_of
from .nearby import NearbyFiles
from .reading import AS_GIVEN, BY_GLTF, Reading, Unreadable

_JSON, _BINARY = b"JSON", b"BIN\0"
_DRACO = "KHR_draco_mesh_compression"
_MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")
_TRANSFORM = "KHR_texture_transform"
_GLOSSINESS = "KHR_materials_pbrSpecularGlossiness"
# Besides those that only change a look or carry no geometry, by how their names begin.
_UNDERSTOOD = (_DRACO, *_MESHOPT, _TRANSFORM, "KHR_mesh_quantization", "KHR_node_visibility")
_OF_LOOKS = ("KHR_materials_", "KHR_texture_", "EXT_texture_", "KHR_lights_", "EXT_lights_", "KHR_xmp", "MSFT_texture_")
_COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_SIZES = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
# How the corners of a primitive make triangles.
_TRIANGLES, _STRIP, _FAN = 4, 5, 6
# More numbers than this are not believed where no bytes stand behind them.
_MOST_NUMBERS = 10**8
# A factor of a colour above this changes nothing that is seen.
_WHITE = 0.99
# Programs that write what they are given, without a thought of what is up.
_WRITES_AS_GIVEN = ("trimesh", "replay-viewer")


def read_gltf(data: bytes, kind: str, files: NearbyFiles) -> Reading:
    """The meshes of a glTF file; kind is "glb" or "gltf". Raises Unreadable for what nobody here understands."""
    header, binary = _split(data) if kind == "glb" else (json.loads(data.decode("utf-8-sig")), b"")
    document = _Document(header, binary, files)
    document.simplify()
    places = document.take_places()
    scene = trimesh.load_scene(io.BytesIO(document.as_glb()), file_type="glb", resolver=files, process=False)
    generator = str(header.get("asset", {}).get("generator"))
    is_given = any(name in generator for name in _WRITES_AS_GIVEN)
    reading = Reading(problems=document.problems, y_up=AS_GIVEN if is_given else BY_GLTF)
    for mesh in scene.geometry.values():
        if isinstance(mesh, trimesh.Trimesh):  # And no lines or points, which may be beside them.
            _tint(mesh)
            srgb_from_gltf(mesh)
    for name, mesh in scene.geometry.items():
        if isinstance(mesh, trimesh.Trimesh):
            reading.meshes += placed(mesh, places[_number_of(name)])
    return reading


def _mesh_name(number: int) -> str:
    return f"mesh {number}."


def _number_of(name: str) -> int:
    """The number of a mesh by the name of a part of it, to which trimesh adds what tells it from others."""
    return int(name.partition(".")[0].split()[1])


def _tint(mesh: Any) -> None:
    """Lay the factor of a mesh's colour on its texture, which has the meaning of both."""
    material = getattr(mesh.visual, "material", None)
    if isinstance(material, PBRMaterial) and material.baseColorTexture is not None:
        factor = np.asarray([255] * 3 if material.baseColorFactor is None else material.baseColorFactor)[:3] / 255
        if factor.min() < _WHITE:
            with suppress(Exception):  # Readers of broken files fail in any way there is; it is named elsewhere.
                material.baseColorTexture = tinted(material.baseColorTexture, factor)


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON and the binary chunk of a GLB."""
    if data[:4] != b"glTF":
        raise Unreadable("is no GLB: it does not begin with glTF")
    chunks: dict[bytes, bytes] = {}
    start = 12
    while start + 8 <= len(data) and _BINARY not in chunks:  # What follows that is no matter.
        length, kind = struct.unpack_from("<I4s", data, start)
        if kind in (_JSON, _BINARY) and start + 8 + length > len(data):
            raise Unreadable(f"is cut off: it has {len(data)} bytes of {start + 8 + length}")
        chunks.setdefault(kind, data[start + 8 : start + 8 + length])
        start += 8 + length
    if _JSON not in chunks:
        raise Unreadable("cannot be read as GLB: it has no JSON in it")
    return json.loads(chunks[_JSON]), chunks.get(_BINARY, b"")


class _Document:
    """A glTF file whose accessors, materials and extensions are being made simpler.

    Attributes:
        problems: what of it is not drawn as it should be.
    """

    def __init__(self, header: dict[str, Any], binary: bytes, files: NearbyFiles) -> None:
        self.problems: list[str] = []
        self._header, self._files = header, files
        uris = [buffer.get("uri") for buffer in self._list("buffers")]
        self._buffers = [binary if uri is None else self._bytes_of(uri) for uri in uris]
        self._views = [self._view(view) for view in self._list("bufferViews")]
        self._moved: dict[tuple[int, str], int] = {}

    def simplify(self) -> None:
        """Decompress, make floats of what stands for floats, and put textures where they belong."""
        self._refuse_unknown()
        for mesh in self._list("meshes"):
            for primitive in mesh.get("primitives", []):
                self._decompress(primitive)
                self._unfold(primitive)
        for index, accessor in enumerate(self._list("accessors")):
            if accessor.get("normalized") or "sparse" in accessor or "bufferView" not in accessor:
                self._replace(index, self._numbers(index))
        for material in self._list("materials"):
            self._make_opaque(material)
            self._check_texture(material)
        for mesh in self._list("meshes"):
            for primitive in mesh.get("primitives", []):
                self._place_texture(primitive)
        self._header.pop("extensionsRequired", None)

    def take_places(self) -> dict[int, list[np.ndarray]]:
        """Take out the nodes: where they put each mesh, (4, 4). What stays draws each mesh once, where it is."""
        places = places_of(self._header)
        for number, mesh in enumerate(self._list("meshes")):
            mesh["name"] = _mesh_name(number)
        for name in ("skins", "animations", "cameras"):
            self._header.pop(name, None)
        self._header["nodes"] = [{"mesh": number} for number in places]
        self._header.update(scene=0, scenes=[{"nodes": list(range(len(places)))}])
        return places

    def as_glb(self) -> bytes:
        """The file as it is now, in one piece."""
        start, views = 0, []
        for view, data in zip(self._list("bufferViews"), self._views, strict=True):
            views.append({**view, "buffer": 0, "byteOffset": start, "byteLength": len(data)})
            start += len(data) + -len(data) % 4
        binary = b"".join(data + b"\0" * (-len(data) % 4) for data in self._views)
        header = {**self._header, "bufferViews": views, "buffers": [{"byteLength": len(binary)}]}
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<I4s", len(text), _JSON) + text + struct.pack("<I4s", len(binary), _BINARY) + binary
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks

    def _list(self, name: str) -> list[dict[str, Any]]:
        return self._header.setdefault(name, [])

    def _bytes_of(self, uri: str) -> bytes:
        _, found, encoded = uri.partition("base64,")
        return base64.b64decode(encoded) if found else self._files.get(uri)

    def _refuse_unknown(self) -> None:
        required = self._header.get("extensionsRequired", [])
        unknown = [name for name in required if name not in _UNDERSTOOD and not name.startswith(_OF_LOOKS)]
        if unknown:
            raise Unreadable(f"needs {listing(unknown)}, which is not read here")

    # Geometry.

    def _view(self, view: Mapping[str, Any]) -> bytes:
        """The bytes of a buffer view."""
        for extension in _MESHOPT:
            packed = view.get("extensions", {}).get(extension)
            if packed is not None:
                return self._meshopt(packed, extension)
        return self._part(view)

    def _part(self, view: Mapping[str, Any]) -> bytes:
        """The bytes of a buffer that a view, or an extension in its place, names."""
        start = view.get("byteOffset", 0)
        data = self._buffers[view["buffer"]][start : start + view["byteLength"]]
        if len(data) != view["byteLength"]:
            raise Unreadable("is cut off: its buffers hold less than it says")
        return data

    def _meshopt(self, packed: Mapping[str, Any], extension: str) -> bytes:
        decoder = _package("meshopt", extension)
        mode, kind = packed["mode"], packed.get("filter")
        if packed["count"] * packed["byteStride"] > _MOST_NUMBERS:
            raise Unreadable(f"says that it has {packed['count']} vertices, more than can be drawn")
        part = self._part(packed)
        try:
            rows = decoder.decode_gltf_buffer(
                part, packed["count"], packed["byteStride"], mode, None if kind == "NONE" else kind
            )
        except Exception as error:  # Readers of broken files fail in any way there is.
            raise Unreadable(f"is compressed with {extension}, which cannot be decoded") from error
        return np.ascontiguousarray(rows).tobytes()

    def _decompress(self, primitive: dict[str, Any]) -> None:
        """Undo Draco's compression of a primitive."""
        packed = primitive.get("extensions", {}).pop(_DRACO, None)
        if packed is None:
            return
        accessors = self._list("accessors")
        attributes = primitive.get("attributes", {})
        if all("bufferView" in accessors[index] for index in attributes.values()) and not self._needs(_DRACO):
            return  # The same is there uncompressed.
        try:
            decoded = _package("DracoPy", _DRACO).decode(self._views[packed["bufferView"]])
        except Unreadable:
            raise
        except Exception as error:  # Readers of broken files fail in any way there is.
            raise Unreadable(f"is compressed with {_DRACO}, which DracoPy cannot decode") from error
        arrays = {attribute["unique_id"]: attribute["data"] for attribute in decoded.attributes}
        for name, number in packed["attributes"].items():
            self._replace(attributes[name], self._floats(np.asarray(arrays[number]), accessors[attributes[name]]))
        if "indices" in primitive:
            self._replace(primitive["indices"], np.asarray(decoded.faces).reshape(-1, 1))

    def _unfold(self, primitive: dict[str, Any]) -> None:
        """Make triangles of a strip or a fan of them (glTF 2.0, section 3.7.2.1)."""
        mode = primitive.get("mode", _TRIANGLES)
        if mode not in (_STRIP, _FAN):
            return
        accessors = self._list("accessors")
        if "indices" in primitive:
            corners = self._numbers(primitive["indices"])[:, 0].astype(np.uint32)
        else:
            corners = np.arange(accessors[primitive["attributes"]["POSITION"]]["count"], dtype=np.uint32)
        first, second, third = corners[:-2].copy(), corners[1:-1].copy(), corners[2:].copy()
        if mode == _FAN:
            first[:] = corners[:1]
        else:  # Every other one would show its back.
            second[1::2], third[1::2] = corners[2:][1::2], corners[1:-1][1::2]
        primitive["mode"], primitive["indices"] = _TRIANGLES, len(accessors)
        accessors.append({"type": "SCALAR"})
        self._replace(primitive["indices"], np.stack([first, second, third], axis=1).reshape(-1, 1))

    def _needs(self, extension: str) -> bool:
        return extension in self._header.get("extensionsRequired", [])

    def _numbers(self, index: int) -> np.ndarray:
        """The values (count, n) of an accessor, as float32 where they stand for some."""
        accessor = self._list("accessors")[index]
        values = self._raw(accessor, accessor["count"], accessor)
        sparse = accessor.get("sparse")
        if sparse is not None:
            values = values.copy()
            where = self._raw(sparse["indices"], sparse["count"], {"type": "SCALAR"})[:, 0]
            values[where] = self._raw({**accessor, **sparse["values"]}, sparse["count"], accessor)
        return self._floats(values, accessor)

    def _raw(self, source: Mapping[str, Any], count: int, shape: Mapping[str, Any]) -> np.ndarray:
        """Values (count, n) as they are stored."""
        component = source.get("componentType", shape.get("componentType"))
        dtype, size = np.dtype(_COMPONENTS[component]), _SIZES[shape["type"]]
        if "bufferView" not in source:
            if count * size > _MOST_NUMBERS:
                raise Unreadable(f"says that it has {count} vertices, of which none is there")
            return np.zeros((count, size), dtype)
        view = self._list("bufferViews")[source["bufferView"]]
        stride = view.get("byteStride", size * dtype.itemsize)
        if stride < size * dtype.itemsize:
            raise Unreadable(f"has a byteStride of {stride}, where a vertex alone takes {size * dtype.itemsize}")
        start, data = source.get("byteOffset", 0), self._views[source["bufferView"]]
        return np.ndarray((count, size), dtype, data, start, (stride, dtype.itemsize))

    @staticmethod
    def _floats(values: np.ndarray, accessor: Mapping[str, Any]) -> np.ndarray:
        """Normalized integers as the fractions that they stand for."""
        if not accessor.get("normalized") or values.dtype.kind == "f":
            return values
        fractions = values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)
        return np.maximum(fractions, np.float32(-1))

    def _replace(self, index: int, values: np.ndarray) -> None:
        """Make an accessor one of these values (count, n), which lie in a view of their own."""
        component = next(code for code, name in _COMPONENTS.items() if np.dtype(name) == _stored(values).dtype)
        accessor = {"componentType": component, "count": len(values), "type": self._list("accessors")[index]["type"]}
        self._list("accessors")[index] = {**accessor, "bufferView": len(self._views)}
        self._list("bufferViews").append({"buffer": 0})
        self._views.append(_stored(values).tobytes())

    # Looks.

    def _base_texture(self, material: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a material says of the texture that gives it its colour."""
        metal = material.get("pbrMetallicRoughness", {}).get("baseColorTexture")
        return metal or material.get("extensions", {}).get(_GLOSSINESS, {}).get("diffuseTexture")

    def _make_opaque(self, material: dict[str, Any]) -> None:
        """Take away an alpha that does not count; where it is less than the least that is seen, it stays."""
        metal = material.get("pbrMetallicRoughness", {})
        color = metal.get("baseColorFactor")
        least = {"OPAQUE": 0.0, "MASK": material.get("alphaCutoff", 0.5)}.get(material.get("alphaMode", "OPAQUE"))
        if color is not None and least is not None and color[3] >= least:
            metal["baseColorFactor"] = [*color[:3], 1.0]

    def _check_texture(self, material: Mapping[str, Any]) -> None:
        """Name a texture that cannot be drawn; one that is not there is noted by `files`."""
        texture = self._base_texture(material)
        if texture is None:
            return
        data = b""
        for image in self._images(self._list("textures")[texture["index"]]):
            try:
                data = self._views[image["bufferView"]] if "bufferView" in image else self._bytes_of(image["uri"])
                is_clear = Image.open(io.BytesIO(data)).has_transparency_data
                if is_clear and material.get("alphaMode", "OPAQUE") != "OPAQUE":
                    self.problems.append(
                        f"its material '{material.get('name', '')}' is partly transparent, drawn opaque"
                    )
                return
            except FileNotFoundError:
                return
            except Exception:  # Readers of broken files fail in any way there is.
                continue
        kind = "KTX2" if data[1:7] == b"KTX 20" else "no image that is read here"
        self.problems.append(f"the texture of its material '{material.get('name', '')}' cannot be read ({kind})")

    def _images(self, texture: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The images that a texture may be, its own and those of extensions."""
        extended = [extension.get("source") for extension in texture.get("extensions", {}).values()]
        for source in (*extended, texture.get("source")):
            if source is not None:
                yield self._list("images")[source]

    def _place_texture(self, primitive: dict[str, Any]) -> None:
        """Make the coordinates of a primitive's texture, transformed, its first ones."""
        attributes = primitive.get("attributes", {})
        if "material" not in primitive:
            return
        texture = self._base_texture(self._list("materials")[primitive["material"]])
        if texture is None:
            return
        transform = texture.get("extensions", {}).get(_TRANSFORM, {})
        number = transform.get("texCoord", texture.get("texCoord", 0))
        source = attributes.get(f"TEXCOORD_{number}")
        if source is None:
            attributes.pop("TEXCOORD_0", None)
        elif transform or number:
            key = (source, json.dumps(transform, sort_keys=True))
            if key not in self._moved:
                self._moved[key] = len(self._list("accessors"))
                uv = self._numbers(source).astype(np.float64) @ _texture_matrix(transform)[:, :2].T
                self._list("accessors").append({"type": "VEC2"})
                self._replace(self._moved[key], (uv + _texture_matrix(transform)[:, 2]).astype(np.float32))
            attributes["TEXCOORD_0"] = self._moved[key]


def _package(name: str, extension: str) -> Any:
    """The package that decompresses an extension; raises Unreadable where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Unreadable(f"is compressed with {extension}, which is not read here (pip install {name})") from error


def _stored(values: np.ndarray) -> np.ndarray:
    """Values in a type that glTF has."""
    if values.dtype.kind == "f":
        return np.ascontiguousarray(values, "<f4")
    return np.ascontiguousarray(values, "<u4") if values.dtype.itemsize > 2 else np.ascontiguousarray(values)


def _texture_matrix(transform: Mapping[str, Any]) -> np.ndarray:
    """The affine map (2, 3) of KHR_texture_transform: scale, then rotation, then offset."""
    angle = transform.get("rotation", 0.0)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]]) * np.asarray(transform.get("scale", (1.0, 1.0)), np.float64)
    return np.column_stack([turn, transform.get("offset", (0.0, 0.0))])
