"""Entities: the robots and objects of a recording, what they look like, and the fields that each of them has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadField
from .fields import Field

# How many numbers each size of a shape has, by the shape's type.
SHAPE_SIZES: Mapping[str, Mapping[str, int]] = {
    "box": {"size": 3},
    "sphere": {"radius": 1},
    "cylinder": {"radius": 1, "length": 1},
    "capsule": {"radius": 1, "length": 1},
}


@dataclass(frozen=True)
class EntitySpec:
    """A robot or an object with a base pose of its own; its fields are named `<name>.base_pos` and so on.

    Attributes:
        name: letters, digits, _ and -.
        kind: "robot" or "object".
        joint_names: in the order of `<name>.joint_pos`; empty where none is recorded.
        contact_bodies: in the order of `<name>.contact_force`; empty where they have no names.
        urdf: path of its description; a writer copies it with its meshes into the recording.
        shape: for an object without URDF, a primitive such as {"type": "box", "size": [x, y, z]} (also sphere
            {"radius"}, cylinder and capsule {"radius", "length"}) or {"type": "mesh", "path": ..., "scale": [x, y, z]},
            optionally with "color" [r, g, b] in 0..1.
        joints_named: False where the file names no joints, so that its reader made the names up: they match nothing.
        folder: of the recording that carries the URDF, with links resolved, as its reader found it: what the URDF names
            is read from there alone.
    """

    name: str
    kind: str = "robot"
    joint_names: Sequence[str] = ()
    contact_bodies: Sequence[str] = ()
    urdf: str | Path | None = None
    shape: Mapping[str, Any] | None = None
    joints_named: bool = True
    folder: Path | None = None


def field_shapes(entities: Iterable[EntitySpec]) -> dict[str, tuple[int, ...]]:
    """The shapes that fields of entities have of one env at one step, by name; the poses of bases must be there."""
    shapes: dict[str, tuple[int, ...]] = {}
    for entity in entities:
        shapes.update({f"{entity.name}.base_pos": (3,), f"{entity.name}.base_wxyz": (4,)})
        shapes.update({f"{entity.name}.{name}": (3,) for name in ("base_lin_vel", "base_ang_vel")})
        shapes[f"{entity.name}.joint_pos"] = (len(entity.joint_names),)
    return shapes


def check_fields(
    fields: Mapping[str, Field], entities: Sequence[EntitySpec], reward_terms: Sequence[str], where: object
) -> None:
    """Raise BadField where the recorded fields do not fit the facts: shapes of poses, joints and reward terms."""
    for name, shape in field_shapes(entities).items():
        is_needed = name.endswith((".base_pos", ".base_wxyz"))
        if is_needed or (name.endswith(".joint_pos") and name in fields):
            _check_shape(fields, name, shape, where)
    if reward_terms or "rew_terms" in fields:
        agents = fields["rew"].shape if "rew" in fields else ()
        _check_shape(fields, "rew_terms", (*agents, len(reward_terms)), where)


def _check_shape(fields: Mapping[str, Field], name: str, shape: tuple[int, ...], where: object) -> None:
    if name not in fields:
        raise BadField(where, name, "is not recorded, but the recording needs it.")
    if fields[name].shape != shape:
        raise BadField(where, name, f"has shape {fields[name].shape} per env and step, expected {shape}.")
