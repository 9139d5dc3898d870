"""Server time to send one frame of one robot, against viser's own ViserUrdf on the same robot and motion.

    python tests/benchmarks/bench_scene.py

ViserUrdf is given what it needs for a floating base: a frame node that is moved, and `update_cfg`. Ours includes the
kinematics, the interpolation between two recorded steps and the poses of all links.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import viser
from viser.extras import ViserUrdf

from replay_viewer.replay.replay import Replay, open_replay
from replay_viewer.replay.world import world_of
from replay_viewer.viewer.scene import Scene
from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.server import close_server, open_server

ROBOTS = {
    "Go2": "go2_description/urdf/go2.urdf",
    "G1": "g1_description/urdf/g1_29dof_rev_1_0.urdf",
    "Talos": "talos_data/robots/talos_full_v2.urdf",
}
AIM = 4.0
FRAMES = 300


def robots_dir() -> Path:
    package = metadata.distribution("example-robot-data")
    return Path(str(package.locate_file("cmeel.prefix/share/example-robot-data/robots")))


def random_walk(path: Path, urdf: Path, joint_names: list[str]) -> Replay:
    """A rollout in which every joint and the base move at every step."""
    rng = np.random.default_rng(0)
    steps = np.arange(FRAMES)[:, None, None]
    phases = rng.uniform(0, 6, (1, 1, len(joint_names)))
    np.savez(
        path,
        base_pos=(steps * [0.02, 0.0, 0.0] + [0, 0, 1.0]).astype(np.float32),
        base_quat=np.tile(np.array([0, 0, 0, 1], np.float32), (FRAMES, 1, 1)),
        dof_pos=(0.3 * np.sin(steps * 0.1 + phases)).astype(np.float32),
        dof_names=np.array(joint_names),
        dt=0.02,
        rew=np.zeros((FRAMES, 1), np.float32),
    )
    return open_replay(path, urdf=urdf)


def milliseconds(show: Callable[[int], None]) -> float:
    """Median over all frames after the first tenth."""
    taken = []
    for frame in range(FRAMES - 1):
        start = time.perf_counter()
        show(frame)
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken[FRAMES // 10 :])


def ours(server: viser.ViserServer, replay: Replay) -> float:
    scene = Scene(server, world_of([replay]))

    def show(step: int) -> None:
        with server.atomic():
            frame = replay.frames.frame_at(step + 0.5, [0])
            scene.show(frame, frame.entities["robot"].base_pos[0])
        server.flush()

    return milliseconds(show)


def peer(server: viser.ViserServer, replay: Replay, urdf: Path) -> float:
    base = server.scene.add_frame("/peer", show_axes=False)
    with contextlib.redirect_stderr(io.StringIO()):
        robot = ViserUrdf(server, urdf, root_node_name="/peer/robot")
    names = list(robot.get_actuated_joint_limits())
    columns = [replay.robots["robot"].joint_names.index(name) for name in names]
    positions = replay.rollout.read("robot.base_pos")[:, 0]
    joints = replay.rollout.read("robot.joint_pos")[:, 0][:, columns]

    def show(step: int) -> None:
        with server.atomic():
            base.position = positions[step]
            robot.update_cfg(joints[step])
        server.flush()

    return milliseconds(show)


def main() -> None:
    import tempfile

    from replay_viewer.robot import load_robot

    print(f"{'robot':8s} {'ours':>8s} {'ViserUrdf':>10s}  ratio (aim {AIM:g})")
    for name, relative in ROBOTS.items():
        urdf = robots_dir() / relative
        with tempfile.TemporaryDirectory() as folder:
            replay = random_walk(Path(folder) / "walk.npz", urdf, list(load_robot(urdf).joint_names))
            server = open_server(Access(), 0, "benchmark")
            a, b = ours(server, replay), peer(server, replay, urdf)
            close_server(server)
        print(f"{name:8s} {a:6.2f}ms {b:8.2f}ms  {b / a:.1f}x")


if __name__ == "__main__":
    main()
