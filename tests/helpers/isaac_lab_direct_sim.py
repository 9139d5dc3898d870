"""A task of Isaac Lab's direct workflow over arrays, numpy's or torch's, with the physics of `isaac_lab_sim`.

It has no managers. As ANYmal's in the original's public code: the task computes terms and ends in its own methods, adds
the terms to `_episode_sums` and zeroes the sums in `_reset_idx`, which also spreads the ages of the envs when all of
them are reset; `reward_buf` and `reset_buf` are bound anew at each step, the flags of ends are written in place;
`obs_buf` is there when the first step has returned; the terrain is the task's, not the scene's.

Runs on Python 3.8 with numpy alone.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from isaac_lab_sim import IsaacLabSim, numbers
from legged_fake import DOF_NAMES, FALLEN_ROLL, Motion
from legged_gym_sim import Step

SCALES = {"tracking": 1.5, "orientation": -4.0, "death": -200.0}
NUM_OBSERVATIONS = len(DOF_NAMES) + 3


class IsaacLabDirectSim(IsaacLabSim):
    """The environment; see `IsaacLabSim`. Actions that are not of its device's library are moved there."""

    device = "cpu"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for manager in ("command", "action", "observation", "termination", "reward"):
            delattr(self, f"{manager}_manager")
        self._terrain: Any = self.scene.terrain
        self.scene.terrain = None
        self._terrain.env_origins = self.scene.env_origins + 0.5
        self._commands = self.np.zeros(self.num_envs, 3)
        self._actions = self.np.zeros(self.num_envs, len(DOF_NAMES))
        self._episode_sums = {name: self.np.zeros(self.num_envs) for name in SCALES}
        self._no_flags = np.zeros(self.num_envs, bool)
        self.reset_terminated, self.reset_time_outs = self.np.array(self._no_flags), self.np.array(self._no_flags)
        self.single_observation_space = {"policy": SimpleNamespace(shape=(NUM_OBSERVATIONS,))}
        self._terms: dict[str, np.ndarray] = {}

    def step(self, action: Any) -> tuple:
        self._actions = self.np.array(numbers(action))
        self._torques = 20 * numbers(action) - 3
        self.episode_length_buf += 1
        self._refresh()
        self.reset_terminated[:], self.reset_time_outs[:] = self._get_dones()
        self.reset_buf = self.reset_terminated | self.reset_time_outs
        self.reward_buf = self._get_rewards()
        self.truth.append(self._kept())
        ended = np.flatnonzero(numbers(self.reset_buf))
        if len(ended):
            if self.cfg.compute_final_obs:
                self.extras["final_obs"] = self._get_observations()
            self._reset_idx(self.np.array(ended))
        self.obs_buf = self._get_observations()
        self.truth[-1].shown = self.seen()
        return self.obs_buf, self.reward_buf, self.reset_terminated, self.reset_time_outs, self.extras

    def reset(self, seed: int | None = None, env_ids: Any = None, options: dict | None = None) -> tuple:
        self._reset_idx(self.np.array(np.arange(self.num_envs)))
        return self._get_observations(), self.extras

    def _reset_idx(self, env_ids: Any) -> None:
        ids = numbers(env_ids)
        self._motion.put(ids, Motion.drawn(self._rng, len(ids)))
        self.episode_length_buf[ids] = 0
        if len(ids) == self.num_envs:
            ages = self._rng.integers(0, self.max_episode_length, self.num_envs)
            self.episode_length_buf[:] = self.np.array(ages)
        self._actions[ids] = 0
        self._commands[ids] = self.np.array(self._rng.uniform(-1, 1, (len(ids), 3)).astype(np.float32))
        self._refresh()
        self.extras["log"] = {f"Episode_Reward/{name}": sums[ids].mean() for name, sums in self._episode_sums.items()}
        for sums in self._episode_sums.values():
            sums[ids] = 0

    def _get_observations(self) -> dict[str, Any]:
        joint_pos = self.state.joint_pos.astype(np.float32)
        return {"policy": self.np.array(np.concatenate([joint_pos, numbers(self._commands)], -1))}

    def _get_dones(self) -> tuple[Any, Any]:
        late = numbers(self.episode_length_buf) >= self.max_episode_length - 1
        return self.np.array(np.abs(self.state.roll) > FALLEN_ROLL), self.np.array(late)

    def _get_rewards(self) -> Any:
        values = {
            "tracking": 1 / (1 + (self.state.lin_vel[:, 0] - numbers(self._commands)[:, 0]) ** 2),
            "orientation": self.state.roll**2,
            "death": numbers(self.reset_terminated),
        }
        self._terms = {name: (values[name] * scale * self.step_dt).astype(np.float32) for name, scale in SCALES.items()}
        for name, value in self._terms.items():
            self._episode_sums[name] += self.np.array(value)
        return self.np.array(np.sum(list(self._terms.values()), axis=0))

    def seen(self) -> dict[str, np.ndarray]:
        """What a recording must have of this moment, by its names."""
        values = {**self.of_scene(), "command": numbers(self._commands)}
        if hasattr(self, "obs_buf"):
            values["obs"] = numbers(self.obs_buf["policy"])
        return {name: rows.astype(np.float32) for name, rows in values.items()}

    def _kept(self) -> Step:
        return Step(
            self.seen(),
            terms=dict(self._terms),
            rew=numbers(self.reward_buf),
            act=numbers(self._actions),
            reset=numbers(self.reset_terminated),
            time_out=numbers(self.reset_time_outs),
            length=numbers(self.episode_length_buf),
        )
