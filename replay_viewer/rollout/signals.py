"""Signals: everything recorded that can be drawn over time, with the names of its components and its values.

A signal's value at the last step of an episode is that of its terminal state, as the picture shows it. Beside the
signals stands what layers draw at the robot: its contact forces and its velocity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..rotations import conjugate, from_rpy, rotate, to_matrix, yaw
from .entities import EntitySpec
from .episodes import Episode, read_windows
from .fields import UNITS, Field
from .rollout import Rollout
from .spread import Read
from .states import samples

_XYZ, _HEADED = ("x", "y", "z"), ("forward", "left", "up")
_JOINT_SIGNALS = {
    "joint_pos": "joint positions",
    "joint_vel": "joint velocities",
    "joint_torque": "joint torques",
    "joint_action": "joint actions",
}
_BASE_FIELDS = ("base_pos", "base_wxyz", "base_lin_vel", "base_ang_vel")
_FIELDS_OF_ENTITIES = frozenset((*_BASE_FIELDS, *_JOINT_SIGNALS, "contact_force"))
_ENV_SIGNALS = {"command": "command", "act": "actions", "obs": "observations"}
# Rewards have a chart of their own, and flags are no number that changes.
_NO_SIGNALS = frozenset(("rew", "rew_terms", "flags"))
# Where a recorder says which columns belong to which term, by field.
_TERM_WIDTHS = {"command": "command_terms", "act": "action_terms"}

# Of a recording's beginning, so many steps of so many envs are compared to tell whose coordinates a velocity has.
_COMPARED_STEPS, _COMPARED_ENVS = 256, 16
# It has the base's where they fit the positions so much better than the world's.
_CLEARLY = 0.5


@dataclass(frozen=True)
class Signal:
    """One signal of an env.

    Attributes:
        name: unique in the rollout.
        label: for people.
        components: names of the C curves.
        unit: of all of them.
        field: what it is read from, first of all.
        read: gives its values (S, E, C), float64, at some steps of some envs.
        entity: whose it is; empty for the env's.
        period: after which the values begin anew, as angles do; None where they do not.
    """

    name: str
    label: str
    components: tuple[str, ...]
    unit: str
    field: str
    read: Read
    entity: str = ""
    period: float | None = None

    def of_episode(self, rollout: Rollout, episode: Episode, first: int = 0) -> Iterator[np.ndarray]:
        """Values of an episode from its step `first` on, (n, C), in bounded pieces."""
        for window in read_windows(episode, episode.first_step + first):
            yield self.read(rollout, window, [episode.env_index])[:, 0]


def signals(rollout: Rollout) -> tuple[Signal, ...]:
    """All signals of a rollout: of its entities, robots first, then of the envs, then those that the user named."""
    found = [signal for entity in rollout.entities.values() for signal in _of_entity(rollout, entity)]
    of_envs = [name for name in _ENV_SIGNALS if name in rollout.fields]
    named = [name for name in rollout.fields if _is_named(rollout, name)]
    return (*found, *(_of_env(rollout, rollout.fields[name]) for name in (*of_envs, *named)))


def _is_named(rollout: Rollout, name: str) -> bool:
    """Whether a field is a signal that the user named, with a number in it."""
    owner, _, what = name.rpartition(".")
    is_ours = owner in rollout.entities and what in _FIELDS_OF_ENTITIES
    return not is_ours and name not in _NO_SIGNALS and name not in _ENV_SIGNALS and 0 not in rollout.fields[name].shape


# -- signals of an entity ------------------------------------------------------


def _of_entity(rollout: Rollout, entity: EntitySpec) -> Iterator[Signal]:
    """Its signals; with its name before each where there are several entities."""
    prefix = f"{entity.name}: " if len(rollout.entities) > 1 else ""
    for signal in (*_joints(rollout, entity), *_base(rollout, entity), *_contacts(rollout, entity)):
        yield replace(signal, label=prefix + signal.label, entity=entity.name)


def _joints(rollout: Rollout, entity: EntitySpec) -> Iterator[Signal]:
    for what, label in _JOINT_SIGNALS.items():
        field = rollout.fields.get(f"{entity.name}.{what}")
        if field is None or not field.shape or not field.shape[-1]:
            continue
        is_named = field.shape == (len(entity.joint_names),)
        components = tuple(entity.joint_names) if is_named else _numbered(field.shape)
        yield Signal(field.name, label, components, field.unit, field.name, _as_recorded(field.name))


def _base(rollout: Rollout, entity: EntitySpec) -> Iterator[Signal]:
    position, wxyz, linear, angular = (f"{entity.name}.{what}" for what in _BASE_FIELDS)
    if linear in rollout.fields:
        velocity, label = _as_recorded(linear), "base velocity"
    else:
        velocity, label = _change_of(position), "base velocity (from positions)"
    yield Signal(f"{linear} headed", label, _HEADED, UNITS["base_lin_vel"], linear, _headed(velocity, wxyz))
    yield Signal(linear, f"{label}, in the world", _XYZ, UNITS["base_lin_vel"], linear, velocity)
    if angular in rollout.fields:
        yield Signal(angular, "base angular velocity", _XYZ, UNITS["base_ang_vel"], angular, _as_recorded(angular))
    yield Signal(position, "base position and height", _XYZ, UNITS["base_pos"], position, _as_recorded(position))
    angles = ("roll", "pitch", "yaw", "tilt")
    yield Signal(wxyz, "base tilt", angles, "deg", wxyz, _angles(wxyz), period=360.0)


def _contacts(rollout: Rollout, entity: EntitySpec) -> Iterator[Signal]:
    field = rollout.fields.get(f"{entity.name}.contact_force")
    if field is None or len(field.shape) != 2 or field.shape[1] != 3 or not field.shape[0]:
        return
    is_named = len(entity.contact_bodies) == field.shape[0]
    bodies = tuple(entity.contact_bodies) if is_named else _numbered(field.shape[:1])
    unit, recorded = field.unit or UNITS["contact_force"], _as_recorded(field.name)
    yield Signal(f"{field.name} size", "contact forces", bodies, unit, field.name, _sizes(recorded))
    components = tuple(f"{body} {axis}" for body in bodies for axis in _XYZ)
    yield Signal(field.name, "contact forces, x y z", components, unit, field.name, recorded)


# -- signals of an env ---------------------------------------------------------


def _of_env(rollout: Rollout, field: Field) -> Signal:
    label = _ENV_SIGNALS.get(field.name, field.name)
    components = _components(rollout, field)
    return Signal(field.name, label, components, field.unit, field.name, _as_recorded(field.name))


def _components(rollout: Rollout, field: Field) -> tuple[str, ...]:
    if not field.shape:
        return (field.name,)
    agents = rollout.agents_shape
    if agents and field.shape[0] == agents[0] and len(field.shape) > 1:
        each = _named_by_terms(rollout, field.name, field.shape[1:])
        return tuple(f"agent {agent}: {name}" for agent in range(agents[0]) for name in each)
    return _named_by_terms(rollout, field.name, field.shape)


def _named_by_terms(rollout: Rollout, name: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Names by the terms that the columns belong to, where the recorder has said so; else their positions."""
    stated = rollout.metadata.get(_TERM_WIDTHS.get(name, ""))
    widths = stated if isinstance(stated, Mapping) else {}
    if any(type(width) is not int for width in widths.values()) or sum(widths.values()) != math.prod(shape):
        return _numbered(shape)
    return tuple(f"{term} {i}" if width > 1 else str(term) for term, width in widths.items() for i in range(width))


