"""The scene of an Isaac Lab environment, of versions 1 to 3: its articulations and rigid objects.

Written from its public code (https://github.com/isaac-sim/IsaacLab): versions 1 and 2 give torch tensors, version 3
arrays that wrap them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, Mapping

import numpy as np

from ...arrays import as_array
from ...container.info import EntitySpec
from ..rows import Rows
from .adapter import Request
from .scene import URDF_FIX, entity_name, tensor, with_urdf

# Kinds of bodies that are not recorded, which is told.
_UNREAD = ("deformable_objects", "rigid_object_collections", "surface_grippers")
_NO_TERRAIN = "is not recorded: neither the stage nor a height scanner has its mesh."
# Names of a body's fields, and of the simulator's arrays; its root velocities are those of the root's centre of mass.
_BASE = {"base_pos": "root_pos_w", "base_lin_vel": "root_lin_vel_w", "base_ang_vel": "root_ang_vel_w"}
_JOINTS = {"joint_pos": "joint_pos", "joint_vel": "joint_vel", "joint_torque": "applied_torque"}


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
        self.notes = self._find_notes()
        self.lacks: dict[str, str] = {}
        if self._terrain is None and not self._is_flat:
            self.lacks["terrain"] = _NO_TERRAIN
        self.metadata = {"quaternions_in_simulator": {part.spec.name: part.order for part in self._parts}}

    def read(self) -> dict[str, Any]:
        return dict(item for part in self._parts for item in part.read())

    def terrain(self) -> tuple[np.ndarray, np.ndarray] | None:
        return self._terrain

    def close(self) -> None:
        pass

    def _find_notes(self) -> list[str]:
        notes = [note for part in self._parts for note in part.notes]
        notes += [_no_shape(entity) for entity in self.entities if entity.urdf is None and entity.shape is None]
        notes += [f"the scene's {name} are not recorded." for name in _UNREAD if _group(self._scene, name)]
        return notes

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


class IsaacLabBody:
    """Reads a body's data.

    Attributes:
        spec: its description.
        order: of the simulator's quaternions, "wxyz" or "xyzw".
        notes: what is not known of it, a sentence each.
    """

    def __init__(self, key: str, body: Any, contacts: Any, rows: Rows) -> None:
        self._body, self._contacts, self._rows = body, contacts, rows
        name, joints = entity_name(key), list(getattr(body, "joint_names", None) or ())
        self.order, is_certain = quaternion_order(body)
        self.notes = [] if is_certain else [f"{name}: the order of its quaternions is taken to be {self.order}."]
        fields = {**_BASE, **(_JOINTS if joints else {})}
        self._fields = [
            (f"{name}.{field}", attribute)
            for field, attribute in fields.items()
            if getattr(body.data, attribute, None) is not None
        ]
        self.spec = EntitySpec(
            name,
            "robot" if joints else "object",
            joints,
            list(contacts.body_names) if contacts is not None else [],
            urdf_of(body.cfg.spawn),
            shape_of(body.cfg.spawn),
        )

    def read(self) -> Iterator[tuple[str, Any]]:
        """Names and rows of the recorded envs."""
        data, rows, name = self._body.data, self._rows.of, self.spec.name
        quaternions = rows(tensor(data.root_quat_w))
        yield f"{name}.base_wxyz", quaternions if self.order == "wxyz" else (quaternions[:, 3:], quaternions[:, :3])
        for field, attribute in self._fields:
            yield field, rows(tensor(getattr(data, attribute)))
        if self._contacts is not None:
            yield f"{name}.contact_force", rows(tensor(self._contacts.data.net_forces_w))


def quaternion_order(body: Any) -> tuple[str, bool]:
    """The order of the simulator's quaternions, and whether that is certain.

    It is the one of the pose in which it would spawn bodies that say nothing of theirs: version 2 writes no rotation
    as (1, 0, 0, 0), version 3 as (0, 0, 0, 1).
    """
    known = {(1, 0, 0, 0): "wxyz", (0, 0, 0, 1): "xyzw"}
    unturned = tuple(type(body.cfg.init_state)().rot)
    return known.get(unturned, "wxyz"), unturned in known


def urdf_of(spawn: Any) -> str | None:
    """The URDF that a body was made of, if it was made of one that is here."""
    path = str(getattr(spawn, "asset_path", ""))
    return path if path.lower().endswith(".urdf") and Path(path).is_file() else None


def shape_of(spawn: Any) -> dict[str, Any] | None:
    """The primitive as which a body was made, as `EntitySpec` has it; None for anything else."""
    kinds = [cls.__name__ for cls in type(spawn).__mro__]
    color = getattr(getattr(spawn, "visual_material", None), "diffuse_color", None)
    if "CuboidCfg" in kinds:
        shape = {"type": "box", "size": [float(length) for length in spawn.size]}
    elif "SphereCfg" in kinds:
        shape = {"type": "sphere", "radius": float(spawn.radius)}
    elif ("CylinderCfg" in kinds or "CapsuleCfg" in kinds) and getattr(spawn, "axis", "Z") == "Z":
        kind = "cylinder" if "CylinderCfg" in kinds else "capsule"
        shape = {"type": kind, "radius": float(spawn.radius), "length": float(spawn.height)}
    else:
        return None
    return shape if color is None else {**shape, "color": [float(value) for value in color]}


def _no_shape(entity: EntitySpec) -> str:
    return f"{entity.name}: it was not made of a URDF that is here, so the recording carries none. {URDF_FIX}"


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
