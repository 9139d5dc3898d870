"""A legged_gym environment over arrays, numpy's or torch's, whose physics is the formula of `legged_fake`.

It treats its buffers as the original does: the simulator writes into `root_states`, `dof_state` and `contact_forces`
in place, of which `dof_pos` and `dof_vel` are strided views; `actions`, `torques`, `obs_buf`, `reset_buf` and
`time_out_buf` are bound anew at each step. `step()` resets inside; rewards are clipped at zero before the termination
term is added; terms change the state that they read, hand out live buffers, or return plain numbers; `reset()` is a
reset of all envs and one step with zero actions. `truth` keeps what really happened.

Runs on Python 3.8 with numpy alone.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
from legged_fake import DOF_NAMES, FALLEN_ROLL, Motion, State

# As in the original's package: part of the URDF's path.
LEGGED_GYM_ROOT_DIR = "/nowhere"

BODY_NAMES = ("base", "LF_FOOT", "LH_FOOT", "RF_FOOT", "RH_FOOT")
SCALES = {
    "tracking": 1.0,
    "feet_air_time": 0.5,
    "alive": 0.3,
    "lent_buffer": 0.2,
    "orientation": -9.0,
    "switched_off": 0.0,
    "termination": -25.0,
}


@dataclass
class Step:
    """One control step: what was true before the resets, and what was shown after it. Arrays (num_envs, ...)."""

    real: dict[str, np.ndarray]
    shown: dict[str, np.ndarray] = field(default_factory=dict)
    terms: dict[str, np.ndarray] = field(default_factory=dict)
    rew: np.ndarray = field(default_factory=lambda: np.zeros(0))
    act: np.ndarray = field(default_factory=lambda: np.zeros(0))
    reset: np.ndarray = field(default_factory=lambda: np.zeros(0))
    time_out: np.ndarray = field(default_factory=lambda: np.zeros(0))
    length: np.ndarray = field(default_factory=lambda: np.zeros(0))


class NumpyArrays:
    def zeros(self, *shape: int) -> np.ndarray:
        return np.zeros(shape, np.float32)

    def array(self, values: np.ndarray) -> np.ndarray:
        return np.array(values)

    def cat(self, arrays: list) -> np.ndarray:
        return np.concatenate(arrays, -1)


class TorchArrays:
    def __init__(self) -> None:
        self.torch = importlib.import_module("torch")

    def zeros(self, *shape: int) -> Any:
        return self.torch.zeros(shape)

    def array(self, values: np.ndarray) -> Any:
        return self.torch.from_numpy(np.array(values))

    def cat(self, arrays: list) -> Any:
        return self.torch.cat(arrays, -1)


def config(**changes: Any) -> SimpleNamespace:
    """What the original reads from its classes of settings."""
    return SimpleNamespace(
        asset=SimpleNamespace(file="{LEGGED_GYM_ROOT_DIR}/resources/robot.urdf"),
        control=SimpleNamespace(decimation=4),
        rewards=SimpleNamespace(only_positive_rewards=True),
        seed=7,
        **changes,
    )


class LeggedGymSim:
    """The environment. zero_actions: whether a reset zeroes them, as unitree_rl_gym does."""

    max_episode_length = 90

    def __init__(
        self,
        num_envs: int = 6,
        seed: int = 0,
        library: str = "numpy",
        zero_actions: bool = False,
        keep_truth: bool = True,
    ) -> None:
        self.num_envs, self.zero_actions, self.keep_truth = num_envs, zero_actions, keep_truth
        self.np = NumpyArrays() if library == "numpy" else TorchArrays()
        self.cfg, self.dof_names = config(), list(DOF_NAMES)
        self.sim_params = SimpleNamespace(dt=0.005)
        self.dt = self.cfg.control.decimation * self.sim_params.dt
        self.gym = SimpleNamespace(get_actor_rigid_body_names=lambda env, actor: list(BODY_NAMES))
        self.envs, self.actor_handles = [object()] * num_envs, [0] * num_envs
        self.extras: dict[str, Any] = {}
        self.truth: list[Step] = []
        self._rng = np.random.default_rng(seed)
        self._motion = Motion.drawn(self._rng, num_envs)
        self._make_buffers()
        self._prepare_rewards()
        self._refresh()

    def _make_buffers(self) -> None:
        zeros, n, d = self.np.zeros, self.num_envs, len(DOF_NAMES)
        self.root_states, self.dof_state = zeros(n, 13), zeros(n, d, 2)
        self.dof_pos, self.dof_vel = self.dof_state[..., 0], self.dof_state[..., 1]
        self.contact_forces = zeros(n, len(BODY_NAMES), 3)
        self.commands, self.actions, self.torques = zeros(n, 4), zeros(n, d), zeros(n, d)
        self.feet_air_time, self.lent, self.rew_buf = zeros(n), zeros(n), zeros(n)
        self.obs_buf = zeros(n, 2 * d)
        self.env_origins = self.np.array(np.stack([np.arange(n) * 3.0, np.zeros(n), np.zeros(n)], -1))
        self.episode_length_buf = self.np.array(np.zeros(n, np.int64))
        self.reset_buf = self.np.array(np.ones(n, bool))
        self.time_out_buf = self.np.array(np.zeros(n, bool))

    def _prepare_rewards(self) -> None:
        self.reward_scales = {name: scale * self.dt for name, scale in SCALES.items() if scale}
        self.reward_names = [name for name in self.reward_scales if name != "termination"]
        self.reward_functions = [getattr(self, "_reward_" + name) for name in self.reward_names]

    def step(self, actions: Any) -> tuple:
        self.actions = actions.clip(-1, 1)
        for _ in range(self.cfg.control.decimation):
            self.torques = 20 * (self.actions - self.dof_pos)
        self.post_physics_step()
        self.obs_buf = self.obs_buf.clip(-100, 100)
        if self.keep_truth:
            self.truth[-1].shown = {**self._state(), "obs": numbers(self.obs_buf)}
        return self.obs_buf, None, self.rew_buf, self.reset_buf, self.extras

    def reset(self) -> tuple:
        self.reset_idx(self.np.array(np.arange(self.num_envs)))
        obs, privileged, *_ = self.step(self.np.zeros(self.num_envs, len(DOF_NAMES)))
        return obs, privileged

    def post_physics_step(self) -> None:
        self.episode_length_buf += 1
        state = self._refresh()
        self.check_termination(state)
        if self.keep_truth:
            self._keep(state)
        self.compute_reward()
        self.reset_idx(self.np.array(np.flatnonzero(numbers(self.reset_buf))))
        self.compute_observations()

    def check_termination(self, state: State) -> None:
        self.reset_buf = self.np.array(np.abs(state.roll) > FALLEN_ROLL)
        self.time_out_buf = self.episode_length_buf > self.max_episode_length
        self.reset_buf = self.reset_buf | self.time_out_buf

    def compute_reward(self) -> None:
        self.rew_buf[:] = 0
        for index, name in enumerate(self.reward_names):
            rew = self.reward_functions[index]() * self.reward_scales[name]
            self.rew_buf += rew
            self._keep_term(name, rew)
        if self.cfg.rewards.only_positive_rewards:
            self.rew_buf[:] = self.rew_buf.clip(min=0)
        if "termination" in self.reward_scales:
            rew = self._reward_termination() * self.reward_scales["termination"]
            self.rew_buf += rew
            self._keep_term("termination", rew)
        if self.keep_truth:
            self.truth[-1].rew = numbers(self.rew_buf)

    def compute_observations(self) -> None:
        self.obs_buf = self.np.cat([self.dof_pos, self.actions])

    def reset_idx(self, env_ids: Any) -> None:
        """Begin new episodes of these envs, at another place."""
        if len(env_ids) == 0:
            return
        ids = numbers(env_ids)
        self._motion.put(ids, Motion.drawn(self._rng, len(ids)))
        self.commands[ids] = self.np.array(self._rng.uniform(-1, 1, (len(ids), 4)).astype(np.float32))
        self.feet_air_time[ids] = 0
        self.lent[ids] = -99
        if self.zero_actions:
            self.actions[ids] = 0
        self.episode_length_buf[ids] = 0
        self.reset_buf[ids] = True
        self._refresh(ids)
        self.extras["time_outs"] = self.time_out_buf

    def _reward_tracking(self) -> Any:
        speed = self.root_states[:, 7]
        return 1 / (1 + (speed - self.commands[:, 0]) ** 2)

    def _reward_feet_air_time(self) -> Any:
        self.feet_air_time += self.dt
        reward = self.feet_air_time - 0.5
        self.feet_air_time *= self.contact_forces[:, 1, 2] < 40
        return reward

    def _reward_alive(self) -> float:
        return 1.0

    def _reward_lent_buffer(self) -> Any:
        self.lent[:] = self.dof_pos[:, 0]
        return self.lent

    def _reward_orientation(self) -> Any:
        self.lent += 1000  # What the term before has returned.
        return self.root_states[:, 3] ** 2 + self.root_states[:, 4] ** 2

    def _reward_termination(self) -> Any:
        return self.reset_buf & ~self.time_out_buf

    def _refresh(self, ids: Any = slice(None)) -> State:
        """The simulator's part: write the states of these envs into the buffers."""
        t = numbers(self.episode_length_buf) * self.dt
        state = State.at(self._motion, t)
        feet = 50 * np.abs(np.sin(3 * t[:, None, None] + np.arange(15).reshape(5, 3)))
        parts = (
            (self.root_states, state.root_states()),
            (self.dof_pos, state.joint_pos),
            (self.dof_vel, state.joint_vel),
        )
        for buffer, values in (*parts, (self.contact_forces, feet)):
            buffer[ids] = self.np.array(values[ids].astype(np.float32))
        return state

    def _state(self) -> dict[str, np.ndarray]:
        names = ("root_states", "dof_pos", "dof_vel", "torques", "contact_forces", "commands")
        return {name: numbers(getattr(self, name)) for name in names}

    def _keep(self, state: State) -> None:
        """The state of this step out of the formula, before any reset."""
        real = {
            **self._state(),
            "root_states": state.root_states(),
            "dof_pos": state.joint_pos.astype(np.float32),
            "dof_vel": state.joint_vel.astype(np.float32),
        }
        length, act = numbers(self.episode_length_buf), numbers(self.actions)
        reset, time_out = numbers(self.reset_buf), numbers(self.time_out_buf)
        self.truth.append(Step(real, act=act, reset=reset, time_out=time_out, length=length))

    def _keep_term(self, name: str, rew: Any) -> None:
        if self.keep_truth:
            number = numbers(rew) if hasattr(rew, "shape") else rew
            self.truth[-1].terms[name] = np.broadcast_to(np.float32(number), (self.num_envs,))


