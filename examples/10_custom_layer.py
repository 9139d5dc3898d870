"""Draw things of your own beside a robot: the way it should take, a mesh that is ahead of it, a camera on it.

    python 10_custom_layer.py

In a terminal the page is there until Ctrl-C; in a script's pipe, only with --view.

A layer is any object with `setup(server)` and `show(frame)`. Nodes below "/world" have the recording's coordinates;
those below "/world/<entity>/<link>" hang on that link. https://viser.studio has all that a scene can hold.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from replay_viewer import Viewer

DT, SECONDS, RADIUS, SPEED = 0.02, 12.0, 2.0, 1.0
GEM = (
    np.array([[0, 0, 0.15], [0, 0, -0.15], [0.1, 0, 0], [0, 0.1, 0], [-0.1, 0, 0], [0, -0.1, 0]]),
    np.array([[0, 2, 3], [0, 3, 4], [0, 4, 5], [0, 5, 2], [1, 3, 2], [1, 4, 3], [1, 5, 4], [1, 2, 5]]),
)


def planned(time):
    """Points (..., 3) of a circle that is walked along at 1 m/s."""
    angle = SPEED / RADIUS * np.asarray(time)
    return np.stack([RADIUS * np.sin(angle), RADIUS * (1 - np.cos(angle)), np.full_like(angle, 0.6)], axis=-1)


def save_walk(path: Path) -> None:
    """A plain npz of a robot that follows the circle, not quite."""
    time = np.arange(0, SECONDS, DT)
    base_pos = planned(time) + np.stack([0.15 * np.sin(2 * time), 0.15 * np.cos(3 * time), -0.2 + 0 * time], axis=-1)
    half = SPEED / RADIUS * time / 2
    base_quat = np.stack([0 * half, 0 * half, np.sin(half), np.cos(half)], axis=-1)  # xyzw.
    np.savez(path, base_pos=base_pos[:, None], base_quat=base_quat[:, None], dt=DT)


class Plan:
    """The planned way, and where the robot should be in half a second."""

    def setup(self, server):
        points = planned(np.arange(0, 2 * np.pi * RADIUS / SPEED, 0.1))
        server.scene.add_spline_catmull_rom(
            "/world/plan/way", points, thickness=0.02, color=(20, 184, 166), closed=True, segments=400
        )
        self.gem = server.scene.add_mesh_simple("/world/plan/gem", *GEM, color=(245, 158, 11), flat_shading=True)
        server.scene.add_camera_frustum(
            "/world/robot/base/camera", 1.0, 1.5, scale=0.12, position=(0.3, 0, 0), wxyz=(0.5, -0.5, 0.5, -0.5)
        )

    def show(self, frame):
        self.gem.position = planned(frame.position * DT + 0.5)
        self.error = np.linalg.norm(frame.entities["robot"].base_pos[0, :2] - planned(frame.position * DT)[:2])


with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "circle.npz"
    save_walk(file)
    plan = Plan()
    with Viewer(file, layers=[plan]) as viewer:
        print(f"At first the robot is {plan.error:.2f} m beside the plan.")
        if sys.stdout.isatty() or "--view" in sys.argv[1:]:
            viewer.run()
