"""Cameras: where they are at each moment of a film, and what they look at, the robot without the shake of its gait.

Where to find what:

    paths         from what a user asks for to the camera at each moment of a film
    presets       cameras by name, as pure functions of the base pose
    smooth_base   where a robot is on its way, what cameras look at
    outline       where many envs are, so that a camera sees them all
"""

from .paths import Camera, CameraPath, Carried, Free, Orbit, camera_path
from .smooth_base import Aim, SmoothBase

__all__ = ["Aim", "Camera", "CameraPath", "Carried", "Free", "Orbit", "SmoothBase", "camera_path"]
