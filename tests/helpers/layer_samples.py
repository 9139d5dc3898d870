"""A small robot that walks, with all that layers need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from arm_urdf import JOINTS, write_arm
from memory_rollout import memory_rollout, still
from urdf_files import visual

from replay_viewer.layers import builtin_layers
from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.robot import load_robot
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rotations import from_rpy


def walk(
    folder: Path,
    num_steps: int = 21,
    more: Mapping[str, np.ndarray] | None = None,
    yaw: float = 0.0,
    episodes: Sequence[Episode] | None = None,
    **facts: Any,
) -> Replay:
    """The arm as a robot that goes along x at 1 m/s, heading as it is told to, its joints at zero."""
    values = still(num_steps, 1)
    values["robot.base_pos"][:, 0, 0] = 0.1 * np.arange(num_steps)
    values["robot.base_wxyz"][:, 0] = from_rpy(0, 0, yaw)  # type: ignore[arg-type]
    values["robot.joint_pos"] = np.zeros((num_steps, 1, 2))
    box = visual('<box size="0.2 0.2 0.2"/>')
    parts = "".join(f'<link name="{name}">{box}</link>' for name in ("foot", "hand"))
    fixed = '<joint name="j{0}" type="fixed"><parent link="{1}"/><child link="{2}"/></joint>'
    robot = load_robot(write_arm(folder, parts + fixed.format(1, "tip", "foot") + fixed.format(2, "upper", "hand")))
    entity = EntitySpec("robot", joint_names=JOINTS, contact_bodies=("tip", "base"))
    stated = None if episodes is None else {0: episodes}
    rollout = memory_rollout(values | dict(more or {}), entities=[entity], control_dt=0.1, episodes=stated, **facts)
    return with_robots(rollout, robot)


def constant(num_steps: int, *numbers: Any) -> np.ndarray:
    return np.broadcast_to(np.array(numbers, dtype=float), (num_steps, 1, *np.shape(numbers)))


def forces(num_steps: int, tip: Sequence[float], base: Sequence[float]) -> dict[str, np.ndarray]:
    return {"robot.contact_force": constant(num_steps, list(tip), list(base))}


def torques(num_steps: int = 21) -> dict[str, np.ndarray]:
    values = np.zeros((num_steps, 1, 2))
    values[:, 0, 0] = np.linspace(0, -0.5, num_steps)
    return {"robot.joint_torque": values}


def shapes_at(replay: Replay, layer: str, *positions: float) -> list[Sequence[Any]]:
    """What a layer draws at some positions, one after the other."""
    found = next(one for one in builtin_layers(replay) if one.name == layer)
    return [found.shapes(replay.frames.frame_at(position, [0])) for position in positions]
