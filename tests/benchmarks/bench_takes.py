"""What several recordings in one scene cost against one, of Go2 and G1.

Pictures, and all that the process of a viewer does while it plays: with n takes at most n times the time of one. Of the
latter, poses alone and poses that are sent to a page, which is all that grows with the takes. Every take is a recording
of its own in which every joint moves.
Run: python tests/benchmarks/bench_takes.py [--takes 2 4 8] [--rounds 5]
Needs: pip install example-robot-data.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from real_robots import robots_folder

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from memory_rollout import memory_rollout, still

from replay_viewer import Viewer
from replay_viewer.camera.presets import preset
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.takes import coats_of, frame_of, scene_of
from replay_viewer.replay.frames import Frame
from replay_viewer.replay.replay import with_robots
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import World, world_of
from replay_viewer.robot import Robot, load_robot
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.theme import LIGHT
from replay_viewer.viewer.app import FRAME_RATE
from replay_viewer.viewer.scene import Scene
from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.server import close_server, open_server

ROBOTS = {"Go2": "go2_description/urdf/go2.urdf", "G1": "g1_description/urdf/g1_29dof_rev_1_0.urdf"}
NUM_STEPS, SIZE = 300, (1280, 720)
# At 60 frames a second, of steps of 0.02 s.
POSITIONS = np.arange(1, 240) * 50 / 60
PICTURES = POSITIONS[::60]
PLAYED_SECONDS = 3.0
# Takes stand beside each other, as many as there are in the picture of one.
SPACING = 0.15
LIMITED = ("playing", "picture")


def take_of(robot: Robot, number: int) -> Take:
    random = np.random.default_rng(number)
    phases = random.uniform(0, 6, robot.num_joints)
    angles = 0.3 * np.sin(0.1 * np.arange(NUM_STEPS)[:, None, None] + phases)
    values = still(NUM_STEPS, 1) | {"robot.joint_pos": angles.astype(np.float32)}
    values["robot.base_pos"] = values["robot.base_pos"] + [0.0, 0.0, 0.6 * robot.radius]
    entity = EntitySpec("robot", joint_names=robot.joint_names)
    return Take(with_robots(memory_rollout(values, entities=[entity]), robot), offset=(0.0, SPACING * number, 0.0))


def poses(world: World) -> Callable[[float], tuple[Frame, tuple[Frame, ...]]]:
    return lambda position: (world.lead.frame_at(position), world.frames_beside(position))


@contextmanager
def sent_poses(world: World) -> Iterator[Callable[[float], object]]:
    server = open_server(Access(), 0, "benchmark")
    scene, frames_at = Scene(server, world), poses(world)

    def show(position: float) -> None:
        with server.atomic():
            frame, beside = frames_at(position)
            scene.show(frame, frame.entities["robot"].base_pos[0], beside)
        server.flush()

    yield show
    close_server(server)


def playing(world: World) -> float:
    """Milliseconds of processor time per frame of a viewer that plays."""
    with Viewer(world.takes, port=0) as viewer:
        session = viewer._app.session
        viewer._app._page.post(session.set_loop, "rollout")
        viewer._app._page.post(session.play)
        time.sleep(1.0)  # Until what is drawn first is there.
        start = time.process_time()
        time.sleep(PLAYED_SECONDS)
        return (time.process_time() - start) * 1e3 / (PLAYED_SECONDS * FRAME_RATE)


def pictures(world: World) -> Callable[[float], object]:
    renderer, coats = RasterRenderer(scene_of(world, LIGHT), SIZE), coats_of(world)
    robot = world.lead.replay.robots["robot"]
    camera = preset("follow", np.array([0.0, 0.0, 0.6 * robot.radius]), 0.0, robot.radius, SIZE[0] / SIZE[1])
    return lambda position: renderer.render(frame_of(world, position, [0]), camera, coats)


def milliseconds(run: Callable[[float], object], positions: np.ndarray) -> float:
    """Median over the positions, once each chunk of poses is there."""
    taken = []
    for position in [*positions, *positions]:
        start = time.perf_counter()
        run(float(position))
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken[len(positions) :])


def measured(world: World) -> dict[str, float]:
    with sent_poses(world) as show:
        sent = milliseconds(show, POSITIONS)
    return {
        "poses": milliseconds(poses(world), POSITIONS),
        "sent": sent,
        "playing": playing(world),
        "picture": milliseconds(pictures(world), PICTURES),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--takes", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name, path in ROBOTS.items():
        robot = load_robot(robots_folder() / path)
        takes = [take_of(robot, number) for number in range(max(options.takes))]
        worlds = {count: world_of(takes[:count]) for count in (1, *options.takes)}
        # Alternating, so that a busy machine slows all of them down.
        rounds = [{count: measured(world) for count, world in worlds.items()} for _ in range(options.rounds)]
        for what in rounds[0][1]:
            times = {count: statistics.median(each[count][what] for each in rounds) for count in worlds}
            ratios = ", ".join(f"{n} takes {ms:.2f} ms = {ms / times[1]:.2f}x" for n, ms in times.items() if n > 1)
            limit = " (limit: as many times as there are takes)" if what in LIMITED else ""
            print(f"{name:4} {what:8} 1 take {times[1]:.2f} ms; {ratios}{limit}")


if __name__ == "__main__":
    main()
