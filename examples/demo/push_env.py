"""Two robots that push a box to a target: n envs of a task in which each robot is rewarded for itself.

Buffers and their names are in the manner of legged_gym and MQE, in numpy: what `step` returns has been reset where an
episode ended. A robot is told how fast to walk; a trot by feedback makes joint targets of that, and MuJoCo the rest.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

import mujoco
import numpy as np
from push_plan import Plan
from push_scene import CONTACT_BODIES, PHYSICS_DT, Places, contact_forces, push_model, put, with_box
from trot import State
from trotter import KD, KP, trot_of

from replay_viewer import rotations

DECIMATION = 10
WEIGHTS = {
    "box_progress": 8.0,
    "closeness": 0.5,
    "tracking_lin_vel": 0.5,
    "tracking_ang_vel": 0.25,
    "upright": -2.0,
    "torques": -1e-4,
    "action_rate": -5.0,
    "fall": -4.0,
    "success": 4.0,
}
"""Of the reward terms, per second; those of `ONCE` per metre and per event."""
ONCE = ("box_progress", "fall", "success")
NEAR, SLOW, HELD = 0.2, 0.05, 25
"""A success: the box within so many metres of the target, slower than this [m/s], for so many steps."""
FASTER = np.array([0.06, 0.06, 0.12])
"""How much a command may change in a step [m/s, m/s, rad/s]."""
LOW, LYING = 0.17, 30
"""A fall: a base lower than this [m] for so many steps."""


class PushEnv:
    """The task.

    Args:
        num_envs: N; each has A = 2 robots.
        seed: of everything random.
        seconds: after which an episode's time is up.

    Attributes:
        env_origins: (N, 3) where the envs stand in the world; the positions below are in the world.
        base_pos, base_wxyz, base_lin_vel, base_ang_vel: of the robots, (N, A, 3 or 4), in the world frame.
        dof_pos, dof_vel, torques: (N, A, 12).
        contact_forces: (N, A, 5, 3) [N], of push_scene.CONTACT_BODIES.
        shoves: (N, A, 3) [N] what robots are pushed with from outside.
        box_pos, box_wxyz, box_lin_vel, box_ang_vel: (N, 3 or 4).
        target: x, y [m] and yaw of where the box shall be, (N, 3).
        actions, commands: (N, A, 3) forward and leftward velocity [m/s] and turn rate [rad/s]; the second are those
            that are walked, within bounds.
        terms: by name (N, A), as they entered the reward of the last step; rew_buf: (N, A), their sum.
        reset_buf, time_out_buf, fall_buf, success_buf, episode_length_buf: (N,), of the last step.
    """

    num_agents = 2
    dt = DECIMATION * PHYSICS_DT

    def __init__(self, num_envs: int = 4, seed: int = 0, seconds: float = 9.0) -> None:
        self.num_envs, self.seed, self.max_episode_length = num_envs, seed, round(seconds / self.dt)
        self._random = np.random.default_rng(seed)
        self._model, self._plan = push_model(), Plan()
        self._places = Places(self._model)
        self._models = [self._model] * num_envs
        self._data = [mujoco.MjData(self._model) for _ in range(num_envs)]
        self._trot = trot_of(num_envs * self.num_agents, self.dt)
        side = int(np.ceil(np.sqrt(num_envs)))
        self.env_origins = np.array([[5.0 * (i % side), 3.5 * (i // side), 0.0] for i in range(num_envs)])
        self._make_buffers()
        self.reset()

    def _make_buffers(self) -> None:
        each = (self.num_envs, self.num_agents)
        self.base_pos, self.base_lin_vel, self.base_ang_vel = (np.zeros((*each, 3)) for _ in range(3))
        self.base_wxyz, self.box_wxyz = np.zeros((*each, 4)), np.zeros((self.num_envs, 4))
        self.dof_pos, self.dof_vel, self.torques = (np.zeros((*each, 12)) for _ in range(3))
        self.contact_forces = np.zeros((*each, len(CONTACT_BODIES), 3))
        self.commands, self.shoves, self.actions = (np.zeros((*each, 3)) for _ in range(3))
        self._shoved_for = np.zeros(each, int)
        self.box_pos, self.box_lin_vel, self.box_ang_vel, self.target = (np.zeros((self.num_envs, 3)) for _ in range(4))
        self.terms = {name: np.zeros(each) for name in WEIGHTS}
        self.rew_buf, self._low = np.zeros(each), np.zeros(each, int)
        self.reset_buf, self.time_out_buf, self.success_buf = (np.zeros(self.num_envs, bool) for _ in range(3))
        self.fall_buf = np.zeros(each, bool)
        self.episode_length_buf, self._held = np.zeros(self.num_envs, int), np.zeros(self.num_envs, int)
        self._distance = np.zeros(self.num_envs)

    def reset(self) -> np.ndarray:
        """Begin all episodes anew; returns the observations."""
        self.reset_idx(np.arange(self.num_envs))
        return self.observations()

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """One control step: observations, rewards (N, A), which envs were reset (N,), and more about those.

        Args:
            actions: forward and leftward velocity [m/s] and turn rate [rad/s] of each robot, (N, A, 3).
        """
        change = np.clip(actions, [-0.5, -0.4, -1.0], [0.8, 0.4, 1.0]) - self.commands
        self.commands = self.commands + np.clip(change, -FASTER, FASTER)
        self._simulate()
        self.episode_length_buf += 1
        self._refresh()
        self._check_ends()
        self._reward(actions)
        self.reset_idx(np.flatnonzero(self.reset_buf))
        extras = {"time_outs": self.time_out_buf, "success": self.success_buf}
        return self.observations(), self.rew_buf, self.reset_buf, extras

    def plan(self) -> np.ndarray:
        """Actions that push the box to the target, (N, A, 3)."""
        return self._plan.commands(*self.observations_by_name().values())

    def observations_by_name(self) -> dict[str, np.ndarray]:
        """Places, each x, y [m] and yaw, of the robots (N, A, 3), the box (N, 3) and the target (N, 3)."""
        robots = np.concatenate([self.base_pos[..., :2], rotations.yaw(self.base_wxyz)[..., None]], axis=-1)
        box = np.concatenate([self.box_pos[:, :2], rotations.yaw(self.box_wxyz)[:, None]], axis=-1)
        return {"robots": robots, "box": box, "target": self.target}

    def observations(self) -> np.ndarray:
        """Those places side by side, relative to the env's origin, (N, 12)."""
        seen = self.observations_by_name()
        rows = np.concatenate([seen["robots"], seen["box"][:, None], seen["target"][:, None]], axis=1)
        rows[..., :2] -= self.env_origins[:, None, :2]
        return rows.reshape(self.num_envs, -1)

    def shove(self, env: int, agent: int, force: tuple[float, float, float], seconds: float) -> None:
        """Push a robot's base from outside [N] for so long."""
        self.shoves[env, agent], self._shoved_for[env, agent] = force, round(seconds / self.dt)

    def load(self, env: int, mass: float, friction: float) -> None:
        """Give an env's box another mass [kg] and friction until the next episode."""
        self._models[env] = with_box(self._model, mass, friction)

    def _simulate(self) -> None:
        self.shoves[self._shoved_for <= 0] = 0
        targets = self._trot.targets(self._state(), self.commands.reshape(-1, 3), KP, KD).reshape(self.dof_pos.shape)
        for model, data, joints, shoves in zip(self._models, self._data, targets, self.shoves, strict=True):
            data.ctrl[self._places.motors] = joints
            data.xfrc_applied[self._places.bases, :3] = shoves
            mujoco.mj_step(model, data, DECIMATION)
        self._shoved_for -= 1

    def _state(self) -> State:
        """Of all robots, as the trot has them."""
        buffers = (self.base_pos, self.base_wxyz, self.base_lin_vel, self.base_ang_vel, self.dof_pos, self.dof_vel)
        return State(*(buffer.reshape(-1, buffer.shape[-1]) for buffer in buffers))

    def _refresh(self) -> None:
        """Copy the simulator's state into the buffers."""
        at = self._places
        for env, (model, data) in enumerate(zip(self._models, self._data, strict=True)):
            base, speed = data.qpos[at.base_qpos], data.qvel[at.base_qvel]
            self.base_pos[env], self.base_wxyz[env] = base[:, :3] + self.env_origins[env], base[:, 3:]
            self.base_lin_vel[env], self.base_ang_vel[env] = speed[:, :3], rotations.rotate(base[:, 3:], speed[:, 3:])
            self.dof_pos[env], self.dof_vel[env] = data.qpos[at.joint_qpos], data.qvel[at.joint_qvel]
            self.torques[env] = data.actuator_force[at.motors]
            self.contact_forces[env] = contact_forces(model, data, at)
            box, speed = data.qpos[at.box_qpos], data.qvel[at.box_qvel]
            self.box_pos[env], self.box_wxyz[env] = box[:3] + self.env_origins[env], box[3:]
            self.box_lin_vel[env], self.box_ang_vel[env] = speed[:3], rotations.rotate(box[3:], speed[3:])

    def _check_ends(self) -> None:
        self._low = np.where(self.base_pos[..., 2] < LOW, self._low + 1, 0)
        self.fall_buf = self._low >= LYING
        is_there = (self._away() < NEAR) & (np.linalg.norm(self.box_lin_vel, axis=1) < SLOW)
        self._held = np.where(is_there, self._held + 1, 0)
        self.success_buf = self._held >= HELD
        ended = self.fall_buf.any(axis=1) | self.success_buf
        self.time_out_buf = (self.episode_length_buf >= self.max_episode_length) & ~ended
        self.reset_buf = ended | self.time_out_buf

    def _reward(self, actions: np.ndarray) -> None:
        """Every term by its formula; what concerns the box alone is the same for both robots."""
        up, lin_vel, ang_vel = self._in_base_frame()
        places = self._plan.places(self.observations_by_name()["box"])
        away, everyone = self._away(), np.ones(self.rew_buf.shape)
        values = {
            "box_progress": (self._distance - away)[:, None] * everyone,
            "closeness": np.exp(-4 * np.sum((places[..., :2] - self.base_pos[..., :2]) ** 2, axis=-1)),
            "tracking_lin_vel": np.exp(-4 * np.sum((self.commands - lin_vel)[..., :2] ** 2, axis=-1)),
            "tracking_ang_vel": np.exp(-4 * (self.commands - ang_vel)[..., 2] ** 2),
            "upright": 1 - up[..., 2],
            "torques": np.sum(self.torques**2, axis=-1),
            "action_rate": np.sum((actions - self.actions) ** 2, axis=-1),
            "fall": self.fall_buf * everyone,
            "success": self.success_buf[:, None] * everyone,
        }
        scales = {name: weight * (1 if name in ONCE else self.dt) for name, weight in WEIGHTS.items()}
        self.terms = {name: scales[name] * value for name, value in values.items()}
        self.rew_buf = np.sum(list(self.terms.values()), axis=0)
        self._distance, self.actions = away, np.array(actions)

    def _in_base_frame(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The world's upward axis, linear and angular velocity, as the robots' bases see them, (N, A, 3) each."""
        to_base = rotations.conjugate(self.base_wxyz)
        up = rotations.rotate(to_base, np.array([0.0, 0.0, 1.0]))
        return up, rotations.rotate(to_base, self.base_lin_vel), rotations.rotate(to_base, self.base_ang_vel)

    def _away(self) -> np.ndarray:
        """How far the box is from the target, (N,) [m]."""
        return np.linalg.norm(self.box_pos[:, :2] - self.target[:, :2], axis=1)

    def reset_idx(self, env_ids: np.ndarray) -> None:
        """Begin new episodes in these envs: everything at other places, a box of another weight."""
        for env in env_ids:
            self._models[env] = with_box(self._model, self._random.uniform(4, 8), self._random.uniform(0.25, 0.4))
            self._data[env] = mujoco.MjData(self._models[env])
            self._put(env)
        agents = np.add.outer(self.num_agents * np.asarray(env_ids, int), np.arange(self.num_agents)).ravel()
        self._trot.reset(agents, self._random.uniform(0, 1, len(agents)))
        for buffer in (self.shoves, self._shoved_for, self.actions, self.commands, self._low, self._held):
            buffer[env_ids] = 0
        self.episode_length_buf[env_ids] = 0
        if len(env_ids):
            self._refresh()
            self._distance[env_ids] = self._away()[env_ids]

    def _put(self, env: int) -> None:
        """Robots behind the box, the target before it."""
        random = self._random
        box = np.array([0.0, 0.0, random.uniform(-0.1, 0.1)])
        robots = np.array([[-1.2, 0.38, 0.0], [-1.2, -0.38, 0.0]]) + random.uniform(-1, 1, (2, 3)) * [0.15, 0.1, 0.25]
        bearing, distance = random.uniform(-0.25, 0.25), random.uniform(1.5, 1.9)
        self.target[env] = distance * np.cos(bearing), distance * np.sin(bearing), bearing
        self.target[env, :2] += self.env_origins[env, :2]
        put(self._data[env], self._places, robots, box)
        mujoco.mj_forward(self._models[env], self._data[env])