def _numbered(shape: tuple[int, ...]) -> tuple[str, ...]:
    """Positions as names: "3", or "2,0" where there are several axes."""
    return tuple(",".join(map(str, index)) for index in np.ndindex(*shape))


# -- values of signals ---------------------------------------------------------


def _as_recorded(name: str) -> Read:
    def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
        values = rollout.read_shown(name, steps, envs).astype(np.float64)
        return values.reshape(*values.shape[:2], -1)

    return read


def _sizes(vectors: Read) -> Read:
    """Of each three columns, the length of the vector that they are."""

    def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
        values = vectors(rollout, steps, envs)
        return np.linalg.norm(values.reshape(*values.shape[:2], -1, 3), axis=-1)

    return read


def _change_of(position: str) -> Read:
    """Change per second from the step before, of positions [m]; NaN at the first step of an episode."""

    def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
        begin, end, _ = steps.indices(rollout.num_steps)
        before = slice(max(begin - 1, 0), end)
        values = rollout.read_shown(position, before, envs).astype(np.float64)
        change = np.diff(values, axis=0, prepend=np.full((1, *values.shape[1:]), np.nan)) / rollout.control_dt
        for row, column, _ in rollout.episode_ends(before, envs):
            change[row + 1 : row + 2, column] = np.nan
        return change[begin - before.start :]

    return read


