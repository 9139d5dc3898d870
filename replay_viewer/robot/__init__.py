"""Robots: URDF, meshes and batched forward kinematics."""

from .bodies import from_shape, neutral_body
from .joints import JointMapping, map_joints
from .robot import Robot, load_robot
from .visuals import Visual

__all__ = ["JointMapping", "Robot", "Visual", "from_shape", "load_robot", "map_joints", "neutral_body"]
