"""Draw things of your own beside a robot: the way it should take, where it should be by now, how far it is off.

    python 10_custom_layer.py

It makes a picture, and in a terminal the page is there until Ctrl-C; in a script's pipe, only with --view.

A layer is any object with `shapes(frame)`. What it returns is drawn in the browser and in films; coordinates are the
recording's, or those of a link (`place=Link(...)`), which shapes then move with. A layer may also have `setup(server)`
and `show(frame)`, for the browser alone, which add and move nodes of viser, below "/world" or "/world/<entity>/<link>".
https://viser.studio has all that a scene can hold.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from replay_viewer import Viewer, render_video
from replay_viewer.layers import Arrows, Labels, Lines, Link, Points, through

DT, SECONDS, RADIUS, SPEED = 0.02, 12.0, 2.0, 1.0
TEAL, AMBER, ROSE = (20, 184, 166), (245, 158, 11), (225, 29, 72)


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
    """The planned way, where the robot should be, and an arrow from the robot to there."""

    def __init__(self):
        # What does not change is made once: it is sent to browsers once.
        self.way = Lines(through(planned(np.arange(0, 2 * np.pi * RADIUS / SPEED, 0.1))), TEAL, radius=0.01)
        self.nose = Arrows(np.zeros((1, 3)), np.array([[0.5, 0, 0]]), AMBER, place=Link("robot", "base"))

    def shapes(self, frame):
        goal, robot = planned(frame.position * DT), frame.entities["robot"].base_pos[0]
        off = goal - robot
        return [
            self.way,
            self.nose,
            Points(goal[None], TEAL, radius=0.06),
            Arrows(robot[None], off[None], ROSE),
            Labels(goal[None] + [0, 0, 0.2], [f"{np.linalg.norm(off[:2]):.2f} m off"]),
        ]


folder = Path(tempfile.mkdtemp())
save_walk(folder / "circle.npz")
render_video(folder / "circle.npz", folder / "plan.png", step=100, layers=[Plan(), "path"])
print("Made:", folder / "plan.png")
with Viewer(folder / "circle.npz", layers=[Plan()]) as viewer:
    if sys.stdout.isatty() or "--view" in sys.argv[1:]:
        viewer.run()
