"""A legged_gym-like environment whose physics is a formula, so that every recorded number can be compared with truth.

It behaves as legged_gym does where that matters to a recording: rows of `root_states` are xyzw; `step()` counts, checks
terminations, computes rewards (clipped at zero, the termination term added after that) and then resets the envs that
ended, so that what it shows after `step()` is already the next episode; `extras["time_outs"]` is refreshed at resets
only; the joints come depth first, which is not their order in the URDF.

The motion of an env in one episode, t seconds after its reset: it walks along an arc at constant speed and yaw rate,
its roll decays, its joints swing; from `fall_time` on it topples at a constant angular acceleration.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from replay_viewer import rotations

LEGS = ("LF", "LH", "RF", "RH")
URDF_LEGS = ("LF", "RF", "LH", "RH")
DOF_NAMES = tuple(f"{leg}_{joint}" for leg in LEGS for joint in ("HAA", "HFE", "KFE"))
URDF_DOF_NAMES = tuple(f"{leg}_{joint}" for leg in URDF_LEGS for joint in ("HAA", "HFE", "KFE"))

# With its joints in the URDF's order.
DOG_URDF = "".join(
    ['<robot name="dog"><link name="base"/>']
    + [
        f'<link name="{n}_l"/><joint name="{n}" type="revolute"><parent link="base"/><child link="{n}_l"/>'
        '<axis xyz="1 0 0"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>'
        for n in URDF_DOF_NAMES
    ]
    + ["</robot>"]
)

HEIGHT = 0.5
FALLEN_ROLL = 0.9
TOPPLING = 12.0  # [rad/s^2]


@dataclass
class Motion:
    """What one episode of each env does, arrays (N, ...): start, heading and its rate, speed, roll, time of a fall."""

    start: np.ndarray
    yaw: np.ndarray
    yaw_rate: np.ndarray
    speed: np.ndarray
    roll: np.ndarray
    roll_decay: np.ndarray
    fall_time: np.ndarray
    phase: np.ndarray

    @classmethod
    def drawn(cls, rng: np.random.Generator, num_envs: int) -> Motion:
        sign = rng.choice([-1.0, 1.0], num_envs)
        return cls(
            start=np.column_stack([rng.uniform(-3, 3, (num_envs, 2)), np.full(num_envs, HEIGHT)]),
            yaw=rng.uniform(-np.pi, np.pi, num_envs),
            yaw_rate=sign * rng.uniform(0.3, 1.0, num_envs),
            speed=rng.uniform(0.4, 1.2, num_envs),
            roll=rng.uniform(-0.1, 0.1, num_envs),
            roll_decay=rng.uniform(0.5, 2.0, num_envs),
            fall_time=rng.uniform(0.5, 4.0, num_envs),
            phase=rng.uniform(0, 2 * np.pi, (num_envs, len(DOF_NAMES))),
        )

    def put(self, env_ids: np.ndarray, other: Motion) -> None:
        for name, values in vars(self).items():
            values[env_ids] = getattr(other, name)


@dataclass
class State:
    """Poses and velocities of all envs, (N, ...), float64, wxyz; velocities in the world's frame."""

    pos: np.ndarray
    wxyz: np.ndarray
    lin_vel: np.ndarray
    ang_vel: np.ndarray
    joint_pos: np.ndarray
    joint_vel: np.ndarray
    roll: np.ndarray

    @classmethod
    def at(cls, m: Motion, t: np.ndarray) -> State:
        """The state t (N,) seconds after the reset: each formula is the exact integral of the velocity beside it."""
        yaw = m.yaw + m.yaw_rate * t
        falling = np.maximum(t - m.fall_time, 0)
        roll = m.roll * np.exp(-m.roll_decay * t) + TOPPLING / 2 * falling**2
        roll_rate = -m.roll_decay * m.roll * np.exp(-m.roll_decay * t) + TOPPLING * falling
        radius = m.speed / m.yaw_rate
        arc = np.column_stack([np.sin(yaw) - np.sin(m.yaw), np.cos(m.yaw) - np.cos(yaw)]) * radius[:, None]
        ahead = np.column_stack([np.cos(yaw), np.sin(yaw), np.zeros_like(yaw)])
        swing = 2 * np.pi * 1.5 * t[:, None] + m.phase
        zero = np.zeros_like(yaw)
        return cls(
            pos=m.start + np.column_stack([arc, HEIGHT * (np.cos(roll) - 1)]),
            wxyz=rotations.from_rpy(roll, zero, yaw),
            lin_vel=m.speed[:, None] * ahead - np.column_stack([zero, zero, HEIGHT * np.sin(roll) * roll_rate]),
            ang_vel=roll_rate[:, None] * ahead + np.column_stack([zero, zero, m.yaw_rate]),
            joint_pos=0.3 * np.sin(swing) + np.arange(len(DOF_NAMES)) / 10,
            joint_vel=0.3 * 2 * np.pi * 1.5 * np.cos(swing),
            roll=roll,
        )

    def root_states(self) -> np.ndarray:
        """(N, 13) float32 as Isaac Gym has them: position, xyzw, linear and angular velocity."""
        columns = [self.pos, rotations.wxyz_to_xyzw(self.wxyz), self.lin_vel, self.ang_vel]
        return np.concatenate(columns, axis=-1).astype(np.float32)


