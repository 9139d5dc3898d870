"""Server time that the 3D layers add to a frame, each and all of them, on one robot that walks.

    python tests/benchmarks/bench_layers.py

Of every robot: setting all layers up, then the mean time of each per frame of playback at 60 Hz. It is the
processor's time of the one thread that draws, so that other work on the machine does not count.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

import numpy as np
import viser
from bench_scene import ROBOTS, robots_dir
from memory_rollout import memory_rollout

from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.robot import load_robot
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.viewer.layers import ShownLayers
from replay_viewer.viewer.scene import Scene
from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.server import close_server, open_server

AIM = 2.0
STEPS, FRAMES, DT = 500, 400, 0.02


def walking(urdf: Path) -> Replay:
    """A rollout in which everything moves and every layer has its data."""
    robot = load_robot(urdf)
    rng = np.random.default_rng(0)
    time_ = np.arange(STEPS)[:, None, None] * DT
    phases = rng.uniform(0, 6, (1, 1, robot.num_joints))
    feet = robot.link_names[-4:]
    values = {
        "robot.base_pos": time_ * [0.8, 0.1, 0.0] + [0, 0, 1.0],
        "robot.base_wxyz": np.tile([1.0, 0, 0, 0], (STEPS, 1, 1)),
        "robot.joint_pos": 0.3 * np.sin(5 * time_ + phases),
        "robot.joint_torque": 20 * np.sin(7 * time_ + phases),
        "robot.base_lin_vel": np.tile([0.8, 0.1, 0.0], (STEPS, 1, 1)) + 0.1 * np.sin(9 * time_),
        "robot.base_ang_vel": np.tile([0.0, 0.1, 0.5], (STEPS, 1, 1)),
        "robot.contact_force": 50 * np.abs(rng.normal(size=(STEPS, 1, len(feet), 3))),
        "command": np.tile([1.0, 0.2, 0.6], (STEPS, 1, 1)),
    }
    entity = EntitySpec("robot", joint_names=robot.joint_names, contact_bodies=feet)
    return with_robots(memory_rollout(values, entities=[entity], control_dt=DT), robot)


def milliseconds(server: viser.ViserServer, replay: Replay, layers: ShownLayers) -> float:
    """Mean time to bring the layers to a frame, of 400 frames at 60 Hz."""
    taken = []
    for frame_index in range(FRAMES):
        frame = replay.frames.frame_at(frame_index / 60 / DT, [0])
        with server.atomic():
            start = time.thread_time()
            layers.show(frame)
            taken.append((time.thread_time() - start) * 1e3)
        server.flush()
    return statistics.fmean(taken)


def main() -> None:
    for name, relative in ROBOTS.items():
        replay = walking(robots_dir() / relative)
        server = open_server(Access(), 0, "benchmark")
        scene = Scene(server, world_of([replay]))
        scene.show(replay.frames.frame_at(0, [0]), np.zeros(3))
        layers = ShownLayers(server, replay, (), print)
        print(f"{name}: {replay.robots['robot'].num_bodies} moving links")
        for layer in layers.builtin.values():
            start = time.perf_counter()
            layers.switch(layer.name, True)
            layers.show(replay.frames.frame_at(0, [0]))
            setup = time.perf_counter() - start
            per_frame = milliseconds(server, replay, layers)
            print(f"  {layer.title:24s} set up in {setup:5.2f} s, {per_frame:6.3f} ms {layer.lack}")
            layers.switch(layer.name, False)
        for layer in layers.builtin:
            layers.switch(layer, True)
        print(f"  all of them {milliseconds(server, replay, layers):.3f} ms per frame (aim {AIM:g})")
        close_server(server)


if __name__ == "__main__":
    main()
