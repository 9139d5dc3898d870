"""The robots and objects of an MQE environment, and where the simulator's buffers hold them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

from ...container.info import EntitySpec
from .legged_urdf import find_urdf

# Names of fields by the buffers (num_envs, joints of all robots, or of all objects) that hold them.
_OF_ROBOTS = {"dof_pos": "joint_pos", "dof_vel": "joint_vel", "torques": "joint_torque", "actions": "joint_action"}
_OF_OBJECTS = {"dof_pos_npc": "joint_pos", "dof_vel_npc": "joint_vel"}
_OBJECTS_FIX = "Its place is recorded all the same."


@dataclass
class Actors:
    """What every env holds, in the order of its root states: robots first.

    Attributes:
        entities: one for each.
        columns: by buffer (num_envs, columns, ...), the fields that are parts of its second axis.
        notes: what the recording will lack.
    """

    entities: list[EntitySpec] = field(default_factory=list)
    columns: dict[str, list[tuple[str, slice]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_actors(env: Any, robots_urdf: Path | None) -> Actors:
    """The robots `robot_0`, `robot_1`, ..., and the objects by the name that the settings give them."""
    actors = Actors()
    robots = [f"robot_{index}" for index in range(env.num_agents)]
    objects = _object_names(env)
    joints = _object_joints(env, actors)
    bodies = _bodies(env, [*robots, *objects], actors)
    if robots_urdf is None:
        robots_urdf, notes = find_urdf(env)
        actors.notes += notes
    _add(actors, robots, "robot", list(env.dof_names), bodies, robots_urdf)
    if objects:
        objects_urdf, notes = find_urdf(env, "file_npc", _OBJECTS_FIX)
        actors.notes += notes
        _add(actors, objects, "object", joints, bodies, objects_urdf)
    _share_columns(env, actors, _OF_ROBOTS, dict.fromkeys(robots, len(env.dof_names)))
    if "dof_pos" not in actors.columns:
        actors.notes.append("the robots' joints are not recorded: they are not as many for each robot as are named.")
    _share_columns(env, actors, _OF_OBJECTS, dict.fromkeys(objects, len(joints)))
    return actors


def _object_names(env: Any) -> list[str]:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", str(getattr(env.cfg.asset, "name_npc", ""))) or "object"
    return [name] if env.num_npcs == 1 else [f"{name}_{index}" for index in range(env.num_npcs)]


def _object_joints(env: Any, actors: Actors) -> list[str]:
    """Names of an object's joints; the environment has a buffer for them only where its settings count them."""
    buffer = getattr(env, "dof_pos_npc", None)
    if buffer is None or not env.num_npcs:
        return []
    names = _ask(env, "get_actor_dof_names", env.num_agents)
    if len(names) * env.num_npcs == buffer.shape[1]:
        return names
    problem = f"the simulator names {len(names)} joints of each object, of {buffer.shape[1]} in all"
    actors.notes.append(f"the objects' joints are not recorded: {problem}.")
    return []


def _bodies(env: Any, names: Sequence[str], actors: Actors) -> dict[str, list[str]]:
    """Each actor's bodies, on which contact forces are measured; none where the simulator does not name them all."""
    bodies = {name: _ask(env, "get_actor_rigid_body_names", index) for index, name in enumerate(names)}
    counts = {name: len(found) for name, found in bodies.items()}
    forces = getattr(env, "contact_forces", None)
    if forces is None or forces.shape[1] != sum(counts.values()):
        actors.notes.append("contact forces are not recorded: the simulator does not tell whose they are.")
        return {name: [] for name in names}
    _share_columns(env, actors, {"contact_forces": "contact_force"}, counts)
    return bodies


def _add(
    actors: Actors,
    names: Sequence[str],
    kind: str,
    joints: list[str],
    bodies: Mapping[str, list[str]],
    urdf: Path | None,
) -> None:
    path = None if urdf is None else str(urdf)
    actors.entities += [EntitySpec(name, kind, joints, bodies[name], path) for name in names]


def _share_columns(env: Any, actors: Actors, fields: Mapping[str, str], counts: Mapping[str, int]) -> None:
    """Note each actor's share of buffers in which actors stand side by side."""
    total = sum(counts.values())
    for buffer, name in fields.items():
        array = getattr(env, buffer, None)
        if total and array is not None and array.shape[1] == total:
            actors.columns[buffer] = shares = []
            start = 0
            for actor, count in counts.items():
                if count:
                    shares.append((f"{actor}.{name}", slice(start, start + count)))
                start += count


def _ask(env: Any, method: str, index: int) -> list[str]:
    """What the simulator says of an actor of the first env; nothing where it cannot be asked."""
    ask = getattr(getattr(env, "gym", None), method, None)
    return [] if ask is None else list(ask(env.envs[0], env.actor_handles[0][index]))