def _headed(vectors: Read, wxyz: str) -> Read:
    """Vectors (S, E, 3) of the world as the base sees them that stands upright: forward, left, up."""

    def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
        heading = yaw(rollout.read_shown(wxyz, steps, envs).astype(np.float64))
        zero = np.zeros_like(heading)
        return rotate(conjugate(from_rpy(zero, zero, heading)), vectors(rollout, steps, envs))

    return read


def _angles(wxyz: str) -> Read:
    """Roll, pitch, yaw, and the angle between the base's own z and the world's, all [deg]."""

    def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
        matrix = to_matrix(rollout.read_shown(wxyz, steps, envs).astype(np.float64))
        roll = np.arctan2(matrix[..., 2, 1], matrix[..., 2, 2])
        pitch = np.arcsin(np.clip(-matrix[..., 2, 0], -1, 1))
        turn = np.arctan2(matrix[..., 1, 0], matrix[..., 0, 0])
        tilt = np.arccos(np.clip(matrix[..., 2, 2], -1, 1))
        return np.degrees(np.stack([roll, pitch, turn, tilt], axis=-1))

    return read


# -- contact forces ------------------------------------------------------------


@dataclass(frozen=True)
class RecordedContacts:
    """Where the forces on an entity's bodies are recorded, in the world frame.

    Attributes:
        field: its name in the rollout, of shape (C, 3) or (A, C, 3) [N].
        bodies: names, C of them, or none at all.
    """

    field: str
    bodies: tuple[str, ...]


def contact_forces_of(rollout: Rollout, entity: EntitySpec) -> RecordedContacts | None:
    """The contact forces of an entity; None where none are recorded.

    A plain npz has one array `contact_force` for its robots, and names the bodies in its 'recording_info'.
    """
    own = f"{entity.name}.contact_force"
    for field, names in ((own, entity.contact_bodies), ("contact_force", _stated_bodies(rollout))):
        if field not in rollout.fields or (field != own and entity.kind != "robot"):
            continue
        shape = rollout.fields[field].shape
        if len(shape) in (2, 3) and shape[-1] == 3:
            return RecordedContacts(field, tuple(names) if len(names) == shape[-2] else ())
    return None


def _stated_bodies(rollout: Rollout) -> Sequence[str]:
    """Names from the 'recording_info' of a plain npz."""
    names = rollout.metadata.get("contact_bodies")
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()


# -- velocity of the base ------------------------------------------------------


def sampled_velocities(rollout: Rollout, entity: str) -> np.ndarray:
    """Level velocities (S, E, 2) [m/s] of an entity as recorded, else those of its first steps."""
    if f"{entity}.base_lin_vel" in rollout.fields:
        return samples(rollout, f"{entity}.base_lin_vel")[..., :2]
    return _first_velocities(rollout, entity)[..., :2]


def is_of_base(rollout: Rollout, entity: str) -> bool:
    """Whether the recorded velocity has the base's coordinates and not the world's, as some simulators have it.

    It has where the positions clearly say so.
    """
    recorded = np.nan_to_num(_first(rollout, f"{entity}.base_lin_vel")[1:])
    wxyz = np.nan_to_num(_first(rollout, f"{entity}.base_wxyz")[1:])
    moved = _first_velocities(rollout, entity)
    if not moved.size:
        return False
    error_of_world = np.median(np.linalg.norm(recorded - moved, axis=-1))
    error_of_base = np.median(np.linalg.norm(rotate(wxyz, recorded) - moved, axis=-1))
    return bool(error_of_base < _CLEARLY * error_of_world)


def _first_velocities(rollout: Rollout, entity: str) -> np.ndarray:
    """Velocities (S, E, 3) [m/s] into the steps after the first, from the base's positions."""
    base_pos = _first(rollout, f"{entity}.base_pos")
    return np.nan_to_num(np.diff(base_pos, axis=0) / rollout.control_dt, posinf=0.0, neginf=0.0)


def _first(rollout: Rollout, field: str) -> np.ndarray:
    """The first values (S, E, ...) of a field."""
    envs = range(min(rollout.num_envs, _COMPARED_ENVS))
    return rollout.read(field, slice(0, _COMPARED_STEPS), envs).astype(np.float64)
