"""Recordings of many envs whose robots trot on the spot and fall now and then."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.terminals import EpisodeEnds
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.robot import load_robot
from replay_viewer.rollout.entities import EntitySpec

SPACING = 3.0


def grid_origins(num_envs: int) -> np.ndarray:
    """Env origins (N, 3) [m] as Isaac Gym lays them out."""
    side = math.ceil(math.sqrt(num_envs))
    rows, columns = np.divmod(np.arange(num_envs), side)
    return np.stack([SPACING * rows, SPACING * columns, np.zeros(num_envs)], axis=1)


def record_crowd(
    path: Path, urdf: Path, num_envs: int, num_steps: int, *, height: float, mean_episode: int = 0, shared: bool = False
) -> Path:
    """Record a crowd.

    Args:
        path: of the recording.
        urdf: of the robot.
        num_envs: N.
        num_steps: T.
        height: of the bases above the ground [m].
        mean_episode: mean length of an episode in steps; 0 for one that never ends.
        shared: all envs at one place, as simulators without a grid of envs have them.
    """
    rng = np.random.default_rng(0)
    joint_names = load_robot(urdf).joint_names
    origins = np.zeros((num_envs, 3)) if shared else grid_origins(num_envs)
    phases = rng.uniform(0, 2 * np.pi, (num_envs, len(joint_names)))
    info = RecordingInfo(
        env_ids=range(num_envs),
        control_dt=0.02,
        entities=[EntitySpec("robot", joint_names=joint_names, urdf=str(urdf))],
        env_origins=origins.tolist(),
        terminal_states="captured",
    )
    with ContainerWriter(path, info) as writer:
        for step in range(num_steps):
            values = _values(step, origins, phases, height)
            if mean_episode and step:
                _end_some(writer, step, np.flatnonzero(rng.uniform(size=num_envs) < 1 / mean_episode), values)
            writer.append(step, step * info.control_dt, values)
    return path


def _values(step: int, origins: np.ndarray, phases: np.ndarray, height: float) -> dict[str, np.ndarray]:
    """Numbers of one step; env k earns k / N in each."""
    num_envs = len(origins)
    yaw = 0.02 * step + phases[:, 0]
    base_pos = origins + np.array([0, 0, height])
    base_pos[:, :2] += 0.3 * np.stack([np.cos(yaw), np.sin(yaw)], axis=1)
    wxyz = np.zeros((num_envs, 4))
    wxyz[:, 0], wxyz[:, 3] = np.cos(yaw / 2), np.sin(yaw / 2)
    return {
        "robot.base_pos": base_pos.astype(np.float32),
        "robot.base_wxyz": wxyz.astype(np.float32),
        "robot.joint_pos": (0.25 * np.sin(0.2 * step + phases)).astype(np.float32),
        "rew": (np.arange(num_envs) / num_envs).astype(np.float32),
        "flags": np.zeros(num_envs, np.uint32),
    }


def _end_some(writer: ContainerWriter, step: int, envs: np.ndarray, values: dict[str, np.ndarray]) -> None:
    """Let the episodes of these envs end: even ones fall, odd ones run out of time."""
    if len(envs):
        outcomes = ["truncated" if env % 2 else "terminated" for env in envs.tolist()]
        ended = {name: rows[envs] for name, rows in values.items()}
        writer.end_episodes(EpisodeEnds(step=step, env_indices=envs.tolist(), outcome=outcomes, values=ended))
