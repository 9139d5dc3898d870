"""An MQE environment over arrays, numpy's or torch's, whose physics is a formula: robots walk and objects drift.

It treats its buffers as the original does (`mqe/envs/base/legged_robot.py`, `go1/go1.py`, `npc/go1_object.py`): the
simulator writes into `all_root_states`, `all_dof_states` and `contact_forces` in place; `root_states` is a copy of the
robots' rows, made anew at each step; `collide_buf` is the same array as `reset_buf`; `rew_buf` is always zero, and
there are no reward functions; `actions` are what a locomotion policy makes of the task's actions; `obs_buf` is a
class; objects are moved between the reward and the reset. `step()` resets inside, `reset()` makes no step. The task's
wrapper computes the rewards after that. `truth` keeps what really happened.

Runs on Python 3.8 with numpy alone.
"""

from __future__ import annotations

from copy import copy
from types import SimpleNamespace
from typing import Any

import numpy as np
from legged_fake import DOF_NAMES, FALLEN_ROLL, Motion, State
from legged_gym_sim import BODY_NAMES, GymWrapper, NumpyArrays, Step, TorchArrays, numbers

from replay_viewer import rotations

# As in the original's package: part of the URDFs' paths.
LEGGED_GYM_ROOT_DIR = "/nowhere"

LOW = 0.35  # [m], of a robot's base, which stands at 0.5.
PUSH = 0.25  # [m/s] added to an object's speed in each step.


def config(**changes: Any) -> SimpleNamespace:
    """What the original reads from its classes of settings."""
    settings: dict[str, Any] = {
        "env": SimpleNamespace(env_name="go1pushbox", num_agents=2, num_npcs=1, num_actions_npc=0),
        "asset": SimpleNamespace(
            file="{LEGGED_GYM_ROOT_DIR}/resources/dog.urdf",
            file_npc="{LEGGED_GYM_ROOT_DIR}/resources/box.urdf",
            name_npc="box",
            terminate_after_contacts_on=[],
        ),
        "control": SimpleNamespace(decimation=4, control_type="C"),
        "termination": SimpleNamespace(termination_terms=["roll", "pitch"]),
        "terrain": SimpleNamespace(selected="BarrierTrack", mesh_type="trimesh"),
        "rewards": SimpleNamespace(
            only_positive_rewards=True,
            scales=type("scales", (), {"box_x_movement_reward_scale": 10, "speed_punishment_scale": -0.5}),
        ),
        "obs": type("obs", (), {"cfgs": type("cfgs", (), {"base_pos": True}), "scales": type("scales", (), {})}),
    }
    return SimpleNamespace(**{**settings, **changes})


