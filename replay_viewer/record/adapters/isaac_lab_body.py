"""One articulation or rigid object of an Isaac Lab scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

from ...container.info import EntitySpec
from ..arrays import Rows
from .scene import entity_name
from .tensors import tensor

# As the simulator has them; its root velocities are those of the root's centre of mass.
_BASE = {"base_pos": "root_pos_w", "base_lin_vel": "root_lin_vel_w", "base_ang_vel": "root_ang_vel_w"}
_JOINTS = {"joint_pos": "joint_pos", "joint_vel": "joint_vel", "joint_torque": "applied_torque"}


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
