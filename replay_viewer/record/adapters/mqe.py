"""MQE, the multi-agent quadruped environment: several robots and objects in each env.

The states of all actors stand in `all_root_states`, env by env; `root_states` is a copy of the robots' rows. The
environment resets inside of its `step()` as legged_gym does, and computes no reward: its `rew_buf` is always zero.
The rewards are what the task's wrapper around it returns, after that reset. The wrapper's `reward_buffer` holds sums
over all envs, which are no env's value, so it is left out; terms of each env come from `log_terms`.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from ...rollout.entities import EntitySpec
from ..rows import Rows
from .adapter import Adapter, Description, Endings, Request
from .hooks import Hook
from .legged_gym import find_urdf, terrain_mesh
from .scene import entity_name, grid_mesh

LOOKS_FOR = (
    "all_root_states",
    "num_agents",
    "num_npcs",
    "dof_pos",
    "dof_vel",
    "dof_names",
    "reset_buf",
    "time_out_buf",
    "episode_length_buf",
    "reset_idx",
    "cfg.asset",
)
# Names of fields by the buffers (num_envs, joints of all robots, or of all objects) that hold them.
_OF_ROBOTS = {"dof_pos": "joint_pos", "dof_vel": "joint_vel", "torques": "joint_torque", "actions": "joint_action"}
_OF_OBJECTS = {"dof_pos_npc": "joint_pos", "dof_vel_npc": "joint_vel"}
_OBJECTS_FIX = "Its place is recorded all the same."
# The buffers that tell which envs a cause has ended; the other causes leave nothing behind.
_BUFFERS = {"roll": "r_term_buff", "pitch": "p_term_buff", "z_high": "z_high_term_buff"}


class Mqe(Adapter):
    """Reads a `Go1` of MQE, and the wrapper that makes a task of it."""

    # The rewards are not known yet when an env is reset.
    transition = ("act",)

    def __init__(self, env: Any, request: Request) -> None:
        super().__init__(env, request)
        self._task = _task_layer(env, request.layers)
        self._actors, self._causes = find_actors(env, request.urdf), _causes(env)
        space = getattr(self._task, "observation_space", None) if request.observations else None
        self._obs = None if space is None else self._table(math.prod(space.shape))
        self._rew: AgentTable | None = None
        self._act: AgentTable | None = None

    def step_hook(self) -> Hook:
        return Hook(self._task, self.step_method)

    def describe(self) -> Description:
        env, cfg, notes = self.env, self.env.cfg, list(self._actors.notes)
        if self._task is env:
            notes.append("no rewards: the task's wrapper computes them, so attach to the wrapped environment.")
        if self.request.observations and self._obs is None:
            notes.append("no observations: the environment does not state their shape.")
        facts = {
            "control_dt": float(env.dt),
            "decimation": cfg.control.decimation,
            "physics_dt": getattr(getattr(env, "sim_params", None), "dt", None),
            "entities": self._actors.entities,
            "env_origins": as_array(self.rows.of(env.env_origins)).astype(float).tolist(),
            "seed": getattr(cfg, "seed", None),
            "outcome_reasons": self._causes,
            "metadata": {"task": getattr(cfg.env, "env_name", None), "reward_scales": _reward_scales(env, self._task)},
        }
        return Description(facts, _terrain(env), notes)

    def begin_step(self, action: Any) -> None:
        if self._act is None:
            self._act = self._table(math.prod(action.shape) // (self.env.num_envs * self._task.num_agents))
        self._act.take(action)

    def end_step(self, result: Any) -> None:
        if self._task is not self.env:
            if self._rew is None:
                self._rew = self._rewards_table(result[1])
            self._rew.take(result[1])
        if self._obs is not None:
            self._obs.take(result[0], is_whole=True)

    def _rewards_table(self, rewards: Any) -> AgentTable:
        """For rewards as the wrapper returns them: one for all, one for each agent, or another number."""
        num_envs, num_agents = self.env.num_envs, self._task.num_agents
        count, rest = divmod(math.prod(getattr(rewards, "shape", ())), num_envs)
        if rest or count in (0, 1, num_agents):
            return self._table(1)
        problem = f"has shape {tuple(rewards.shape)}, but the task has {num_agents} agents in each of {num_envs} envs"
        self.request.problems.tell("rew", f"{problem}: it is kept as the task's wrapper returns it.")
        return AgentTable(self.rows, self.env.all_root_states, num_envs, count, 1)

    def read(self) -> dict[str, Any]:
        env, rows = self.env, self.rows.of
        root = rows(env.all_root_states.reshape(env.num_envs, -1, 13))
        values: dict[str, Any] = {}
        for index, entity in enumerate(self._actors.entities):
            state = root[:, index]
            values[entity.name + ".base_pos"] = state[:, 0:3]
            values[entity.name + ".base_wxyz"] = (state[:, 6:7], state[:, 3:6])
            values[entity.name + ".base_lin_vel"] = state[:, 7:10]
            values[entity.name + ".base_ang_vel"] = state[:, 10:13]
        for buffer, shares in self._actors.columns.items():
            found = self.attempt(shares[0][0], lambda buffer=buffer: rows(getattr(env, buffer)))
            values.update((name, None if found is None else found[:, columns]) for name, columns in shares)
        if self._act is not None:
            values["act"] = self._act.taken
        if self._rew is not None:
            values["rew"] = self._rew.taken if self._rew.is_odd else self._rew.by_agent[..., 0]
        if self._obs is not None:
            values["obs"] = self._obs.taken
        return values

    def lengths(self) -> Any:
        return self.env.episode_length_buf

    def endings(self) -> Endings:
        late, lengths = self._flags("time_out_buf"), as_array(self.rows.copied(self.env.episode_length_buf))
        terminated = self._flags("reset_buf") & ~late
        return Endings(terminated, late, lengths, self._reasons(terminated))

    def _reasons(self, terminated: np.ndarray) -> list[str]:
        """The causes that their buffers tell; where only one cause has none, what is left is its."""
        buffers = {cause: _BUFFERS.get(cause, "") for cause in self._causes}
        told = {cause: self._flags(buffer) for cause, buffer in buffers.items() if hasattr(self.env, buffer)}
        silent = [cause for cause in self._causes if cause not in told]
        reasons = np.full(len(terminated), silent[0] if len(silent) == 1 else "", object)
        for cause, ended in told.items():
            reasons[ended] = cause
        return np.where(terminated, reasons, "").tolist()

    def _flags(self, buffer: str) -> np.ndarray:
        return as_array(self.rows.copied(getattr(self.env, buffer))).astype(bool)

    def _table(self, width: int) -> AgentTable:
        return AgentTable(self.rows, self.env.all_root_states, self.env.num_envs, self._task.num_agents, width)


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


class AgentTable:
    """The recorded rows of what the wrapper takes or returns, copied to where the simulator's states are.

    Args:
        rows: the recorded envs.
        states: the simulator's, for their library, type and device.
        num_envs: all of them.
        num_agents: the agents that the task has, perhaps fewer than robots.
        width: numbers of one agent.

    Attributes:
        by_agent: (n, num_agents, width), a view that follows the table; NaN until something is taken.
        taken: `by_agent`, or what does not fit into it as it is.
    """

    def __init__(self, rows: Rows, states: Any, num_envs: int, num_agents: int, width: int) -> None:
        self._rows, self._num_envs = rows, num_envs
        self._values = rows.table(states, num_agents * width)
        self._values[:] = np.nan
        self.by_agent = self.taken = self._values.reshape(len(rows), num_agents, width)

    @property
    def is_odd(self) -> bool:
        """Whether what was taken last does not fit."""
        return self.taken is not self.by_agent

    def take(self, values: Any, *, is_whole: bool = False) -> None:
        """Copy an array (num_envs, ...) or (num_envs * num_agents, ...), or a number for all agents or envs.

        is_whole: whether there must be as many numbers as the table has for all envs.
        """
        count = math.prod(getattr(values, "shape", ()))
        if is_whole and count != self._num_envs * self._values.shape[1]:
            self.taken = values
            return
        try:
            rows = self._rows.of(values.reshape(self._num_envs, -1)) if hasattr(values, "shape") else values
            if isinstance(self._values, np.ndarray):
                self._values[:] = as_array(rows)
            else:
                self._values[:] = sys.modules["torch"].as_tensor(rows, device=self._values.device)
            self.taken = self.by_agent
        except Exception:  # The recorder tells what it is.
            self.taken = values


def _causes(env: Any) -> list[str]:
    """What may end an episode besides its time."""
    causes: list[str] = list(getattr(getattr(env.cfg, "termination", None), "termination_terms", ()))
    if len(getattr(env, "termination_contact_indices", ())) > 0:
        causes.append("collision")
    return causes


def _terrain(env: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """The ground; a track, which the settings select by its name, begins at the origin."""
    if not isinstance(getattr(env.cfg.terrain, "selected", None), str):
        return terrain_mesh(env)
    cfg = env.terrain.cfg
    return grid_mesh(np.asarray(env.terrain.heightsamples) * cfg.vertical_scale, cfg.horizontal_scale)


def _object_names(env: Any) -> list[str]:
    name = entity_name(str(getattr(env.cfg.asset, "name_npc", ""))) or "object"
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


def _task_layer(env: Any, layers: Sequence[Any]) -> Any:
    """The wrapper that computes the rewards: the innermost that sums them up, else the outermost one.

    The environment itself where nothing wraps it.
    """
    with_sums = [layer for layer in layers if "reward_buffer" in vars(layer)]
    if with_sums:
        return with_sums[-1]
    return layers[0] if layers else env


def _reward_scales(env: Any, task: Any) -> dict[str, float]:
    """The task's factors, as its wrapper has them: it may overrule the settings."""
    scales = env.cfg.rewards.scales
    named = [name for name in dir(scales) if "scale" in name and not name.startswith("_")]
    return {name: float(getattr(task, name, getattr(scales, name))) for name in named}