class MqeSim:
    """The environment, `Go1Object`."""

    max_episode_length = 90

    def __init__(
        self, num_envs: int = 5, seed: int = 0, library: str = "numpy", cfg: SimpleNamespace | None = None
    ) -> None:
        self.cfg = config() if cfg is None else cfg
        self.np = NumpyArrays() if library == "numpy" else TorchArrays()
        self.num_envs, self.num_agents, self.num_npcs = num_envs, self.cfg.env.num_agents, self.cfg.env.num_npcs
        self.num_actions_npc = self.cfg.env.num_actions_npc * self.num_npcs
        self.dof_names, self.num_bodies = list(DOF_NAMES), len(BODY_NAMES)
        self.decimation, self.sim_params = self.cfg.control.decimation, SimpleNamespace(dt=0.005)
        self.dt = self.decimation * self.sim_params.dt
        self._name_actors()
        self._make_terrain()
        self.truth: list[Step] = []
        self._rng = np.random.default_rng(seed)
        self._robots = Motion.drawn(self._rng, num_envs * self.num_agents)
        self._objects = self._drawn_objects(num_envs)
        self._make_buffers()
        self._simulate()
        self.obs_buf = copy(self.cfg.obs)
        self._prepare_reward_function()

    def _name_actors(self) -> None:
        joint_names = ["hinge"] * self.cfg.env.num_actions_npc
        bodies = [list(BODY_NAMES)] * self.num_agents + [["object", *joint_names]] * self.num_npcs
        joints = [self.dof_names] * self.num_agents + [joint_names] * self.num_npcs
        self.gym = SimpleNamespace(
            get_actor_rigid_body_names=lambda env, actor: bodies[actor],
            get_actor_dof_names=lambda env, actor: joints[actor],
        )
        self.envs, self.actor_handles = [object()] * self.num_envs, [list(range(len(bodies)))] * self.num_envs
        self._num_all_bodies = sum(map(len, bodies))
        wanted = self.cfg.asset.terminate_after_contacts_on
        self.termination_contact_indices = [BODY_NAMES.index(name) for name in wanted]

    def _make_terrain(self) -> None:
        """A wall across the track, two and a half metres from the origin."""
        heights = np.zeros((9, 7), np.float32)
        heights[5] = 100
        cfg = SimpleNamespace(mesh_type="trimesh", horizontal_scale=0.5, vertical_scale=0.01, border_size=2.0)
        self.terrain = SimpleNamespace(cfg=cfg, heightsamples=heights)

    def _make_buffers(self) -> None:
        zeros, n, a = self.np.zeros, self.num_envs, self.num_agents
        num_dofs = a * len(DOF_NAMES)
        self.all_root_states = zeros(n * (a + self.num_npcs), 13)
        self.all_dof_states = zeros(n * (num_dofs + self.num_actions_npc), 2)
        dofs = self.all_dof_states.reshape(n, -1, 2)
        self.dof_pos, self.dof_vel = dofs[:, :num_dofs, 0], dofs[:, :num_dofs, 1]
        if self.num_actions_npc > 0:
            self.dof_pos_npc, self.dof_vel_npc = dofs[:, num_dofs:, 0], dofs[:, num_dofs:, 1]
        self.contact_forces = zeros(n * self._num_all_bodies, 3).reshape(n, -1, 3)
        self.torques, self.actions, self.rew_buf = zeros(n, num_dofs), zeros(n, num_dofs), zeros(n * a)
        self.commands = zeros(n * a, 4)
        self.env_origins = self.np.array(np.stack([np.arange(n) * 3.0, np.ones(n), np.zeros(n)], -1))
        self.episode_length_buf = self.np.array(np.zeros(n, np.int64))
        self.reset_buf, self.collide_buf = self.np.array(np.ones(n, np.int64)), self.np.array(np.zeros(n, bool))
        self.time_out_buf = self.np.array(np.zeros(n, bool))
        self.reset_ids = self.np.array(np.zeros(0, np.int64))
        self.extras: dict[str, Any] = {}

    def _prepare_reward_function(self) -> None:
        scales = self.cfg.rewards.scales
        self.reward_scales = {name: getattr(scales, name) * self.dt for name in dir(scales) if name[0] != "_"}
        self.reward_functions: list[Any] = []
        self.reward_names = list(self.reward_scales)
        self.episode_sums = {name: self.np.zeros(self.num_envs * self.num_agents) for name in self.reward_names}

    def step(self, action: Any) -> tuple:
        action = self.preprocess_action(action.clip(-1, 1))
        self.actions = action.clip(-10, 10).reshape(self.num_envs, -1)
        for _ in range(self.decimation):
            self.torques = 20 * (0.25 * self.actions - self.dof_pos)
        self.post_physics_step()
        self.truth[-1].shown = self._state()
        return self.obs_buf, self.rew_buf, self.reset_buf, self.extras

    def preprocess_action(self, actions: Any) -> Any:
        """The locomotion policy: (num_envs * num_agents, 3) commands into 12 joint actions."""
        return self.np.cat([actions * factor for factor in (1, -2, 20, 0.5)])

    def post_physics_step(self) -> None:
        self.episode_length_buf += 1
        state = self._simulate()
        self.root_states = self._rows_of(slice(None, self.num_agents))
        self.root_states_npc = self._rows_of(slice(self.num_agents, None))
        self.check_termination(state)
        self.rew_buf[:] = 0
        self._step_npc()
        self._keep()
        self.reset_ids = self.np.array(np.flatnonzero(numbers(self.reset_buf)))
        self.reset_idx(self.reset_ids)
        self.compute_observations()

    def check_termination(self, state: State) -> None:
        if len(self.termination_contact_indices):
            forces = numbers(self.contact_forces)[:, : self.num_agents * self.num_bodies]
            forces = forces.reshape(self.num_envs, self.num_agents, self.num_bodies, 3)
            forces = np.linalg.norm(forces[:, :, self.termination_contact_indices], axis=-1)
            self.collide_buf = self.np.array(forces.reshape(self.num_envs, -1).max(1) > 1)
            self.reset_buf: Any = self.collide_buf
        else:
            self.reset_buf = False
        self.time_out_buf = self.episode_length_buf > self.max_episode_length
        self.reset_buf |= self.time_out_buf
        terms = self.cfg.termination.termination_terms
        if "roll" in terms:
            self.r_term_buff = self._any_robot(np.abs(state.roll) > FALLEN_ROLL)
            self.reset_buf |= self.r_term_buff
        if "pitch" in terms:
            self.p_term_buff = self._any_robot(np.zeros_like(state.roll, bool))
            self.reset_buf |= self.p_term_buff
        if "z_low" in terms:
            z_low_term_buff = self._any_robot(state.pos[:, 2] < LOW)
            self.reset_buf |= z_low_term_buff

    def _any_robot(self, robots: np.ndarray) -> Any:
        return self.np.array(robots.reshape(self.num_envs, -1).max(1))

    def _step_npc(self) -> None:
        self.all_root_states.reshape(self.num_envs, -1, 13)[:, self.num_agents :, 7] += PUSH

    def reset(self) -> Any:
        self.reset_idx(self.np.array(np.arange(self.num_envs)))
        self.compute_observations()
        return self.obs_buf

    def reset_idx(self, env_ids: Any) -> None:
        """Begin new episodes of these envs, at another place."""
        self.reset_ids = env_ids
        if len(env_ids) == 0:
            return
        ids = numbers(env_ids)
        robots = (ids[:, None] * self.num_agents + np.arange(self.num_agents)).reshape(-1)
        self._robots.put(robots, Motion.drawn(self._rng, len(robots)))
        for name, drawn in self._drawn_objects(len(ids)).items():
            self._objects[name][ids] = drawn
        self.episode_length_buf[ids] = 0
        self._simulate(ids)
        self.reset_buf[ids] = True
        self.extras["time_outs"] = self.time_out_buf

    def compute_observations(self) -> None:
        root = self._rows_of(slice(None, self.num_agents))
        self.obs_buf.base_pos, self.obs_buf.base_quat = root[:, :3], root[:, 3:7]
        self.obs_buf.env_info = {"gate_deviation": self.np.zeros(self.num_envs, 2)}

    def _rows_of(self, actors: slice) -> Any:
        """(num_envs * k, 13), a copy where not all actors of an env are wanted."""
        return self.all_root_states.reshape(self.num_envs, -1, 13)[:, actors].reshape(-1, 13)

    def _drawn_objects(self, num_envs: int) -> dict[str, np.ndarray]:
        draw, shape = self._rng.uniform, (num_envs, self.num_npcs)
        return {"start": draw(-2, 2, (*shape, 3)), "speed": draw(-1, 1, (*shape, 3)), "turn": draw(-1, 1, shape)}

    def object_states(self, t: np.ndarray) -> np.ndarray:
        """(num_envs, num_npcs, 13) t (num_envs,) seconds after their resets."""
        o, t = self._objects, t[:, None]
        zero = np.zeros_like(o["turn"])
        xyzw = rotations.wxyz_to_xyzw(rotations.from_rpy(zero, zero, o["turn"] * t))
        turning = np.stack([zero, zero, o["turn"]], -1)
        return np.concatenate([o["start"] + o["speed"] * t[..., None], xyzw, o["speed"], turning], -1)

    def _simulate(self, ids: Any = slice(None)) -> State:
        """The simulator's part: write the states of these envs into its buffers; contacts only where it steps."""
        n, t = self.num_envs, numbers(self.episode_length_buf) * self.dt
        state = State.at(self._robots, np.repeat(t, self.num_agents))
        roots = [state.root_states().reshape(n, -1, 13), self.object_states(t)]
        hinges = np.sin(t)[:, None] + np.arange(self.num_actions_npc)
        dofs = np.stack(
            [
                np.concatenate([state.joint_pos.reshape(n, -1), hinges], 1),
                np.concatenate([state.joint_vel.reshape(n, -1), 2 * hinges], 1),
            ],
            -1,
        )
        parts = [(self.all_root_states, np.concatenate(roots, 1)), (self.all_dof_states, dofs)]
        if isinstance(ids, slice):
            parts.append((self.contact_forces, self._forces(state, t)))
        for buffer, values in parts:
            buffer.reshape(n, -1, values.shape[-1])[ids] = self.np.array(values[ids].astype(np.float32))
        return state

    def _forces(self, state: State, t: np.ndarray) -> np.ndarray:
        forces = 50 * np.abs(np.sin(3 * t[:, None, None] + np.arange(self._num_all_bodies * 3).reshape(-1, 3)))
        for robot in range(self.num_agents):
            lies = np.abs(state.roll.reshape(self.num_envs, -1)[:, robot]) > FALLEN_ROLL - 0.1
            forces[:, robot * self.num_bodies] = 5.0 * lies[:, None]
        return forces

    def _state(self) -> dict[str, np.ndarray]:
        names = ("dof_pos", "dof_vel", "torques", "contact_forces", "actions", "dof_pos_npc", "dof_vel_npc")
        state = {name: numbers(getattr(self, name)) for name in names if hasattr(self, name)}
        return {**state, "root_states": numbers(self.all_root_states).reshape(self.num_envs, -1, 13)}

    def _keep(self) -> None:
        """The state of this step out of the formula, before any reset."""
        t = numbers(self.episode_length_buf) * self.dt
        robots = State.at(self._robots, np.repeat(t, self.num_agents)).root_states().reshape(self.num_envs, -1, 13)
        objects = self.object_states(t).astype(np.float32)
        objects[..., 7] += np.float32(PUSH)
        real = {**self._state(), "root_states": np.concatenate([robots, objects], 1)}
        length, act = numbers(self.episode_length_buf), numbers(self.actions)
        reset, time_out = numbers(self.reset_buf), numbers(self.time_out_buf)
        self.truth.append(Step(real, act=act, reset=reset, time_out=time_out, length=length))


