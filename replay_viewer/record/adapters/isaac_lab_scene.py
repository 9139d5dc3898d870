"""The scene of an Isaac Lab environment, of versions 1 to 3: its articulations, rigid objects and ground.

Written from its public code (https://github.com/isaac-sim/IsaacLab): versions 1 and 2 give torch tensors, version 3
arrays that wrap them. What is drawn comes from the USD stage, where there is one.
"""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from ...arrays import as_array
from .adapter import Request
from .isaac_lab_bodies import IsaacLabBody, IsaacLabCollection, sensor_names
from .isaac_lab_shapes import IsaacLabShapes
from .scene import tensor, with_urdf
from .usd.ground import Ground, ground_of, standing_in
from .usd.stage import names_of, stage_of

# Kinds of bodies that are not recorded, which is told.
_UNREAD = ("deformable_objects", "cable_objects", "surface_grippers")
# Of how many of the recorded envs there is what stands still in them; more would be more than anybody draws.
_MAX_FURNISHED = 16
_NO_TERRAIN = "is not recorded: neither the stage nor a height scanner has its mesh."


class IsaacLabScene:
    """Reads articulations, rigid objects and collections of these; see `SceneReader`."""

    def __init__(self, env: Any, request: Request) -> None:
        self._scene = scene = env.scene
        # Tasks of the direct workflow keep it to themselves.
        self._terrain_of_task: Any = getattr(env, "_terrain", None) if scene.terrain is None else scene.terrain
        self._env_ids = request.rows.env_ids.tolist()
        self._stage = stage_of(env)
        self._shapes = IsaacLabShapes(self._stage, self._env_ids[0])
        bodies = {**_group(scene, "articulations"), **_group(scene, "rigid_objects")}
        # The first robot's may be the user's.
        given = next((key for key, body in bodies.items() if getattr(body, "joint_names", None)), None)
        self._parts: list[IsaacLabBody | IsaacLabCollection] = [
            IsaacLabBody(
                key,
                body,
                _contact_sensor(scene, body),
                request,
                None if request.urdf is not None and key == given else self._shapes,
            )
            for key, body in bodies.items()
        ]
        self._parts += [
            IsaacLabCollection(key, collection, request, self._shapes)
            for key, collection in _group(scene, "rigid_object_collections").items()
        ]
        self.entities = with_urdf([spec for part in self._parts for spec in part.specs], request.urdf)
        self.notes = [note for part in self._parts for note in part.notes]
        self.notes += [f"the scene's {name} are not recorded." for name in _UNREAD if _group(scene, name)]
        ground = self._find_ground()
        self._terrain = None if ground is None else ground.mesh
        self.lacks = {"terrain": _NO_TERRAIN} if ground is None else {}
        orders = {spec.name: part.order for part in self._parts for spec in part.specs}
        self.metadata = {"quaternions_in_simulator": orders}

    def read(self) -> dict[str, Any]:
        return dict(item for part in self._parts for item in part.read())

    def terrain(self) -> tuple[np.ndarray, np.ndarray] | None:
        return self._terrain

    def close(self) -> None:
        self._shapes.close()

    def _find_ground(self) -> Ground | None:
        """From the stage, else from height scanners, which know the mesh that they hit; None where nobody knows it."""
        settings = None if self._terrain_of_task is None else self._terrain_of_task.cfg
        path = "" if settings is None else settings.prim_path
        try:
            found = None if self._stage is None else self._ground_of_stage(path)
        except Exception as error:  # Stages hold whatever people have made.
            self.notes.append(f"the stage's ground cannot be read ({type(error).__name__}: {error}).")
            found = None
        if found is not None:
            return found
        if settings is not None and settings.terrain_type == "plane":
            return Ground(None)
        return self._scanned(path)

    def _ground_of_stage(self, path: str) -> Ground | None:
        """The ground, and what stands still on it in the recorded envs."""
        envs = self._scene.env_prim_paths[0].rpartition("/")[0] if hasattr(self._scene, "env_prim_paths") else ""
        moving = [f"{envs}/env_{env_id}/{name}/" for env_id in self._env_ids for name in self._names_in_env()]
        standing = []
        for env_id in self._env_ids[:_MAX_FURNISHED] if envs else ():
            prim = self._stage.GetPrimAtPath(f"{envs}/env_{env_id}")
            standing += standing_in(prim, moving) if prim else []
        if standing and len(self._env_ids) > _MAX_FURNISHED:
            self.notes.append(f"what stands still in the envs is recorded of the first {_MAX_FURNISHED} of them.")
        return ground_of(self._stage, path, envs, standing)

    def _names_in_env(self) -> list[str]:
        """Paths, below an env's, of what is recorded as a body of its own."""
        bodies = {**_group(self._scene, "articulations"), **_group(self._scene, "rigid_objects")}
        settings = [body.cfg for body in bodies.values()]
        for collection in _group(self._scene, "rigid_object_collections").values():
            settings += collection.cfg.rigid_objects.values()
        return ["/".join(names_of(cfg.prim_path)[3:]) for cfg in settings]

    def _scanned(self, path: str) -> Ground | None:
        for sensor in _group(self._scene, "sensors").values():
            for key, mesh in getattr(sensor, "meshes", {}).items():
                # By its path, with the device in version 3.
                hit = key if isinstance(key, str) else key[0]
                if path and hit == path and hasattr(mesh, "points"):
                    return Ground((as_array(tensor(mesh.points)), as_array(tensor(mesh.indices)).reshape(-1, 3)))
        return None


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
    return max(found, key=lambda sensor: len(sensor_names(sensor)), default=None)