class LeggedFake:
    """The environment. `before_reset` is what no simulator shows: the state that a step's reset overwrote."""

    dof_names = DOF_NAMES
    dt = 0.02
    max_episode_length = 150

    def __init__(self, num_envs: int = 5, seed: int = 0) -> None:
        self.num_envs = num_envs
        self._rng = np.random.default_rng(seed)
        self._motion = Motion.drawn(self._rng, num_envs)
        self.episode_length_buf = np.zeros(num_envs, dtype=np.int64)
        self.extras: dict[str, np.ndarray] = {}
        self._refresh()

    def _refresh(self) -> State:
        state = State.at(self._motion, self.episode_length_buf * self.dt)
        self.root_states = state.root_states()
        self.dof_pos = state.joint_pos.astype(np.float32)
        self.dof_vel = state.joint_vel.astype(np.float32)
        return state

    def step(self) -> None:
        """One control step; ended envs are reset before it returns."""
        self.episode_length_buf += 1
        self.before_reset = self._refresh()
        self.time_out_buf = self.episode_length_buf >= self.max_episode_length
        self.reset_buf = (np.abs(self.before_reset.roll) > FALLEN_ROLL) | self.time_out_buf
        self._compute_reward(self.before_reset)
        if self.reset_buf.any():
            self.reset_idx(np.flatnonzero(self.reset_buf))

    def _compute_reward(self, state: State) -> None:
        speed = np.linalg.norm(state.lin_vel[:, :2], axis=-1)
        terms = {
            "tracking": self.dt * np.exp(-((speed - 0.8) ** 2) / 0.25),
            "orientation": -2.0 * self.dt * state.roll**2,
            "joint_vel": -1e-4 * self.dt * np.sum(state.joint_vel**2, axis=-1),
        }
        clipped = np.maximum(sum(terms.values()), 0)
        terms["termination"] = -0.5 * (self.reset_buf & ~self.time_out_buf)
        self.reward_terms = {name: values.astype(np.float32) for name, values in terms.items()}
        self.rew_buf = (clipped + terms["termination"]).astype(np.float32)

    def reset_idx(self, env_ids: np.ndarray) -> None:
        """Start new episodes, at another place, of these envs."""
        self._motion.put(env_ids, Motion.drawn(self._rng, len(env_ids)))
        self.episode_length_buf[env_ids] = 0
        self._refresh()
        self.extras["time_outs"] = self.time_out_buf.copy()


@dataclass
class Truth:
    """What T steps did, arrays (T, N, ...). shown: after `step()` returned. real: before its resets."""

    shown: dict[str, np.ndarray]
    real: dict[str, np.ndarray]
    rew: np.ndarray
    terms: dict[str, np.ndarray]
    reset: np.ndarray
    time_outs: np.ndarray
    stale_time_outs: np.ndarray

    def ends(self, env_index: int) -> list[tuple[int, str]]:
        """(last step, outcome) of each finished episode of an env."""
        steps = np.flatnonzero(self.reset[:, env_index])
        return [(int(s), "truncated" if self.time_outs[s, env_index] else "terminated") for s in steps]

    def arrays(self, rows: str = "shown") -> dict[str, np.ndarray]:
        """Of a plain npz: poses, joints, time step and reward, with the "shown" or the "real" rows."""
        state = self.shown if rows == "shown" else self.real
        kept = {key: state[key] for key in ("base_pos", "base_quat", "dof_pos", "dof_vel")}
        return {**kept, "dof_names": np.array(DOF_NAMES), "dt": np.array(LeggedFake.dt), "rew": self.rew}


def roll_out(num_steps: int = 400, num_envs: int = 5, seed: int = 0) -> Truth:
    """Let the environment run, and keep everything."""
    env = LeggedFake(num_envs, seed)
    log: dict[str, list[np.ndarray]] = defaultdict(list)
    for _ in range(num_steps):
        env.step()
        for key, values in _row(env).items():
            log[key].append(values)
    arrays = {key: np.stack(rows) for key, rows in log.items()}
    shown, real, terms = (_under(prefix, arrays) for prefix in ("shown/", "real/", "terms/"))
    flags = (arrays["reset"], arrays["time_outs"], arrays["stale_time_outs"])
    return Truth(shown, real, arrays["rew"], terms, *flags)


def _row(env: LeggedFake) -> dict[str, np.ndarray]:
    real = env.before_reset
    shown_row = _signals("shown/", env.root_states, env.dof_pos, env.dof_vel)
    real_row = _signals("real/", real.root_states(), real.joint_pos, real.joint_vel)
    no_time_outs = np.zeros(env.num_envs, dtype=bool)
    return {
        **shown_row,
        **real_row,
        **{f"terms/{name}": values for name, values in env.reward_terms.items()},
        "rew": env.rew_buf,
        "reset": env.reset_buf,
        "time_outs": env.time_out_buf,
        "stale_time_outs": env.extras.get("time_outs", no_time_outs),
    }


def _signals(prefix: str, root: np.ndarray, joint_pos: np.ndarray, joint_vel: np.ndarray) -> dict[str, np.ndarray]:
    return {
        f"{prefix}base_pos": root[:, :3],
        f"{prefix}base_quat": root[:, 3:7],
        f"{prefix}base_lin_vel": root[:, 7:10],
        f"{prefix}base_ang_vel": root[:, 10:13],
        f"{prefix}dof_pos": joint_pos.astype(np.float32),
        f"{prefix}dof_vel": joint_vel.astype(np.float32),
    }


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key[len(prefix) :]: values for key, values in arrays.items() if key.startswith(prefix)}
