"""A vectorised environment in the style of legged_gym over MuJoCo: Trotter follows commanded velocities.

Names of buffers and the order of what a step does are those of legged_gym/envs/base/legged_robot.py, class LeggedRobot;
so `replay_viewer.attach` records it as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from config import TrotterCfg
from simulation import Simulation
from terrain import Terrain
from trot import State
from trotter import JOINTS

from replay_viewer import rotations

GRAVITY = np.array([0.0, 0.0, -1.0])


class TrotterEnv:
    """n robots, each in a world of its own on the same ground.

        env = TrotterEnv(num_envs=6, seed=1)
        obs = env.reset()
        obs, rew, done, info = env.step(actions)  # (n, 12): joint target [rad] = 0.25 x action + default

    A step resets the envs that are done before it computes the observations.

    Args:
        num_envs: n.
        seed: of all that is drawn: friction, mass, commands, pushes, starts.
        cfg: settings.

    Attributes:
        root_states: (n, 13): position [m], rotation xyzw, velocity [m/s] and turn rate [rad/s] in the world.
        friction: of the ground, (n,).
        added_mass: on the bases, (n,) [kg].
        commands: (n, 3): forward and leftward velocity [m/s], turn rate [rad/s].
        pushes: (n, 3) [N], the forces on the bases during the last step.
    """

    def __init__(self, num_envs: int = 6, seed: int = 0, cfg: type[TrotterCfg] = TrotterCfg) -> None:
        self.num_envs, self.cfg, self.seed, self.dof_names = num_envs, cfg, seed, list(JOINTS)
        self.sim_params = SimpleNamespace(dt=cfg.sim.dt)
        self.dt = cfg.sim.dt * cfg.control.decimation
        self._rng = np.random.default_rng(seed)
        self.terrain = Terrain()
        self.sim = Simulation(num_envs, self.terrain, cfg.sim.dt)
        self._make_buffers()
        self._prepare_reward_function()
        self.friction = self._rng.uniform(*cfg.domain_rand.friction_range, num_envs)
        self.added_mass = self._rng.uniform(*cfg.domain_rand.added_mass_range, num_envs)
        for index in range(num_envs):
            self.sim.vary(index, self.friction[index], self.added_mass[index])
        self.reset()

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One control step: observations (n, 48), rewards (n,), which envs are done (n,), and extras."""
        control = self.cfg.control
        self.actions = np.clip(actions, -100, 100).astype(np.float32)
        self._push_robots()
        targets = control.action_scale * self.actions + control.default_joint_angles
        self.sim.step(targets, self.pushes, control.decimation)
        self.post_physics_step()
        return self.obs_buf, self.rew_buf, self.reset_buf, self.extras

    def reset(self) -> np.ndarray:
        """Begin new episodes in all envs."""
        self.reset_idx(np.arange(self.num_envs))
        self._update_base()
        self.compute_observations()
        return self.obs_buf

    def kick(self, env_ids: np.ndarray, velocities: np.ndarray) -> None:
        """Add velocities (k, 3) [m/s] to those of some bases: how a viewer's page pushes them."""
        for index, velocity in zip(env_ids, velocities, strict=True):
            self.sim.kick(index, velocity)

    def state(self) -> State:
        """What a controller needs to know, in float64."""
        root = self.root_states.astype(float)
        wxyz = rotations.xyzw_to_wxyz(root[:, 3:7])
        return State(
            root[:, :3], wxyz, root[:, 7:10], root[:, 10:], self.dof_pos.astype(float), self.dof_vel.astype(float)
        )

    def post_physics_step(self) -> None:
        """What follows from the new state; then the resets."""
        self.episode_length_buf += 1
        self._update_base()
        every = round(self.cfg.commands.resampling_time / self.dt)
        self._resample_commands(np.flatnonzero(self.episode_length_buf % every == 0))
        self.check_termination()
        self.compute_reward()
        self.reset_idx(np.flatnonzero(self.reset_buf))
        self._update_base()
        self.compute_observations()
        self.last_actions[:], self.last_dof_vel[:] = self.actions, self.dof_vel

    def check_termination(self) -> None:
        """Who lies on the ground for a while is terminated; who is out of time, or of ground, is truncated."""
        touching = np.linalg.norm(self.sim.contact_forces[:, self.termination_contact_indices], axis=-1) > 1
        lying = touching.any(axis=1) | (self.projected_gravity[:, 2] > -0.4)
        self.seconds_down = np.where(lying, self.seconds_down + self.dt, 0)
        late = self.episode_length_buf >= self.max_episode_length
        self.time_out_buf = late | ~self.terrain.is_over(self.root_states[:, :2], margin=0.6)
        self.reset_buf = (self.seconds_down > self.cfg.asset.seconds_down) | self.time_out_buf

    def compute_reward(self) -> None:
        """The sum of the scaled terms."""
        self.rew_buf[:] = 0
        for function, name in zip(self.reward_functions, self.reward_names, strict=True):
            self.rew_buf += function() * self.reward_scales[name]
        self.rew_buf += self._reward_termination() * self.reward_scales["termination"]

    def reset_idx(self, env_ids: np.ndarray) -> None:
        """Begin new episodes of these envs, near their origins."""
        for index in env_ids:
            self._place(index)
            self.max_episode_length[index] = round(self._draw(self.cfg.env.episode_length_s) / self.dt)
            self._next_push[index] = round(self._draw(self.cfg.domain_rand.push_interval_s) / self.dt)
        self._resample_commands(env_ids)
        for buffer in (self.actions, self.last_actions, self.last_dof_vel, self.feet_air_time, self.last_contacts):
            buffer[env_ids] = 0
        for buffer in (self.episode_length_buf, self.seconds_down, self.pushes):
            buffer[env_ids] = 0
        self.extras = {"time_outs": self.time_out_buf}

    def compute_observations(self) -> None:
        """As legged_gym's without heights: scaled, without noise."""
        still = self.dof_pos - self.cfg.control.default_joint_angles
        parts = [2 * self.base_lin_vel, 0.25 * self.base_ang_vel, self.projected_gravity, self.commands * [2, 2, 0.25]]
        self.obs_buf = np.concatenate([*parts, still, 0.05 * self.dof_vel, self.actions], axis=1).astype(np.float32)

    def _make_buffers(self) -> None:
        n, sim, names = self.num_envs, self.sim, self.sim.body_names
        self.root_states, self.dof_pos, self.dof_vel = sim.root_states, sim.dof_pos, sim.dof_vel
        self.penalised_contact_indices = _named(names, self.cfg.asset.penalize_contacts_on)
        self.termination_contact_indices = _named(names, self.cfg.asset.terminate_after_contacts_on)
        self.feet_indices = _named(names, [self.cfg.asset.foot_name])
        # Of the bodies that are worth recording.
        shown = [*self.termination_contact_indices, *self.feet_indices]
        self.gym = SimpleNamespace(get_actor_rigid_body_names=lambda env, actor: [names[index] for index in shown])
        self._shown_bodies, self.envs, self.actor_handles = shown, [sim] * n, [0] * n
        self.env_origins = self._grid(n)
        self.commands, self.pushes, self._push_force = np.zeros((3, n, 3), np.float32)
        self.actions, self.last_actions, self.last_dof_vel = np.zeros((3, n, 12), np.float32)
        self.feet_air_time, self.last_contacts = np.zeros((n, 4), np.float32), np.zeros((n, 4), bool)
        self.rew_buf, self.seconds_down = np.zeros((2, n), np.float32)
        self.reset_buf, self.time_out_buf = np.ones((2, n), bool)
        self.episode_length_buf, self.max_episode_length, self._next_push = np.zeros((3, n), np.int64)
        self.extras: dict[str, Any] = {}

    @property
    def torques(self) -> np.ndarray:
        """At the joints, (n, 12) [N m]."""
        return self.sim.torques

    @property
    def contact_forces(self) -> np.ndarray:
        """On the base and the feet, (n, 5, 3) [N] in the world."""
        return self.sim.contact_forces[:, self._shown_bodies]

    def _prepare_reward_function(self) -> None:
        scales = self.cfg.rewards.scales
        self.reward_scales = {name: value * self.dt for name, value in vars(scales).items() if name[0] != "_"}
        self.reward_names = [name for name in self.reward_scales if name != "termination"]
        self.reward_functions = [getattr(self, "_reward_" + name) for name in self.reward_names]

    def _update_base(self) -> None:
        to_base = rotations.conjugate(rotations.xyzw_to_wxyz(self.root_states[:, 3:7]))
        self.base_lin_vel = rotations.rotate(to_base, self.root_states[:, 7:10])
        self.base_ang_vel = rotations.rotate(to_base, self.root_states[:, 10:13])
        self.projected_gravity = rotations.rotate(to_base, GRAVITY)

    def _draw(self, span: tuple[float, float]) -> float:
        low, high = span
        return float(self._rng.uniform(low, high))

    def _grid(self, n: int) -> np.ndarray:
        """Where the envs begin, (n, 3) [m]: three lanes side by side that lead ahead."""
        spacing, index = self.cfg.env.spacing, np.arange(n)
        xy = np.stack([index // 3 * spacing - self.terrain.length / 2 + 2.5, (index % 3 - 1) * spacing], axis=-1)
        return np.column_stack([xy, self.terrain.height_at(xy)])

    def _place(self, index: int) -> None:
        """Put a robot near its origin, a little above the ground."""
        xy = self.env_origins[index, :2] + self._rng.uniform(-0.3, 0.3, 2)
        around = xy + 0.25 * np.array([[0, 0], [1, 1], [1, -1], [-1, 1], [-1, -1]])
        height = self.terrain.height_at(around).max() + self.cfg.env.start_height
        wxyz = rotations.from_rpy(*np.array([0.0, 0.0, self._draw(self.cfg.env.start_yaw)]))
        self.sim.place(index, np.append(xy, height), wxyz, self.cfg.control.default_joint_angles)

    def _resample_commands(self, env_ids: np.ndarray) -> None:
        kinds = self.cfg.commands.kinds
        for index in env_ids:
            kind = kinds[self._rng.choice(len(kinds), p=[share for share, *_ in kinds])]
            sign = self._rng.choice([-1, 1], 2)
            self.commands[index] = [self._draw(span) for span in kind[1:]] * np.array([1, *sign])

    def _push_robots(self) -> None:
        """Push each robot now and then, for a moment, to some side."""
        rand, steps = self.cfg.domain_rand, round(self.cfg.domain_rand.push_s / self.dt)
        self._next_push -= 1
        for index in np.flatnonzero(self._next_push == 0):
            angle, speed = self._draw((-np.pi, np.pi)), self._draw(rand.push_vel)
            force = self.sim.mass * speed / rand.push_s
            self._push_force[index] = [force * np.cos(angle), force * np.sin(angle), 0]
        self.pushes = np.where((self._next_push <= 0)[:, None], self._push_force, 0)
        for index in np.flatnonzero(self._next_push <= -steps + 1):
            self._next_push[index] = round(self._draw(rand.push_interval_s) / self.dt)

    # Below: what each term measures, before its scale.

    def _reward_tracking_lin_vel(self) -> np.ndarray:
        missed = np.sum((self.commands[:, :2] - self.base_lin_vel[:, :2]) ** 2, axis=1)
        return np.exp(-missed / self.cfg.rewards.tracking_sigma)

    def _reward_tracking_ang_vel(self) -> np.ndarray:
        missed = (self.commands[:, 2] - self.base_ang_vel[:, 2]) ** 2
        return np.exp(-missed / self.cfg.rewards.tracking_sigma)

    def _reward_lin_vel_z(self) -> np.ndarray:
        return self.base_lin_vel[:, 2] ** 2

    def _reward_ang_vel_xy(self) -> np.ndarray:
        return np.sum(self.base_ang_vel[:, :2] ** 2, axis=1)

    def _reward_orientation(self) -> np.ndarray:
        return np.sum(self.projected_gravity[:, :2] ** 2, axis=1)

    def _reward_torques(self) -> np.ndarray:
        return np.sum(self.torques**2, axis=1)

    def _reward_dof_acc(self) -> np.ndarray:
        return np.sum(((self.last_dof_vel - self.dof_vel) / self.dt) ** 2, axis=1)

    def _reward_action_rate(self) -> np.ndarray:
        return np.sum((self.last_actions - self.actions) ** 2, axis=1)

    def _reward_feet_air_time(self) -> np.ndarray:
        """At each foot's first contact, its time in the air less half a second."""
        contact = self.sim.contact_forces[:, self.feet_indices, 2] > 1
        filtered = contact | self.last_contacts
        self.last_contacts = contact
        first_contact = (self.feet_air_time > 0) & filtered
        self.feet_air_time += self.dt
        reward = np.sum((self.feet_air_time - 0.5) * first_contact, axis=1)
        self.feet_air_time *= ~filtered
        return reward * (np.linalg.norm(self.commands[:, :2], axis=1) > 0.1)

    def _reward_collision(self) -> np.ndarray:
        force = np.linalg.norm(self.sim.contact_forces[:, self.penalised_contact_indices], axis=-1)
        return np.sum(force > 0.1, axis=1)

    def _reward_termination(self) -> np.ndarray:
        return self.reset_buf & ~self.time_out_buf


def _named(names: Sequence[str], parts: Sequence[str]) -> list[int]:
    """Indices of the names that contain one of these parts."""
    return [index for index, name in enumerate(names) if any(part in name for part in parts)]
