"""Meshes of layers as surfaces: those that are given again are kept, since a scene keeps all surfaces it ever drew."""

from __future__ import annotations

import hashlib
from weakref import WeakKeyDictionary

from ...layers.checks import BadShape
from ...layers.shapes import Mesh
from .surface import Surface
from .unit_bodies import mesh_surface

# Of up to so many triangles, a mesh that is seen for the first time is drawn triangle by triangle.
_FEW = 2000
# So many surfaces are kept.
_MOST_KEPT = 1000


class KeptMeshes:
    """The surfaces of one film's meshes, by what the meshes are made of."""

    def __init__(self) -> None:
        self._keys: WeakKeyDictionary[Mesh, bytes] = WeakKeyDictionary()
        self._seen: set[bytes] = set()
        self._kept: dict[bytes, Surface] = {}

    def surface_of(self, mesh: Mesh) -> Surface | None:
        """Its surface, white, or None where it is as well drawn triangle by triangle.

        Raises BadShape for one more large mesh than can be kept.
        """
        key = self._key(mesh)
        if key not in self._kept:
            if key not in self._seen and mesh.num_pieces <= _FEW:
                self._seen.add(key)
                return None
            if len(self._kept) == _MOST_KEPT:
                problem = f"are others in more than {_MOST_KEPT} frames; of up to {_FEW} triangles they may be."
                raise BadShape(mesh, "triangles", problem)
            self._kept[key] = mesh_surface(mesh.vertices, mesh.triangles)
        return self._kept[key]

    def _key(self, mesh: Mesh) -> bytes:
        if mesh not in self._keys:
            digest = hashlib.blake2b(mesh.vertices.tobytes(), digest_size=16)
            digest.update(mesh.triangles.tobytes())
            self._keys[mesh] = digest.digest()
        return self._keys[mesh]
