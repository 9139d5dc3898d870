"""The scene of an Isaac Lab environment, of versions 1 to 3.

Written from its public code (https://github.com/isaac-sim/IsaacLab): versions 1 and 2 give torch tensors, version 3
arrays that wrap them.
"""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from ...container.info import EntitySpec
from ..arrays import as_array
from .adapter import Request
from .isaac_lab_body import IsaacLabBody
from .scene import with_urdf
from .tensors import tensor

_FIX = "Pass attach(urdf=...), or give it to the viewer with --urdf."
_UNREAD = ("deformable_objects", "rigid_object_collections", "surface_grippers")


class IsaacLabScene:
    """Reads articulations and rigid objects; see `SceneReader`."""

    def __init__(self, env: Any, request: Request) -> None:
        self._scene = scene = env.scene
        # Tasks of the direct workflow keep it to themselves.
        self._ground: Any = getattr(env, "_terrain", None) if scene.terrain is None else scene.terrain
        bodies = {**_group(scene, "articulations"), **_group(scene, "rigid_objects")}
        self._parts = [
            IsaacLabBody(key, body, _contact_sensor(scene, body), request.rows) for key, body in bodies.items()
        ]
        self.entities = with_urdf([part.spec for part in self._parts], request.urdf)
        self._terrain = self._find_terrain()
        self.notes = [note for part in self._parts for note in part.notes] + list(map(_lack, self.entities))
        self.notes += [f"the scene's {name} are not recorded." for name in _UNREAD if _group(scene, name)]
        self.notes = [note for note in self.notes if note]
        if self._terrain is None and not self._is_flat:
            self.notes.append("the terrain is not recorded: the scene has no height scanner that knows its mesh.")
        self.metadata = {"quaternions_in_simulator": {part.spec.name: part.order for part in self._parts}}

    def read(self) -> dict[str, Any]:
        return dict(item for part in self._parts for item in part.read())

    def terrain(self) -> tuple[np.ndarray, np.ndarray] | None:
        return self._terrain

    def close(self) -> None:
        pass

    @property
    def _is_flat(self) -> bool:
        return self._ground is None or self._ground.cfg.terrain_type == "plane"

    def _find_terrain(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The mesh that height scanners hit: the simulator keeps no other."""
        if self._is_flat:
            return None
        for sensor in _group(self._scene, "sensors").values():
            for key, mesh in getattr(sensor, "meshes", {}).items():
                # By its path, with the device in version 3.
                path = key if isinstance(key, str) else key[0]
                if path == self._ground.cfg.prim_path and hasattr(mesh, "points"):
                    return as_array(tensor(mesh.points)), as_array(tensor(mesh.indices)).reshape(-1, 3)
        return None


def _lack(entity: EntitySpec) -> str:
    """What is missing to draw an entity, or nothing."""
    if entity.urdf is not None or entity.shape is not None:
        return ""
    return f"{entity.name}: it was not made of a URDF that is here, so the recording carries none. {_FIX}"


def _group(scene: Any, name: str) -> Mapping[str, Any]:
    """The scene's bodies or sensors of a kind; some versions refuse to be asked for those that they have not."""
    try:
        return getattr(scene, name, {})
    except NotImplementedError:
        return {}


def _contact_sensor(scene: Any, body: Any) -> Any:
    """The sensor of contact forces that watches most of a body's parts, or None."""
    within = body.cfg.prim_path
    found = [
        sensor
        for sensor in _group(scene, "sensors").values()
        if hasattr(sensor, "compute_first_contact") and f"{sensor.cfg.prim_path}/".startswith(f"{within}/")
    ]
    return max(found, key=lambda sensor: len(sensor.body_names), default=None)
