"""Frames, cameras and pictures for the tests of the rasteriser."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np

from replay_viewer.camera.presets import CameraPose
from replay_viewer.replay.frames import EntityPoses, Frame
from replay_viewer.robot import Robot, load_robot
from replay_viewer.robot.materials import to_linear
from replay_viewer.rollout.rollout import Terrain

GO2 = "go2_description/urdf/go2.urdf"
ANYMAL_C = "anymal_c_simple_description/urdf/anymal.urdf"
G1 = "g1_description/urdf/g1_29dof_rev_1_0.urdf"
TALOS = "talos_data/robots/talos_full_v2.urdf"
UPRIGHT = (1.0, 0.0, 0.0, 0.0)
# The ground is drawn in both of its colours, or not at all, where a scene has a terrain.
NO_GROUND = Terrain(np.zeros((0, 3)), np.zeros((0, 3), np.int64))


@cache
def real_robot(folder: Path, file: str) -> Robot:
    """A robot of example-robot-data; its meshes are read once for all tests."""
    return load_robot(folder / file)


def frame_of(**entities: EntityPoses) -> Frame:
    num_envs = max([len(poses.link_positions) for poses in entities.values()], default=1)
    unmarked = np.zeros(num_envs, np.bool_)
    return Frame(0.0, tuple(range(num_envs)), entities, unmarked, unmarked)


def poses_of(
    robot: Robot, base_pos: object = (0.0, 0.0, 0.0), base_wxyz: object = UPRIGHT, joint_pos: object = 0.0
) -> EntityPoses:
    """A robot's links in as many envs as there are base positions (E, 3); the rest is broadcast."""
    base = np.atleast_2d(np.asarray(base_pos, np.float64))
    wxyz = np.broadcast_to(np.asarray(base_wxyz, np.float64), (len(base), 4))
    joints = np.broadcast_to(np.asarray(joint_pos, np.float64), (len(base), robot.num_joints))
    positions, rotations = robot.forward_kinematics(joints, base, wxyz)
    return EntityPoses(positions.astype(np.float32), rotations.astype(np.float32))


def nobody(robot: Robot) -> EntityPoses:
    """Poses of a robot in no env."""
    return EntityPoses(np.zeros((0, robot.num_links, 3), np.float32), np.zeros((0, robot.num_links, 4), np.float32))


def height_to_stand(robot: Robot, joint_pos: object = 0.0) -> float:
    """The height [m] of an upright base at which the robot's lowest point is on the ground."""
    joints = np.broadcast_to(np.asarray(joint_pos, np.float64), robot.num_joints)
    return -float(robot.lowest_point(joints, np.zeros(3), np.array(UPRIGHT)))


def camera_at(position: object, look_at: object, up: object = (0.0, 0.0, 1.0), degrees: float = 45.0) -> CameraPose:
    return CameraPose(*(np.asarray(v, np.float64) for v in (position, look_at, up)), fov=math.radians(degrees))


def from_above(x: float, y: float, height: float) -> CameraPose:
    """A camera that looks straight down at (x, y): x goes to the right in the picture, y up."""
    return camera_at((x, y, height), (x, y, 0.0), up=(0.0, 1.0, 0.0))


def height_field(half: float, heights: np.ndarray) -> Terrain:
    """A square of ground about the origin, of heights (n, n) [m]."""
    count = len(heights)
    x, y = np.meshgrid(np.linspace(-half, half, count), np.linspace(-half, half, count), indexing="ij")
    corner = np.arange(count * count).reshape(count, count)
    lower = np.stack([corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:]], axis=-1)
    upper = np.stack([corner[:-1, :-1], corner[1:, 1:], corner[:-1, 1:]], axis=-1)
    triangles = np.concatenate([lower.reshape(-1, 3), upper.reshape(-1, 3)])
    return Terrain(np.stack([x, y, heights], axis=-1).reshape(-1, 3), triangles)


def random_turn(random: np.random.Generator) -> np.ndarray:
    """A unit quaternion (4,)."""
    wxyz = random.normal(size=4)
    return wxyz / np.linalg.norm(wxyz)


def random_direction(random: np.random.Generator) -> np.ndarray:
    """A unit vector (3,)."""
    vector = random.normal(size=3)
    return vector / np.linalg.norm(vector)


def light(picture: np.ndarray) -> np.ndarray:
    """Linear light 0..1 of an image's bytes."""
    return to_linear(picture / 255)


def near_edges(labels: np.ndarray, reach: int = 1) -> np.ndarray:
    """Pixels (H, W) of which one within so many rows and columns is labelled otherwise, or is out of the picture."""
    height, width = labels.shape
    around = np.pad(labels.astype(np.float64), reach, constant_values=np.nan)
    shifts = [(dy, dx) for dy in range(2 * reach + 1) for dx in range(2 * reach + 1)]
    return np.any([around[dy : dy + height, dx : dx + width] != labels for dy, dx in shifts], axis=0)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal to noise ratio of two images of bytes [dB]."""
    error = np.mean(np.square(a.astype(np.float64) - b.astype(np.float64)))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))
