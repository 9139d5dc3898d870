"""Where the camera is at each moment of a film, and what it looks at: the robot without the shake of its gait."""

from .paths import Camera, CameraPath, Carried, Free, Orbit, camera_path
from .smooth_base import Aim, SmoothBase

__all__ = ["Aim", "Camera", "CameraPath", "Carried", "Free", "Orbit", "SmoothBase", "camera_path"]
