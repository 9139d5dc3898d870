"""Real robots that go straight on, at a known speed in a known direction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from memory_rollout import memory_rollout, still

from replay_viewer import rotations
from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.robot import load_robot
from replay_viewer.rollout.entities import EntitySpec


def swaying(urdf: Path, num_steps: int, control_dt: float, heading: float = 0.0, speed: float = 0.5) -> Replay:
    """A robot that goes on at a speed [m/s] the way that it heads [rad] and moves all its joints, without rewards."""
    robot, seconds = load_robot(urdf), control_dt * np.arange(num_steps)
    values = still(num_steps, 1)
    way = np.array([np.cos(heading), np.sin(heading), 0.0])
    values["robot.base_pos"][:, 0] = speed * seconds[:, None] * way + [0.0, 0.0, 0.6]
    values["robot.base_wxyz"][:] = rotations.from_rpy(np.zeros(1), np.zeros(1), np.full(1, heading))
    values["robot.joint_pos"] = np.repeat(0.2 * np.sin(3 * seconds)[:, None, None], robot.num_joints, 2)
    entity = EntitySpec("robot", joint_names=robot.joint_names)
    return with_robots(memory_rollout(values, control_dt=control_dt, entities=[entity]), robot)
