"""Cameras: where they are at each moment of a film, and what they look at, the robot without the shake of its gait.

Where to find what:

    paths         from what a user asks for to the camera at each moment of a film
    presets       cameras by name, as pure functions of the base pose
    smooth_base   where a robot is on its way, what cameras look at
    bases         the robots that a camera sees together: of many envs, or of all takes
    outline       where they are on the whole, without what jumps
    framing       how far off a camera sees several places at once
"""

from .paths import Camera, CameraPath, Carried, Free, KeepAll, Orbit, camera_path
from .smooth_base import Aim, SmoothBase

__all__ = ["Aim", "Camera", "CameraPath", "Carried", "Free", "KeepAll", "Orbit", "SmoothBase", "camera_path"]