class EmptyWrapper(GymWrapper):
    """What all tasks of the original share."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.num_envs, self.num_agents = env.num_envs, env.num_agents
        for name in dir(env.cfg.rewards.scales):
            if name[0] != "_" and "scale" in name:
                setattr(self, name, getattr(env.cfg.rewards.scales, name))

    def reset(self) -> Any:
        return self.env.reset()

    def step(self, action: Any) -> tuple:
        return self.env.step(action)


class PushboxWrapper(EmptyWrapper):
    """A task whose agents share one reward and bear one punishment each; `terms` keeps the last step's."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.observation_space = SimpleNamespace(shape=(7,))
        self.action_space = SimpleNamespace(shape=(3,))
        self.speed_punishment_scale = -1  # As the original sets one scale in spite of the settings.
        self.reward_buffer = {"box movement reward": 0, "speed punishment": 0, "step count": 0}
        self.last_box_pos: Any = None
        self.terms: dict[str, Any] = {}

    def reset(self) -> Any:
        obs_buf = self.env.reset()
        self.last_box_pos = None
        return self._observations(obs_buf)

    def step(self, action: Any) -> tuple:
        scaled = action.clip(-1, 1) * self.env.np.array(np.array([2, 0.5, 0.5], np.float32))
        obs_buf, _, termination, info = self.env.step(scaled.reshape(-1, self.action_space.shape[0]))
        box_pos = self.root_states_npc[:, :3].reshape(self.num_envs, -1, 3)[:, 0] - self.env.env_origins
        movement = self.env.np.zeros(self.num_envs)
        if self.last_box_pos is not None:
            movement[:] = (box_pos - self.last_box_pos)[:, 0]
            movement[self.env.reset_ids] = 0
        speeds = self.root_states[:, 7].reshape(self.num_envs, -1)
        self.terms = {
            "box movement": self.box_x_movement_reward_scale * movement,
            "speed": self.speed_punishment_scale * speeds**2,
        }
        self.reward_buffer["step count"] += 1
        self.reward_buffer["box movement reward"] += self.terms["box movement"].sum()
        self.reward_buffer["speed punishment"] += self.terms["speed"].sum()
        self.last_box_pos = copy(box_pos)
        reward = self.terms["box movement"].reshape(-1, 1) + self.terms["speed"]
        self.env.truth[-1].rew = numbers(reward)
        return self._observations(obs_buf), reward, termination, info

    def _observations(self, obs_buf: Any) -> Any:
        return self.env.np.cat([obs_buf.base_pos, obs_buf.base_quat]).reshape(self.num_envs, self.num_agents, -1)


class DefenderWrapper(PushboxWrapper):
    """A task in which the last robot acts by itself: fewer agents than robots."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.num_agents -= 1

    def step(self, action: Any) -> tuple:
        everyone = self.env.np.cat([action.reshape(self.num_envs, -1), self.env.np.zeros(self.num_envs, 3)])
        obs, reward, termination, info = super().step(everyone.reshape(self.num_envs, -1, 3))
        return obs, reward[:, :-1], termination, info

    def _observations(self, obs_buf: Any) -> Any:
        everyone = self.env.np.cat([obs_buf.base_pos, obs_buf.base_quat])
        return everyone.reshape(self.num_envs, self.num_agents + 1, -1)[:, :-1]


class OpenRlWrapper(GymWrapper):
    """What the original's learner sees: numpy arrays, with one more axis on the rewards."""

    def reset(self) -> np.ndarray:
        return numbers(self.env.reset())

    def step(self, actions: np.ndarray) -> tuple:
        obs, reward, termination, _ = self.env.step(self.env.np.array(actions))
        return numbers(obs), numbers(reward)[..., None], numbers(termination), []
