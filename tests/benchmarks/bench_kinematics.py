"""Forward kinematics of 10,000 configurations against yourdfpy and pinocchio, and the latency of small batches.

    python tests/benchmarks/bench_kinematics.py

yourdfpy: `update_cfg`, then `get_transform` of every link. pinocchio (pip install pin): a Python loop over
`forwardKinematics` and `updateFramePlacements`, poses left inside pinocchio. Ours: one call, poses in one array.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import yourdfpy
from real_robots import robots_folder

from replay_viewer.robot import Robot, load_robot

ROBOTS = {
    "Go2": "go2_description/urdf/go2.urdf",
    "ANYmal C": "anymal_c_simple_description/urdf/anymal.urdf",
    "G1": "g1_description/urdf/g1_29dof_rev_1_0.urdf",
    "Talos": "talos_data/robots/talos_full_v2.urdf",
}
AIM = 300.0
CONFIGURATIONS = 10_000
PEER_CONFIGURATIONS = 20
LOWEST_POINT_LIMIT = 50.0


def seconds(work: Callable[[], object], repeats: int) -> float:
    """The fastest of several runs, after one to warm up."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def ours(robot: Robot, joint_pos: np.ndarray, repeats: int) -> float:
    """Seconds per configuration."""
    return seconds(lambda: robot.forward_kinematics(joint_pos), repeats) / len(joint_pos)


def yourdfpys(urdf: Path, robot: Robot, joint_pos: np.ndarray) -> float:
    """Seconds per configuration."""
    peer = yourdfpy.URDF.load(str(urdf), load_meshes=False)

    def work() -> None:
        for row in joint_pos[:PEER_CONFIGURATIONS]:
            peer.update_cfg(row)
            for name in robot.link_names:
                peer.get_transform(name)

    return seconds(work, 5) / PEER_CONFIGURATIONS


def pinocchios(urdf: Path, joint_pos: np.ndarray) -> float | None:
    """Seconds per configuration, or None where pinocchio is not installed."""
    try:
        pinocchio = importlib.import_module("pinocchio")
    except ImportError:
        return None
    model = pinocchio.buildModelFromUrdf(str(urdf))
    data = model.createData()
    # The same amount of work whatever the values: continuous joints would need a sine and a cosine each.
    rows = [pinocchio.neutral(model) + 0.1 * row[0] for row in joint_pos]

    def work() -> None:
        for row in rows:
            pinocchio.forwardKinematics(model, data, row)
            pinocchio.updateFramePlacements(model, data)

    return seconds(work, 5) / len(rows)


def report(name: str, urdf: Path) -> float:
    """Print one robot's figures; returns how many times as fast as yourdfpy a configuration is, in float32."""
    robot = load_robot(urdf)
    joint_pos = np.random.default_rng(0).uniform(-1, 1, (CONFIGURATIONS, robot.num_joints))
    single = joint_pos.astype(np.float32)
    many, many_double = ours(robot, single, 15), ours(robot, joint_pos, 15)
    ratio = yourdfpys(urdf, robot, joint_pos) / many
    pinocchio = pinocchios(urdf, joint_pos)
    against = "pinocchio is not installed" if pinocchio is None else f"{pinocchio / many:.1f}x pinocchio"
    latency = [ours(robot, single[:batch], 200) * batch * 1e6 for batch in (1, 64)]
    print(
        f"{name:8} {robot.num_joints} joints, {robot.num_links} links: {many * 1e6:.2f} us per configuration "
        f"(float64 {many_double * 1e6:.2f}), {ratio:.0f}x yourdfpy (aim {AIM:.0f}x), {against}; "
        f"batch of 1: {latency[0]:.0f} us, of 64: {latency[1]:.0f} us"
    )
    return ratio


def report_lowest_point(urdf: Path) -> None:
    """Print how long the lowest point of a thousand poses takes: opening a file waits for that evidence."""
    robot = load_robot(urdf)
    joint_pos = np.zeros((1000, robot.num_joints), np.float32)
    base = np.zeros((1000, 3), np.float32), np.tile(np.array([1, 0, 0, 0], np.float32), (1000, 1))
    taken = 1000 * seconds(lambda: robot.lowest_point(joint_pos, *base), 5)
    print(
        f"lowest point of 1000 poses of {robot.name}: {taken:.1f} ms, {taken / LOWEST_POINT_LIMIT:.2f} of the limit "
        f"of {LOWEST_POINT_LIMIT:.0f} ms"
    )


def main() -> None:
    worst = min(report(name, robots_folder() / file) for name, file in ROBOTS.items())
    report_lowest_point(robots_folder() / ROBOTS["G1"])
    print(f"least ratio to yourdfpy: {worst:.0f}x, aim {AIM:.0f}x: {'met' if worst >= AIM else 'MISSED'}")


if __name__ == "__main__":
    main()
