"""A manager-based environment like Isaac Lab's over arrays, numpy's or torch's, whose physics is `legged_fake`'s.

It has the attributes of the original's public code, with their types: version 2 gives tensors and quaternions as
wxyz, version 3 immutable wrappers with the tensor in `.torch` and quaternions as xyzw. `step()` resets inside, by
`_reset_idx`, which zeroes the actions and draws new commands; the reward manager keeps rates, not what enters the
reward; data is computed anew at each look. `truth` keeps what really happened.

Runs on Python 3.8 with numpy alone.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Sequence

import numpy as np
from legged_fake import DOF_NAMES, FALLEN_ROLL, Motion, State
from legged_gym_sim import NumpyArrays, Step, TorchArrays

from replay_viewer.rotations import wxyz_to_xyzw

FEET = ("LF_FOOT", "LH_FOOT", "RF_FOOT", "RH_FOOT")
WEIGHTS = {"tracking": 1.5, "switched_off": 0.0, "orientation": -4.0, "termination": -200.0}
BOX_SPEED = 0.25


class ProxyArray:
    """What version 3 gives out: immutable, with the tensor inside."""

    def __init__(self, array: Any) -> None:
        object.__setattr__(self, "torch", array)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"ProxyArray is immutable; cannot set attribute {name!r}")


class InitialState:
    """Where version 2 would put a body."""

    def __init__(self, pos: tuple = (0.0, 0.0, 0.0), rot: tuple = (1.0, 0.0, 0.0, 0.0)) -> None:
        self.pos, self.rot = pos, rot


class InitialState3(InitialState):
    def __init__(self, pos: tuple = (0.0, 0.0, 0.0), rot: tuple = (0.0, 0.0, 0.0, 1.0)) -> None:
        super().__init__(pos, rot)


class UrdfFileCfg(SimpleNamespace):
    pass


class UsdFileCfg(SimpleNamespace):
    pass


class CuboidCfg(SimpleNamespace):
    pass


class IsaacLabSim:
    """The environment. urdf: the file of which the robot would be made, or None for one made of a USD file."""

    max_episode_length = 90

    def __init__(
        self,
        num_envs: int = 6,
        seed: int = 0,
        library: str = "numpy",
        version: int = 2,
        urdf: str | None = None,
        terrain_type: str = "plane",
    ) -> None:
        self.num_envs, self.version = num_envs, version
        self.np = NumpyArrays() if library == "numpy" else TorchArrays()
        self.physics_dt, self.step_dt = 0.005, 0.02
        self.cfg = SimpleNamespace(decimation=4, seed=11, compute_final_obs=False)
        self.truth: list[Step] = []
        self.extras: dict[str, Any] = {}
        self._rng = np.random.default_rng(seed)
        self._motion = Motion.drawn(self._rng, num_envs)
        self._torques = np.zeros((num_envs, len(DOF_NAMES)), np.float32)
        self.episode_length_buf = self.np.array(np.zeros(num_envs, np.int64))
        self._refresh()
        self.scene = Scene(self, urdf, terrain_type)
        self.command_manager, self.action_manager = Commands(self), Actions(self)
        self.observation_manager = SimpleNamespace(active_terms={"policy": ["joint_pos", "actions"], "camera": ["rgb"]})
        self.termination_manager, self.reward_manager = Terminations(self), Rewards(self)

    def give(self, values: np.ndarray) -> Any:
        """An array as the simulator's data has them."""
        array = self.np.array(np.asarray(values, np.float32))
        return ProxyArray(array) if self.version == 3 else array

    def quaternions(self, wxyz: np.ndarray) -> Any:
        return self.give(wxyz_to_xyzw(wxyz) if self.version == 3 else wxyz)

    def _refresh(self) -> None:
        """The simulator's part."""
        self.state = State.at(self._motion, numbers(self.episode_length_buf) * self.step_dt)

    def step(self, action: Any) -> tuple:
        self.action_manager.process_action(action)
        self._torques = 20 * numbers(action) - 3
        self.episode_length_buf += 1
        self._refresh()
        self.reset_buf = self.termination_manager.compute()
        self.reward_buf = self.reward_manager.compute(self.step_dt)
        self.truth.append(self._kept())
        ended = np.flatnonzero(numbers(self.reset_buf))
        if len(ended):
            if self.cfg.compute_final_obs:
                self.extras["final_obs"] = self._observed()
            self._reset_idx(self.np.array(ended))
        self.command_manager.compute()
        self._observe()
        self.truth[-1].shown = self.seen()
        terminated, late = self.termination_manager.terminated, self.termination_manager.time_outs
        return self.obs_buf, self.reward_buf, terminated, late, self.extras

    def reset(self, seed: int | None = None, env_ids: Any = None, options: dict | None = None) -> tuple:
        if env_ids is None:
            env_ids = slice(None) if self.version == 3 else self.np.array(np.arange(self.num_envs))
        self._reset_idx(env_ids)
        self._observe()
        return self.obs_buf, self.extras

    def _reset_idx(self, env_ids: Any) -> None:
        ids = np.arange(self.num_envs)[env_ids if isinstance(env_ids, slice) else numbers(env_ids)]
        self._motion.put(ids, Motion.drawn(self._rng, len(ids)))
        self.action_manager.reset(ids)
        self.command_manager.reset(ids)
        self.episode_length_buf[ids] = 0
        self._refresh()

    def _observe(self) -> None:
        self.obs_buf = self._observed()

    def _observed(self) -> dict[str, Any]:
        joint_pos = self.np.array(self.state.joint_pos.astype(np.float32))
        policy = {"joint_pos": joint_pos, "actions": self.np.array(numbers(self.action_manager.action))}
        image = self.np.array(np.zeros((self.num_envs, 2, 2, 3), np.float32))
        return {"policy": policy, "camera": image}

    def of_scene(self) -> dict[str, np.ndarray]:
        """What a recording must have of the bodies at this moment, by its names."""
        state = self.state
        return {
            "robot.base_pos": state.pos,
            "robot.base_wxyz": state.wxyz,
            "robot.base_lin_vel": state.lin_vel,
            "robot.base_ang_vel": state.ang_vel,
            "robot.joint_pos": state.joint_pos,
            "robot.joint_vel": state.joint_vel,
            "robot.joint_torque": self._torques,
            "robot.contact_force": self.forces(),
            "box.base_pos": self.box()[0],
            "box.base_wxyz": self.box()[1],
            "box.base_lin_vel": self.box()[2],
            "box.base_ang_vel": np.zeros((self.num_envs, 3)),
        }

    def seen(self) -> dict[str, np.ndarray]:
        """What a recording must have of this moment, by its names."""
        values = {**self.of_scene(), "command": numbers(self.command_manager.all)}
        if hasattr(self, "obs_buf"):
            values["obs"] = np.concatenate([numbers(part) for part in self.obs_buf["policy"].values()], -1)
        return {name: rows.astype(np.float32) for name, rows in values.items()}

    def forces(self) -> np.ndarray:
        t = numbers(self.episode_length_buf) * self.step_dt
        return 50 * np.abs(np.sin(3 * t[:, None, None] + np.arange(12).reshape(4, 3)))

    def box(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position, wxyz and velocity of the box: it slides along x, turned by a third around x."""
        t = numbers(self.episode_length_buf) * self.step_dt
        start, zeros = numbers(self.scene.env_origins), np.zeros((self.num_envs, 2))
        along = np.concatenate([BOX_SPEED * t[:, None], zeros], 1)
        turn = np.tile([np.cos(np.pi / 3), np.sin(np.pi / 3), 0, 0], (self.num_envs, 1))
        return start + along, turn, np.concatenate([np.full((self.num_envs, 1), BOX_SPEED), zeros], 1)

    def _kept(self) -> Step:
        terms = {name: rates * np.float32(self.step_dt) for name, rates in self.reward_manager.rates().items()}
        manager = self.termination_manager
        return Step(
            self.seen(),
            terms=terms,
            rew=numbers(self.reward_buf),
            act=numbers(self.action_manager.action),
            reset=numbers(manager.terminated),
            time_out=numbers(manager.time_outs),
            length=numbers(self.episode_length_buf),
        )


class Scene:
    """The bodies, sensors and ground."""

    def __init__(self, env: IsaacLabSim, urdf: str | None, terrain_type: str) -> None:
        kind = InitialState3 if env.version == 3 else InitialState
        spawn = UsdFileCfg(usd_path="robot.usd") if urdf is None else UrdfFileCfg(asset_path=urdf)
        # The pose in which it is spawned says nothing of the order: any rotation may stand here.
        robot = SimpleNamespace(prim_path="/World/envs/env_.*/Robot", spawn=spawn, init_state=kind(rot=(0, 1, 0, 0)))
        color = SimpleNamespace(diffuse_color=(1.0, 0.5, 0.0))
        cuboid = CuboidCfg(size=(0.5, 0.25, 0.125), visual_material=color)
        box = SimpleNamespace(prim_path="/World/envs/env_.*/Box", spawn=cuboid, init_state=kind())
        self.articulations = {
            "robot": SimpleNamespace(data=RobotData(env), joint_names=list(DOF_NAMES), cfg=robot, num_bodies=13)
        }
        self.rigid_objects = {"box": SimpleNamespace(data=BoxData(env), cfg=box, num_bodies=1)}
        self.sensors = {"contact_forces": ContactSensor(env), "height_scanner": RayCaster(env)}
        cfg = SimpleNamespace(terrain_type=terrain_type, prim_path="/World/ground")
        self.terrain: Any = SimpleNamespace(cfg=cfg)
        origins = np.stack([np.arange(env.num_envs) * 2.5, np.zeros(env.num_envs), np.zeros(env.num_envs)], -1)
        self.env_origins = env.np.array(origins.astype(np.float32))

    @property
    def deformable_objects(self) -> dict:
        raise NotImplementedError("Deformable objects are not supported")


class RobotData:
    """An articulation's data; what has not been written to is None."""

    joint_effort_target = None

    def __init__(self, env: IsaacLabSim) -> None:
        self._env = env

    root_pos_w = property(lambda self: self._env.give(self._env.state.pos))
    root_quat_w = property(lambda self: self._env.quaternions(self._env.state.wxyz))
    root_lin_vel_w = property(lambda self: self._env.give(self._env.state.lin_vel))
    root_ang_vel_w = property(lambda self: self._env.give(self._env.state.ang_vel))
    joint_pos = property(lambda self: self._env.give(self._env.state.joint_pos))
    joint_vel = property(lambda self: self._env.give(self._env.state.joint_vel))
    applied_torque = property(lambda self: self._env.give(self._env._torques))


class BoxData:
    def __init__(self, env: IsaacLabSim) -> None:
        self._env = env

    root_pos_w = property(lambda self: self._env.give(self._env.box()[0]))
    root_quat_w = property(lambda self: self._env.quaternions(self._env.box()[1]))
    root_lin_vel_w = property(lambda self: self._env.give(self._env.box()[2]))
    root_ang_vel_w = property(lambda self: self._env.give(np.zeros((self._env.num_envs, 3))))


class ContactSensor:
    def __init__(self, env: IsaacLabSim) -> None:
        self._env, self.body_names = env, list(FEET)
        self.cfg = SimpleNamespace(prim_path="/World/envs/env_.*/Robot/.*_FOOT")

    @property
    def data(self) -> SimpleNamespace:
        return SimpleNamespace(net_forces_w=self._env.give(self._env.forces()))

    def compute_first_contact(self, dt: float) -> Any:
        raise AssertionError("a recording has no business here")


class RayCaster:
    """It knows the ground, by its path; version 3 adds the device."""

    VERTICES = np.array([[0, 0, 0], [1, 0, 0.5], [0, 1, 0.25], [1, 1, 0]], np.float32)
    TRIANGLES = np.array([[0, 1, 2], [1, 3, 2]], np.int32)

    def __init__(self, env: IsaacLabSim) -> None:
        self.cfg = SimpleNamespace(prim_path="/World/envs/env_.*/Robot/base")
        mesh = SimpleNamespace(points=env.give(self.VERTICES), indices=env.np.array(self.TRIANGLES.reshape(-1)))
        self.meshes = {("/World/ground", "cpu") if env.version == 3 else "/World/ground": mesh}


class Commands:
    """Two terms, and one that commands nothing."""

    active_terms = ("velocity", "nothing", "height")

    def __init__(self, env: IsaacLabSim) -> None:
        self._env = env
        self.all = env.np.zeros(env.num_envs, 4)
        self.reset(np.arange(env.num_envs))

    def reset(self, ids: np.ndarray) -> None:
        drawn = self._env._rng.uniform(-1, 1, (len(ids), 4)).astype(np.float32)
        self.all[ids] = self._env.np.array(drawn)

    def compute(self) -> None:
        """As when a command aims at a place: another after each step."""
        self.all[:, 3] += 0.01

    def get_term(self, name: str) -> Any:
        if name == "nothing":
            return NullCommand()
        return SimpleNamespace(command=self.all[:, :3] if name == "velocity" else self.all[:, 3:])


class NullCommand:
    @property
    def command(self) -> Any:
        raise RuntimeError("NullCommandTerm does not generate any commands.")


class Actions:
    """Kept in place, zeroed at resets."""

    active_terms = ("legs",)
    action_term_dim = (len(DOF_NAMES),)

    def __init__(self, env: IsaacLabSim) -> None:
        self.action = env.np.zeros(env.num_envs, len(DOF_NAMES))

    def process_action(self, action: Any) -> None:
        self.action[:] = action

    def reset(self, ids: np.ndarray) -> None:
        self.action[ids] = 0


class Terminations:
    """Buffers that stay as they are until the next step."""

    active_terms = ("time_out", "base_contact", "bad_orientation")

    def __init__(self, env: IsaacLabSim) -> None:
        self._env = env
        self.time_outs, self.terminated = (env.np.array(np.zeros(env.num_envs, bool)) for _ in range(2))
        self._terms = {name: env.np.array(np.zeros(env.num_envs, bool)) for name in self.active_terms}

    def compute(self) -> Any:
        late = numbers(self._env.episode_length_buf) >= self._env.max_episode_length
        fallen = np.abs(self._env.state.roll) > FALLEN_ROLL
        for name, holds in zip(self.active_terms, (late, fallen & (np.arange(self._env.num_envs) % 2 == 0), fallen)):
            self._terms[name][:] = self._env.np.array(holds)
        self.time_outs[:] = self._env.np.array(late)
        self.terminated[:] = self._env.np.array(fallen)
        return self.time_outs | self.terminated

    def get_term(self, name: str) -> Any:
        return self._terms[name]

    def get_term_cfg(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(time_out=name == "time_out")


class Rewards:
    """`_step_reward` has weight times value; the reward has it times the step."""

    active_terms = tuple(WEIGHTS)

    def __init__(self, env: IsaacLabSim) -> None:
        self._env = env
        self._reward_buf = env.np.zeros(env.num_envs)
        self._step_reward = env.np.zeros(env.num_envs, len(WEIGHTS))

    def compute(self, dt: float) -> Any:
        self._reward_buf[:] = 0
        for index, (name, weight) in enumerate(WEIGHTS.items()):
            value = self._env.np.array(self._value(name)) * weight * dt
            self._reward_buf += value
            self._step_reward[:, index] = value / dt
        return self._reward_buf

    def get_term_cfg(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(weight=WEIGHTS[name])

    def rates(self) -> dict[str, np.ndarray]:
        return {name: numbers(self._step_reward)[:, index] for index, name in enumerate(WEIGHTS)}

    def _value(self, name: str) -> np.ndarray:
        state, commands = self._env.state, numbers(self._env.command_manager.all)
        values = {
            "tracking": 1 / (1 + (state.lin_vel[:, 0] - commands[:, 0]) ** 2),
            "switched_off": state.roll * 0,
            "orientation": state.roll**2,
            "termination": numbers(self._env.termination_manager.terminated),
        }
        return values[name].astype(np.float32)


def numbers(values: Any) -> np.ndarray:
    return np.array(values if isinstance(values, np.ndarray) else values.numpy())


def check_last_observations(columns: Any, env: IsaacLabSim, env_ids: Sequence[int]) -> None:
    """Check that ends of episodes have the observations before the reset, which begin with the joints' positions."""
    assert len(columns.ends) > 5
    for end in columns.ends:
        joint_pos = env.truth[end["step"]].real["robot.joint_pos"][env_ids[end["env_index"]]]
        np.testing.assert_array_equal(columns.last_state(end, "obs")[: joint_pos.size], joint_pos)