class WalkTheseWaysSim(LeggedGymSim):
    """Its reward functions live in a container, and the total is the positive part times exp(negative part / sigma)."""

    def _prepare_rewards(self) -> None:
        super()._prepare_rewards()
        self.cfg.rewards = SimpleNamespace(only_positive_rewards=False, only_positive_rewards_ji22_style=True)
        self.reward_container = RewardContainer(self)
        self.reward_functions = [getattr(self.reward_container, "_reward_" + name) for name in self.reward_names]

    def _reward_termination(self) -> Any:
        raise AssertionError("the container has its own")

    def compute_reward(self) -> None:
        positive = negative = 0.0
        for index, name in enumerate(self.reward_names):
            rew = self.reward_functions[index]() * self.reward_scales[name]
            positive, negative = (positive, negative + rew) if name == "orientation" else (positive + rew, negative)
            self._keep_term(name, rew)
        self.rew_buf[:] = positive * self.np.array(np.exp(numbers(negative) / 0.02))
        rew = self.reward_container._reward_termination() * self.reward_scales["termination"]
        self.rew_buf += rew
        self._keep_term("termination", rew)
        self.truth[-1].rew = numbers(self.rew_buf)


class RewardContainer:
    def __init__(self, env: LeggedGymSim) -> None:
        self.env = env
        for name in env.reward_names:
            setattr(self, "_reward_" + name, getattr(env, "_reward_" + name))

    def _reward_termination(self) -> Any:
        return self.env.reset_buf & ~self.env.time_out_buf


class GymWrapper:
    """Like gym's: passes everything on but private names, and adds a reward of its own."""

    def __init__(self, env: Any) -> None:
        self.env = env

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"accessing private attribute '{name}' is prohibited")
        return getattr(self.env, name)

    def step(self, actions: Any) -> tuple:
        obs, privileged, rew, done, extras = self.env.step(actions)
        return obs, privileged, rew + self.bonus(), done, extras

    def bonus(self) -> Any:
        """(num_envs,) what this wrapper adds to the reward."""
        return 0.1 * self.env.root_states[:, 0]


def numbers(values: Any) -> np.ndarray:
    return np.array(values if isinstance(values, np.ndarray) else values.numpy())
