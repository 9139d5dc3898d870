"""The first picture of the rewards of an episode of 1,000,000 steps, against reading the bare bytes of its recording.

All of it: the rewards read, summed and thinned, and the axes found. Limit: 0.1 s of a core. The peer is one `pread`
after the other through the same file, which any way of reading has to do. Both alternate; medians are told.
Run: python tests/benchmarks/bench_charts.py
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.layout import segment_name
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.viewer.charts.charts import Charts
from replay_viewer.viewer.session import Session

NUM_STEPS, NUM_JOINTS, NUM_TERMS = 1_000_000, 12, 12
LIMIT_S = 0.1
RUNS = 9
_BLOCK = 1 << 20


def make_recording(path: Path) -> Path:
    joints, terms = [f"joint_{i}" for i in range(NUM_JOINTS)], [f"term_{i}" for i in range(NUM_TERMS)]
    robot = EntitySpec("robot", joint_names=joints)
    values = {
        "robot.base_pos": np.zeros((1, 3), np.float32),
        "robot.base_wxyz": np.array([[1, 0, 0, 0]], np.float32),
        "robot.joint_pos": np.zeros((1, NUM_JOINTS), np.float32),
        "robot.joint_vel": np.zeros((1, NUM_JOINTS), np.float32),
    }
    random = np.random.default_rng(0)
    with ContainerWriter(path, RecordingInfo([0], control_dt=0.02, entities=[robot], reward_terms=terms)) as writer:
        for begin in range(0, NUM_STEPS, 10_000):
            rewards = random.normal(size=(10_000, 1, NUM_TERMS)).astype(np.float32)
            for step, row in enumerate(rewards, begin):
                writer.append(step, step * 0.02, {**values, "rew_terms": row, "rew": row.sum(axis=1)})
    return path


def bare_read(file: Path) -> None:
    fd = os.open(file, os.O_RDONLY)
    for offset in range(0, os.fstat(fd).st_size, _BLOCK):
        os.pread(fd, _BLOCK, offset)
    os.close(fd)


def first_picture(path: Path) -> Callable[[], None]:
    session = Session(world_of([open_replay(path)]))

    def draw() -> None:
        chart = Charts(session, lambda: None).rewards
        assert chart is not None and len(chart.picture().steps) > 500

    return draw


def seconds(run: Callable[[], None]) -> tuple[float, float]:
    """On the clock, and of a core."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = make_recording(Path(folder) / "long.rec")
        ours, bare = [], []
        for _ in range(RUNS):
            ours.append(seconds(first_picture(path)))
            bare.append(seconds(lambda: bare_read(path / segment_name(0))))
        size = os.path.getsize(path / segment_name(0))
    wall, cpu = (statistics.median(column) for column in zip(*ours, strict=True))
    bare_wall, bare_cpu = (statistics.median(column) for column in zip(*bare, strict=True))
    print(f"bare read of {size / 1e6:.0f} MB:  {bare_wall * 1e3:6.1f} ms, {bare_cpu * 1e3:6.1f} ms of a core")
    print(f"first picture:          {wall * 1e3:6.1f} ms, {cpu * 1e3:6.1f} ms of a core = {cpu / bare_cpu:.2f}x")
    print(f"{'within' if cpu <= LIMIT_S else 'ABOVE'} the limit of {LIMIT_S:g} s of a core")


if __name__ == "__main__":
    main()
