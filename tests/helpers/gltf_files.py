"""Small GLBs, written accessor by accessor for one test."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

_COMPONENTS = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}

# A box of 1 x 2 x 3 m whose least corner is the origin.
CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 2) for z in (0, 3)], np.float32)
FACES = np.array(
    [
        [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
        [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3],
    ],
    np.uint16,
)  # fmt: skip


class Glb:
    """A GLB of one mesh, whose header a test may change before it is written."""

    def __init__(self, attributes: dict[str, np.ndarray], faces: np.ndarray = FACES) -> None:
        self._binary = b""
        self.header: dict[str, Any] = {"asset": {"version": "2.0"}, "bufferViews": [], "accessors": []}
        primitive = {"attributes": {name: self.accessor(values) for name, values in attributes.items()}}
        self.primitive: dict[str, Any] = {**primitive, "indices": self.accessor(faces.reshape(-1, 1))}
        self.header["meshes"] = [{"primitives": [self.primitive]}]
        self.header |= {"scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}]}

    def view(self, data: bytes) -> int:
        """Append bytes; returns the index of their buffer view."""
        self.header["bufferViews"].append({"buffer": 0, "byteOffset": len(self._binary), "byteLength": len(data)})
        self._binary += data + b"\0" * (-len(data) % 4)
        return len(self.header["bufferViews"]) - 1

    def accessor(self, values: np.ndarray) -> int:
        """Append values (count, n); returns the index of their accessor."""
        accessor = {
            "bufferView": self.view(np.ascontiguousarray(values).tobytes()),
            "componentType": _COMPONENTS[values.dtype.name],
            "count": len(values),
            "type": _TYPES[values.shape[1]],
        }
        self.header["accessors"].append(accessor)
        return len(self.header["accessors"]) - 1

    def require(self, extension: str) -> None:
        self.header.setdefault("extensionsRequired", []).append(extension)

    def material(self, image: bytes | None = None, texture: dict[str, Any] | None = None, **material: Any) -> None:
        """Give the mesh a material, with an image as its texture."""
        self.header["materials"] = [material]
        self.primitive["material"] = 0
        if image is not None:
            self.header["images"] = [{"bufferView": self.view(image), "mimeType": "image/png"}]
            self.header["textures"] = [{"source": 0}]
            material.setdefault("pbrMetallicRoughness", {})["baseColorTexture"] = {"index": 0, **(texture or {})}

    def write(self, path: Path) -> Path:
        self.header["buffers"] = [{"byteLength": len(self._binary)}]
        text = json.dumps(self.header).encode()
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text
        chunks += struct.pack("<I4s", len(self._binary), b"BIN\0") + self._binary
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
        return path
