"""Where a recording keeps an entity's contact forces, and the bodies that they act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .rollout.rollout import Entity, Rollout


@dataclass(frozen=True)
class ContactForces:
    """field: its name in the rollout, of shape (C, 3) or (A, C, 3) [N]. bodies: names, C of them, or none at all."""

    field: str
    bodies: tuple[str, ...]


def contact_forces_of(rollout: Rollout, entity: Entity) -> ContactForces | None:
    """What is recorded of the forces on an entity's bodies, in the world frame; None where nothing is.

    A plain npz has one array `contact_force` for its robots, and names the bodies in its 'recording_info'.
    """
    own = f"{entity.name}.contact_force"
    for field, names in ((own, entity.contact_bodies), ("contact_force", _stated(rollout))):
        if field not in rollout.fields or (field != own and entity.kind != "robot"):
            continue
        shape = rollout.fields[field].shape
        if len(shape) in (2, 3) and shape[-1] == 3:
            return ContactForces(field, tuple(names) if len(names) == shape[-2] else ())
    return None


def _stated(rollout: Rollout) -> Sequence[str]:
    names = rollout.metadata.get("contact_bodies")
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()
