"""Cost of one frame of one robot: poses of all links at a position between two steps.

Compared with `viser.extras.ViserUrdf.update_cfg` on the same robot, which is what moves a robot's links in viser's own
examples. Ours gives poses, which a scene still has to send; `update_cfg` sends them to a server without a client.
Limit: 0.3 ms per frame. Run: python tests/benchmarks/bench_frames.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import viser
from real_robots import robots_folder
from viser.extras import ViserUrdf
from yourdfpy import URDF

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from memory_rollout import memory_rollout, still

from replay_viewer.replay.frames import FrameCache
from replay_viewer.robot import Robot, load_robot
from replay_viewer.rollout.entities import EntitySpec

ROBOTS = {
    "Go2": "go2_description/urdf/go2.urdf",
    "G1": "g1_description/urdf/g1_29dof_rev_1_0.urdf",
    "Talos": "talos_data/robots/talos_full_v2.urdf",
}
NUM_STEPS, NUM_FRAMES, LIMIT_MS = 2000, 1000, 0.3
STEPS_PER_FRAME = 50 / 60


def frames_of(robot: Robot) -> Callable[[float], object]:
    """Our frames of a rollout in which every joint moves, with nothing in the cache yet."""
    angles = np.random.default_rng(0).normal(scale=0.3, size=(NUM_STEPS, 1, robot.num_joints)).astype(np.float32)
    values = still(NUM_STEPS, 1) | {"robot.joint_pos": angles}
    rollout = memory_rollout(values, entities=[EntitySpec("robot", joint_names=robot.joint_names)])
    cache = FrameCache(rollout, {"robot": robot})
    return lambda position: cache.frame_at(position, [0])


def milliseconds(function: Callable[[float], object], positions: Iterable[float]) -> tuple[float, float, float]:
    """Median, mean and 99th percentile over calls with these positions."""
    times = []
    for position in positions:
        start = time.perf_counter()
        function(float(position))
        times.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times)), float(np.mean(times)), float(np.percentile(times, 99))


def viser_urdf(server: viser.ViserServer, path: Path, num_joints: int) -> Callable[[float], object]:
    """The same robot in viser.extras, moved by `update_cfg`, to whose cost its meshes do not matter."""
    robot = ViserUrdf(server, URDF.load(str(path), load_meshes=False))
    angles = np.random.default_rng(0).normal(scale=0.3, size=(NUM_STEPS, num_joints))
    return lambda position: robot.update_cfg(angles[int(position)])


def report(server: viser.ViserServer, name: str, path: Path) -> None:
    """Print one robot's figures."""
    robot = load_robot(path)
    sequential = np.arange(NUM_FRAMES) * STEPS_PER_FRAME
    scattered = np.random.default_rng(1).uniform(0, NUM_STEPS - 1, NUM_FRAMES)
    ours = milliseconds(frames_of(robot), sequential)
    random = milliseconds(frames_of(robot), scattered)
    theirs = milliseconds(viser_urdf(server, path, robot.num_joints), sequential)
    print(f"{name}, {robot.num_links} links: median (mean, p99) in ms per frame")
    for what, (median, mean, p99) in (("playing", ours), ("random access", random), ("ViserUrdf", theirs)):
        print(f"  {what:14} {median:7.3f} ({mean:.3f}, {p99:.3f})")
    print(f"  playing costs {theirs[0] / ours[0]:.0f}x less than ViserUrdf, {ours[0] / LIMIT_MS:.0%} of the limit")


def main() -> None:
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    for name, path in ROBOTS.items():
        report(server, name, robots_folder() / path)


if __name__ == "__main__":
    main()
