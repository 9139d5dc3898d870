"""A robot whose kinematics are known by heart: two joints that swing about y, one metre apart, and a tip below them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from replay_viewer.robot import Robot, load_robot

LINKS = ("base", "upper", "lower", "tip")
JOINTS = ("shoulder", "elbow")

_URDF = """<robot name="arm">
  <link name="base"/><link name="upper"/><link name="lower"/><link name="tip"/>
  <joint name="shoulder" type="revolute">
    <parent link="base"/><child link="upper"/><axis xyz="0 1 0"/>
    <limit lower="-3" upper="3" effort="1" velocity="1"/>
  </joint>
  <joint name="elbow" type="revolute">
    <parent link="upper"/><child link="lower"/><origin xyz="0 0 -1"/><axis xyz="0 1 0"/>
    <limit lower="-3" upper="3" effort="1" velocity="1"/>
  </joint>
  <joint name="end" type="fixed"><parent link="lower"/><child link="tip"/><origin xyz="0 0 -1"/></joint>
</robot>
"""


def write_arm(folder: Path, more: str = "") -> Path:
    """Write the arm's URDF, with more elements at its end."""
    path = folder / "arm.urdf"
    path.write_text(_URDF.replace("</robot>", more + "</robot>"))
    return path


def arm(folder: Path) -> Robot:
    """The arm as a robot."""
    return load_robot(write_arm(folder))


def tip_of(shoulder: np.ndarray | float, elbow: np.ndarray | float) -> np.ndarray:
    """Where the tip is from the base, (..., 3) [m]: a turn about y by a takes (0, 0, -1) to (-sin a, 0, -cos a)."""
    below = np.asarray(shoulder) + np.asarray(elbow)
    x = -np.sin(shoulder) - np.sin(below)
    z = -np.cos(shoulder) - np.cos(below)
    return np.stack([x, np.zeros_like(x), z], axis=-1)
