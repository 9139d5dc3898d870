"""A legged_gym environment over arrays, numpy's or torch's, whose physics is the formula of `legged_fake`.

It treats its buffers as the original does (`legged_gym/envs/base/legged_robot.py`): the simulator writes into
`root_states`, `dof_state` and `contact_forces` in place, of which `dof_pos` and `dof_vel` are strided views; contact
forces and torques are those of the last simulated step, also after a reset; `actions`, `torques`, `obs_buf`,
`reset_buf`, `time_out_buf` and `last_contacts` are bound anew at each step; commands change during an episode.
`step()` resets inside; rewards are clipped at zero before the termination term is added; terms change the state that
they read, hand out live buffers, or return truth values or plain numbers; `reset()` is a reset of all envs and one step
with zero actions. `truth` keeps what really happened.

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
    "stumble": -0.4,
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

    def scaled(self, term: Any, scale: float) -> Any:
        """In single precision as torch does it, truth values too."""
        return (term.astype(np.float32) if hasattr(term, "dtype") else term) * scale


class TorchArrays:
    def __init__(self) -> None:
        self.torch = importlib.import_module("torch")

    def zeros(self, *shape: int) -> Any:
        return self.torch.zeros(shape)

    def array(self, values: np.ndarray) -> Any:
        return self.torch.from_numpy(np.array(values))

    def cat(self, arrays: list) -> Any:
        return self.torch.cat(arrays, -1)

    def scaled(self, term: Any, scale: float) -> Any:
        return term * scale


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
    """The environment. unitree: whether a reset zeroes the actions, and pushes follow it, as in unitree_rl_gym."""

    max_episode_length = 90
    num_commands = 4

    def __init__(
        self,
        num_envs: int = 6,
        seed: int = 0,
        library: str = "numpy",
        unitree: bool = False,
        keep_truth: bool = True,
    ) -> None:
        self.num_envs, self.unitree, self.keep_truth = num_envs, unitree, keep_truth
        self.np = NumpyArrays() if library == "numpy" else TorchArrays()
        self.cfg, self.dof_names = config(), list(DOF_NAMES)
        self.sim_params = SimpleNamespace(dt=0.005)
        self.dt = self.cfg.control.decimation * self.sim_params.dt
        self.gym = SimpleNamespace(get_actor_rigid_body_names=lambda env, actor: list(BODY_NAMES))
        self.envs, self.actor_handles = [object()] * num_envs, [0] * num_envs
        self.truth: list[Step] = []
        self._rng = np.random.default_rng(seed)
        self._motion = Motion.drawn(self._rng, num_envs)
        self._make_buffers()
        self._prepare_reward_function()
        self._simulate()

    def _make_buffers(self) -> None:
        zeros, n, d = self.np.zeros, self.num_envs, len(DOF_NAMES)
        self.root_states, self.dof_state = zeros(n, 13), zeros(n * d, 2)
        self.dof_pos, self.dof_vel = (self.dof_state.reshape(n, d, 2)[..., column] for column in (0, 1))
        self.contact_forces = zeros(n * len(BODY_NAMES), 3).reshape(n, -1, 3)
        self.commands, self.actions, self.torques = zeros(n, self.num_commands), zeros(n, d), zeros(n, d)
        self.feet_air_time, self.last_contacts = zeros(n, 4), zeros(n, 4) > 0
        self.lent, self.rew_buf, self.obs_buf = zeros(n), zeros(n), zeros(n, 2 * d)
        self.env_origins = self.np.array(np.stack([np.arange(n) * 3.0, np.zeros(n), np.zeros(n)], -1))
        self.episode_length_buf = self.np.array(np.zeros(n, np.int64))
        self.reset_buf = self.np.array(np.ones(n, np.int64))
        self.time_out_buf = self.np.array(np.zeros(n, bool))
        self.extras: dict[str, Any] = {}

    def _prepare_reward_function(self) -> None:
        self.reward_scales = {name: scale * self.dt for name, scale in SCALES.items() if scale}
        self.reward_names = [name for name in self.reward_scales if name != "termination"]
        self.reward_functions = [getattr(self, "_reward_" + name) for name in self.reward_names]
        self.episode_sums = {name: self.np.zeros(self.num_envs) for name in self.reward_scales}

    def step(self, actions: Any) -> tuple:
        self.actions = actions.clip(-1, 1)
        for _ in range(self.cfg.control.decimation):
            self.torques = 20 * (self.actions - self.dof_pos)
        self.post_physics_step()
        self.obs_buf = self.obs_buf.clip(-100, 100)
        if self.keep_truth:
            self.truth[-1].shown = {**self._state(), "obs": numbers(self.obs_buf)}
        return self.obs_buf, None, self.rew_buf, self.reset_buf, self.extras

    def reset(self) -> Any:
        self.reset_idx(self.np.array(np.arange(self.num_envs)))
        obs, privileged, *_ = self.step(self.np.zeros(self.num_envs, len(DOF_NAMES)))
        return obs, privileged

    def post_physics_step(self) -> None:
        self.episode_length_buf += 1
        state = self._simulate()
        self._post_physics_step_callback()
        self.check_termination()
        if self.keep_truth:
            self._keep(state)
        self.compute_reward()
        self.reset_idx(self.np.array(np.flatnonzero(numbers(self.reset_buf))))
        if self.unitree:
            self.root_states[:, 7:9] += 0.125
        self.compute_observations()

    def _post_physics_step_callback(self) -> None:
        self._resample_commands(np.flatnonzero(numbers(self.episode_length_buf) % 40 == 0))
        self.commands[:, 2] = (0.5 * (self.commands[:, 3] - self.root_states[:, 5])).clip(-1, 1)

    def _resample_commands(self, ids: np.ndarray) -> None:
        drawn = self._rng.uniform(-1, 1, (len(ids), self.num_commands)).astype(np.float32)
        self.commands[ids] = self.np.array(drawn)

    def check_termination(self) -> None:
        self.reset_buf = self.contact_forces[:, 0, 2] > 1
        self.time_out_buf = self.episode_length_buf > self.max_episode_length
        self.reset_buf |= self.time_out_buf

    def compute_reward(self) -> None:
        self.rew_buf[:] = 0
        for index, name in enumerate(self.reward_names):
            rew = self.np.scaled(self.reward_functions[index](), self.reward_scales[name])
            self.rew_buf += rew
            self.episode_sums[name] += rew
            self._keep_term(name, rew)
        if self.cfg.rewards.only_positive_rewards:
            self.rew_buf[:] = self.rew_buf.clip(min=0)
        if "termination" in self.reward_scales:
            rew = self.np.scaled(self._reward_termination(), self.reward_scales["termination"])
            self.rew_buf += rew
            self.episode_sums["termination"] += rew
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
        self._place(State.at(self._motion, np.zeros(self.num_envs)), ids)
        self._resample_commands(ids)
        if self.unitree:
            self.actions[ids] = 0
        self.lent[ids] = -99
        self.feet_air_time[ids] = 0
        self.episode_length_buf[ids] = 0
        self.reset_buf[ids] = 1
        self._fill_extras(ids)
        self.extras["time_outs"] = self.time_out_buf

    def _fill_extras(self, ids: np.ndarray) -> None:
        self.extras["episode"] = {"rew_" + name: total[ids].mean() for name, total in self.episode_sums.items()}
        for total in self.episode_sums.values():
            total[ids] = 0

    def _reward_tracking(self) -> Any:
        speed = self.root_states[:, 7]
        return 1 / (1 + (speed - self.commands[:, 0]) ** 2)

    def _reward_feet_air_time(self) -> Any:
        contact = self.contact_forces[:, 1:, 2] > 25
        either = contact | self.last_contacts
        self.last_contacts = contact
        first_contact = (self.feet_air_time > 0) * either
        self.feet_air_time += self.dt
        reward = ((self.feet_air_time - 0.5) * first_contact).sum(1)
        self.feet_air_time *= ~either
        return reward

    def _reward_stumble(self) -> Any:
        return self.contact_forces[:, 1, 0] > 25

    def _reward_alive(self) -> float:
        return 1.0

    def _reward_lent_buffer(self) -> Any:
        self.lent[:] = self.dof_pos[:, 0]
        return self.lent

    def _reward_orientation(self) -> Any:
        self.lent += 1000  # What the term before has returned.
        return self.root_states[:, 3] ** 2 + self.root_states[:, 4] ** 2

    def _reward_termination(self) -> Any:
        return self.reset_buf * ~self.time_out_buf

    def _simulate(self) -> State:
        """The simulator's part: write the states of all envs into its buffers."""
        t = numbers(self.episode_length_buf) * self.dt
        state = State.at(self._motion, t)
        forces = 50 * np.abs(np.sin(3 * t[:, None, None] + np.arange(15).reshape(5, 3)))
        forces[:, 0] = 5 * (np.abs(state.roll) > FALLEN_ROLL)[:, None]
        self.contact_forces[:] = self.np.array(forces.astype(np.float32))
        self._place(state, np.arange(self.num_envs))
        return state

    def _place(self, state: State, ids: np.ndarray) -> None:
        parts = [
            (self.root_states, state.root_states()),
            (self.dof_pos, state.joint_pos),
            (self.dof_vel, state.joint_vel),
        ]
        for buffer, values in parts:
            buffer[ids] = self.np.array(values[ids].astype(np.float32))

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
    """walk-these-ways: more commands and another layout of what a step returns.

    Its reward functions live in a container, and the total is the positive part times exp(negative part / sigma), where
    the sign of a term is that of its sum over all envs.
    """

    num_commands = 15

    def _prepare_reward_function(self) -> None:
        super()._prepare_reward_function()
        rules = {"only_positive_rewards": False, "only_positive_rewards_ji22_style": True, "sigma_rew_neg": 0.02}
        self.cfg.rewards = SimpleNamespace(**rules)
        self.reward_container = RewardContainer(self)
        self.reward_functions = [getattr(self.reward_container, "_reward_" + name) for name in self.reward_names]
        self.episode_sums["total"] = self.np.zeros(self.num_envs)

    def step(self, actions: Any) -> tuple:
        self.obs_buf, _, self.rew_buf, self.reset_buf, self.extras = super().step(actions)
        return self.obs_buf, self.rew_buf, self.reset_buf, self.extras

    def reset(self) -> Any:
        self.reset_idx(self.np.array(np.arange(self.num_envs)))
        obs, *_ = self.step(self.np.zeros(self.num_envs, len(DOF_NAMES)))
        return obs

    def _post_physics_step_callback(self) -> None:
        self._resample_commands(np.flatnonzero(numbers(self.episode_length_buf) % 40 == 0))

    def check_termination(self) -> None:
        super().check_termination()
        self.body_height_buf = self.root_states[:, 2] < 0.35
        self.reset_buf = self.body_height_buf | self.reset_buf

    def _reward_termination(self) -> Any:
        raise AssertionError("the container has its own")

    def compute_reward(self) -> None:
        zeros = self.np.zeros
        self.rew_buf[:] = 0
        self.rew_buf_pos, self.rew_buf_neg = zeros(self.num_envs), zeros(self.num_envs)
        for index, name in enumerate(self.reward_names):
            rew = self.np.scaled(self.reward_functions[index](), self.reward_scales[name])
            self.rew_buf += rew
            part = self.rew_buf_pos if rew.sum() >= 0 else self.rew_buf_neg
            part += rew
            self.episode_sums[name] += rew
            self._keep_term(name, rew)
        shrink = np.exp(numbers(self.rew_buf_neg) / self.cfg.rewards.sigma_rew_neg)
        self.rew_buf[:] = self.rew_buf_pos[:] * self.np.array(shrink)
        self.episode_sums["total"] += self.rew_buf
        rew = self.np.scaled(self.reward_container._reward_termination(), self.reward_scales["termination"])
        self.rew_buf += rew
        self.episode_sums["termination"] += rew
        self._keep_term("termination", rew)
        self.truth[-1].rew = numbers(self.rew_buf)


class RewardContainer:
    """Reads the environment, or a wrapper around it that it is handed later."""

    def __init__(self, env: LeggedGymSim) -> None:
        self.load_env(env)
        for name in env.reward_names:
            setattr(self, "_reward_" + name, getattr(env, "_reward_" + name))
        self._reward_alive = lambda: self.env.np.zeros(self.env.num_envs) + 1

    def load_env(self, env: Any) -> None:
        self.env = env

    def _reward_termination(self) -> Any:
        return self.env.reset_buf * ~self.env.time_out_buf


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
