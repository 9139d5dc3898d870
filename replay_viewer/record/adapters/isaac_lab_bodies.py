"""Readers of Isaac Lab's bodies: articulations, rigid objects, and collections of these."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Sequence

from ...rollout.entities import EntitySpec
from .adapter import Request
from .isaac_lab_shapes import Drawn, IsaacLabShapes
from .scene import entity_name, tensor

# Names of a body's fields, and of the simulator's arrays; its root velocities are those of the root's centre of mass.
_BASE = {"base_pos": "root_pos_w", "base_lin_vel": "root_lin_vel_w", "base_ang_vel": "root_ang_vel_w"}
_JOINTS = {"joint_pos": "joint_pos", "joint_vel": "joint_vel"}
_TORQUE = "joint_torque"
# The same of a collection, whose arrays have an axis of its objects; the names of version 2 behind those of version 3.
_OF_OBJECTS = {
    "base_pos": ("body_pos_w", "object_pos_w", "object_link_pos_w"),
    "base_quat": ("body_quat_w", "object_quat_w", "object_link_quat_w"),
    "base_lin_vel": ("body_lin_vel_w", "object_lin_vel_w"),
    "base_ang_vel": ("body_ang_vel_w", "object_ang_vel_w"),
}


class IsaacLabBody:
    """Reads a body's data.

    Attributes:
        specs: its description.
        order: of the simulator's quaternions, "wxyz" or "xyzw".
        notes: what is not known of it, a sentence each.
    """

    def __init__(self, key: str, body: Any, contacts: Any, request: Request, shapes: IsaacLabShapes | None) -> None:
        """shapes: None where what it is drawn as is known already."""
        self._body, self._contacts, self._request = body, contacts, request
        self._name, joints = entity_name(key), list(getattr(body, "joint_names", None) or ())
        self.order, self.notes = _order(self._name, body.cfg)
        fields = {**_BASE, **(_JOINTS if joints else {})}
        self._fields = [
            (f"{self._name}.{field}", attribute)
            for field, attribute in fields.items()
            if _may_be_there(lambda attribute=attribute: getattr(body.data, attribute, None))
        ]
        self._has_torque = bool(joints) and _may_be_there(self._torque)
        root = next(iter(getattr(body, "body_names", None) or ()), "")
        drawn = Drawn() if shapes is None else shapes.of(self._name, body.cfg, root, joints)
        self.notes += drawn.notes
        names = [] if contacts is None else sensor_names(contacts)
        kind = "robot" if joints else "object"
        self.specs = [EntitySpec(self._name, kind, joints, names, drawn.urdf, drawn.shape)]

    def read(self) -> Iterator[tuple[str, Any]]:
        """Names and rows of the recorded envs; None, which is told, of what cannot be read."""
        data, rows, attempt = self._body.data, self._request.rows.of, self._request.problems.attempt
        yield f"{self._name}.base_wxyz", _wxyz(rows(tensor(data.root_quat_w)), self.order)
        for field, attribute in self._fields:
            yield field, attempt(field, lambda attribute=attribute: rows(tensor(getattr(data, attribute))))
        if self._has_torque:
            field = f"{self._name}.{_TORQUE}"
            yield field, attempt(field, lambda: rows(tensor(self._torque())))
        if self._contacts is not None:
            field = f"{self._name}.contact_force"
            yield field, attempt(field, lambda: rows(tensor(self._contacts.data.net_forces_w)))

    def _torque(self) -> Any:
        """What the actuators apply; version 3 has moved it from the data to them."""
        actuators: Any = getattr(self._body, "actuators", None)
        if hasattr(actuators, "applied_effort"):
            return actuators.applied_effort
        return getattr(self._body.data, "applied_torque", None)


class IsaacLabCollection:
    """Reads a collection of rigid objects, each of which is an entity; see `IsaacLabBody`."""

    def __init__(self, key: str, collection: Any, request: Request, shapes: IsaacLabShapes) -> None:
        self._data, self._request = collection.data, request
        objects = collection.cfg.rigid_objects
        names = _object_names(collection)
        self._names = [entity_name(f"{key}_{name}") for name in names]
        self.order, self.notes = _order(entity_name(key), objects[names[0]])
        self.specs = []
        for name, own in zip(names, self._names):
            drawn = shapes.of(own, objects[name])
            self.notes += drawn.notes
            self.specs.append(EntitySpec(own, "object", urdf=drawn.urdf, shape=drawn.shape))
        known = {field: _first_there(collection.data, names) for field, names in _OF_OBJECTS.items()}
        self._fields = {field: attribute for field, attribute in known.items() if attribute}

    def read(self) -> Iterator[tuple[str, Any]]:
        """Names and rows of the recorded envs; None, which is told, of what cannot be read."""
        request = self._request
        for field, attribute in self._fields.items():
            values = request.problems.attempt(
                f"{self._names[0]}.{field}",
                lambda attribute=attribute: request.rows.of(tensor(getattr(self._data, attribute))),
            )
            for index, name in enumerate(self._names):
                rows = None if values is None else values[:, index]
                if field == "base_quat":
                    yield f"{name}.base_wxyz", _wxyz(rows, self.order)
                else:
                    yield f"{name}.{field}", rows


def quaternion_order(cfg: Any) -> tuple[str, bool]:
    """The order of the simulator's quaternions, and whether that is certain.

    It is the one of the pose in which it would spawn bodies that say nothing of theirs: version 2 writes no rotation
    as (1, 0, 0, 0), version 3 as (0, 0, 0, 1).
    """
    known = {(1, 0, 0, 0): "wxyz", (0, 0, 0, 1): "xyzw"}
    unturned = tuple(type(cfg.init_state)().rot)
    return known.get(unturned, "wxyz"), unturned in known


def sensor_names(sensor: Any) -> list[str]:
    """The parts that a sensor of contact forces watches; version 3 has another name for them on some backends."""
    names = getattr(sensor, "sensor_names", None)
    return list((sensor.body_names if names is None else names) or ())


def _order(name: str, cfg: Any) -> tuple[str, list[str]]:
    order, is_certain = quaternion_order(cfg)
    return order, [] if is_certain else [f"{name}: the order of its quaternions is taken to be {order}."]


def _may_be_there(read: Callable[[], Any]) -> bool:
    """Whether there is such an array; what cannot be read now is asked for again, and told, in the first step."""
    try:
        return read() is not None
    except Exception:  # Of whatever version and backend this is.
        return True


def _wxyz(quaternions: Any, order: str) -> Any:
    return quaternions if quaternions is None or order == "wxyz" else (quaternions[:, 3:], quaternions[:, :3])


def _object_names(collection: Any) -> list[str]:
    """In the order of the arrays."""
    # Version 3 warns of the name that it had in version 2.
    newer = hasattr(type(collection), "body_names") or "body_names" in vars(collection)
    return list(collection.body_names if newer else collection.object_names)


def _first_there(data: Any, names: Sequence[str]) -> str:
    return next((name for name in names if hasattr(type(data), name) or name in vars(data)), "")
