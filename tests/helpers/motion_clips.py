"""Motion clips as BeyondMimic and mjlab write them, of a robot whose bodies and joints are in a chosen order."""

from __future__ import annotations

from typing import Any

import numpy as np

from replay_viewer import rotations
from replay_viewer.robot import Robot
from replay_viewer.robot.orders import BodyOrder, body_orders

FPS = 50


def order_of(robot: Robot, name: str) -> BodyOrder:
    """The order whose name begins so, such as "breadth"."""
    return next(order for order in body_orders(robot) if order.name.startswith(name))


def clip(robot: Robot, joints: BodyOrder, bodies: BodyOrder, num_steps: int = 60) -> dict[str, Any]:
    """The robot turns on its way along a circle, while each of its joints swings at a frequency of its own."""
    time = np.arange(num_steps) / FPS
    random = np.random.default_rng(0)
    swing = 0.5 * np.sin(
        random.uniform(1, 5, robot.num_joints) * time[:, None] + random.uniform(0, 6, robot.num_joints)
    )
    yaw = 0.8 * time
    base_pos = np.stack([np.sin(yaw), 1 - np.cos(yaw), 0.8 + 0.02 * np.sin(9 * time)], axis=-1)
    base_wxyz = rotations.from_rpy(0 * yaw, 0.1 * np.sin(7 * time), yaw)
    pos, wxyz = robot.forward_kinematics(swing, base_pos, base_wxyz)
    columns = [robot.joint_names.index(name) for name in joints.joints]
    links = list(bodies.links)
    return {
        "fps": np.array([FPS]),
        "joint_pos": swing[:, columns].astype(np.float32),
        "joint_vel": np.gradient(swing, 1 / FPS, axis=0)[:, columns].astype(np.float32),
        "body_pos_w": pos[:, links].astype(np.float32),
        "body_quat_w": wxyz[:, links].astype(np.float32),
        "body_lin_vel_w": np.gradient(pos, 1 / FPS, axis=0)[:, links].astype(np.float32),
        "body_ang_vel_w": np.zeros((num_steps, len(links), 3), np.float32),
    }
