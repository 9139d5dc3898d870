"""One picture of all robots of the package example-robot-data, to be looked at: does each look as it should?

Each stands on the ground in its zero pose. What is doubted of it is printed.
Run: python tests/benchmarks/contact_sheet.py OUT.png [PART_OF_A_NAME ...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from PIL import Image, ImageDraw

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from replay_viewer import load_robot, open_replay, render_video

COLUMNS, WIDTH, HEIGHT = 8, 320, 280


def main() -> None:
    """Render the robots whose path has one of the parts in it, or all."""
    out, *parts = sys.argv[1:]
    robots = sorted(path for path in robots_folder().rglob("*.urdf") if not parts or any(p in str(path) for p in parts))
    rows = -(-len(robots) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * WIDTH, rows * HEIGHT), "white")
    for index, path in enumerate(robots):
        start = time.monotonic()
        try:
            tile = Image.fromarray(picture(path))
        except Exception as error:  # One that fails costs its place alone.
            print(f"{path.name}: {error}", flush=True)
            continue
        ImageDraw.Draw(tile).text((6, 4), f"{index + 1} {path.stem}", fill="black")
        sheet.paste(tile, (index % COLUMNS * WIDTH, index // COLUMNS * HEIGHT))
        print(f"{index + 1}/{len(robots)} {path.name}: {time.monotonic() - start:.1f} s", flush=True)
    sheet.save(out)


def robots_folder() -> Path:
    package = metadata.distribution("example-robot-data")
    return Path(str(package.locate_file("cmeel.prefix/share/example-robot-data/robots")))


def picture(urdf: Path) -> np.ndarray:
    """The robot on the ground, (HEIGHT, WIDTH, 3) uint8; prints what is doubted of it."""
    robot = load_robot(urdf)
    low = robot.lowest_point(np.zeros((1, robot.num_joints)), np.zeros((1, 3)), np.array([[1.0, 0, 0, 0]]))
    with tempfile.TemporaryDirectory() as folder:
        recording, file = Path(folder, "still.npz"), Path(folder, "still.png")
        base_pos, base_quat = np.zeros((2, 1, 3)), np.tile([0.0, 0, 0, 1], (2, 1, 1))
        base_pos[..., 2] = -low
        dof_pos = np.zeros((2, 1, robot.num_joints))
        arrays = {"base_pos": base_pos, "base_quat": base_quat, "dof_pos": dof_pos, "dt": 0.02, "quat_order": "xyzw"}
        np.savez(recording, **arrays, dof_names=np.array(robot.joint_names))
        replay = open_replay(recording, robots=robot)
        for verdict in replay.robot_verdicts:
            if verdict.topic in ("mesh axes", "mesh sizes", "robot"):
                print(f"  {verdict.finding} ({verdict.status}): {verdict.reason[:600]}", flush=True)
        render_video(replay, file, camera="follow", step=0, size=(WIDTH, HEIGHT), overlay="none")
        replay.close()
        return iio.imread(file)[..., :3]


if __name__ == "__main__":
    main()
