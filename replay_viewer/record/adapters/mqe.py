"""MQE, the multi-agent quadruped environment: several robots and objects in each env.

The states of all actors stand in `all_root_states`, env by env; `root_states` is a copy of the robots' rows. The
environment resets inside of its `step()` as legged_gym does, and computes no reward: its `rew_buf` is always zero.
The rewards are what the task's wrapper around it returns, after that reset. The wrapper's `reward_buffer` holds sums
over all envs, which are no env's value, so it is left out; terms of each env come from `log_terms`.
"""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np

from ..arrays import as_array
from .adapter import Adapter, Description, Endings, Hook, Request
from .legged_terrain import grid_mesh, terrain_mesh
from .mqe_actors import find_actors
from .mqe_task import AgentTable, reward_scales, task_layer

LOOKS_FOR = (
    *("all_root_states", "num_agents", "num_npcs", "dof_pos", "dof_vel", "dof_names"),
    *("reset_buf", "time_out_buf", "episode_length_buf", "reset_idx", "cfg.asset"),
)
# The buffers that tell which envs a cause has ended; the other causes leave nothing behind.
_BUFFERS = {"roll": "r_term_buff", "pitch": "p_term_buff", "z_high": "z_high_term_buff"}
_messages = logging.getLogger("replay_viewer")


class Mqe(Adapter):
    """Reads a `Go1` of MQE, and the wrapper that makes a task of it."""

    # The rewards are not known yet when an env is reset.
    transition = ("act",)

    def __init__(self, env: Any, request: Request) -> None:
        super().__init__(env, request)
        self._task = task_layer(env, request.layers)
        self._actors, self._causes = find_actors(env, request.urdf), _causes(env)
        space = getattr(self._task, "observation_space", None) if request.observations else None
        self._obs = None if space is None else self._table(math.prod(space.shape))
        self._rew = None if self._task is env else self._table(1)
        self._act: AgentTable | None = None
        self._has_warned = False

    def step_hook(self) -> Hook:
        return Hook(self._task, self.step_method)

    def describe(self) -> Description:
        env, cfg, notes = self.env, self.env.cfg, list(self._actors.notes)
        if self._rew is None:
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
            "metadata": {"task": getattr(cfg.env, "env_name", None), "reward_scales": reward_scales(env, self._task)},
        }
        return Description(facts, _terrain(env), notes)

    def begin_step(self, action: Any) -> None:
        if self._act is None:
            self._act = self._table(math.prod(action.shape) // (self.env.num_envs * self._task.num_agents))
        self._act.take(action)

    def end_step(self, result: Any) -> None:
        if self._rew is not None:
            self._rew.take(result[1])
        if self._obs is not None and self._obs.fits(result[0]):
            self._obs.take(result[0])
        elif self._obs is not None and not self._has_warned:
            self._has_warned = True
            _messages.warning("Observations of another shape than the environment states are not recorded.")

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
            found = rows(getattr(env, buffer))
            values.update((name, found[:, columns]) for name, columns in shares)
        if self._act is not None:
            values["act"] = self._act.by_agent
        if self._rew is not None:
            values["rew"] = self._rew.by_agent[..., 0]
        if self._obs is not None:
            values["obs"] = self._obs.by_agent
        return values

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


def _causes(env: Any) -> list[str]:
    """What may end an episode besides its time."""
    terms = list(getattr(getattr(env.cfg, "termination", None), "termination_terms", ()))
    return terms + ["collision"] * (len(getattr(env, "termination_contact_indices", ())) > 0)


def _terrain(env: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """The ground; a track, which the settings select by its name, begins at the origin."""
    if not isinstance(getattr(env.cfg.terrain, "selected", None), str):
        return terrain_mesh(env)
    cfg = env.terrain.cfg
    return grid_mesh(np.asarray(env.terrain.heightsamples) * cfg.vertical_scale, cfg.horizontal_scale)
