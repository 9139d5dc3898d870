"""Curves of two recordings of 1,000,000 steps over each other and how far they differ, against one recording's joints.

Limit: each within 10 times the chart of one recording's joint positions, in CPU time. Runs alternate; medians are told.
Run: python tests/benchmarks/bench_compared.py
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.world import World, world_of
from replay_viewer.viewer.charts.charts import Charts
from replay_viewer.viewer.session import Session

NUM_STEPS, RUNS, LIMIT = 1_000_000, 5, 10.0
FIELDS = ("robot.base_pos", "robot.base_wxyz", "robot.joint_pos", "rew", "rew_terms")
ONE = "joint positions"


def make_recording(path: Path, pace: int) -> Path:
    """The demo's first env again and again, with every `pace`-th step."""
    walk = open_replay(asset("walk.rec")).rollout
    values = {name: walk.read(name, slice(None), [0]) for name in FIELDS}
    info = RecordingInfo([0], 0.02, entities=[walk.entities["robot"]], reward_terms=walk.reward_terms)
    with ContainerWriter(path, info) as writer:
        for step in range(NUM_STEPS):
            row = step * pace % walk.num_steps
            writer.append(step, 0.02 * step, {name: rows[row] for name, rows in values.items()})
    return path


def draws(world: World, label: str) -> Callable[[], None]:
    """Draws a chart as the page first shows it; without a label, that of the rewards."""

    def draw() -> None:
        charts = Charts(Session(world), lambda: None)
        if label:
            charts.select(label)
        chart = charts.signals[0].chart if label else charts.rewards
        assert chart is not None and len(chart.picture().steps) > 500

    return draw


def cpu_seconds(run: Callable[[], None]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        one, other = (open_replay(make_recording(Path(folder, f"{pace}.rec"), pace)) for pace in (1, 2))
        two = world_of([one, other])
        labels = [label for label in Charts(Session(two), lambda: None).labels if label.startswith("difference")]
        runs = {"one: " + ONE: draws(world_of([one]), ONE), "two: rewards": draws(two, "")}
        runs.update({f"two: {label}": draws(two, label) for label in (ONE, *labels)})
        seconds = {name: [] for name in runs}
        for _ in range(RUNS):
            for name, run in runs.items():
                seconds[name].append(cpu_seconds(run))
        medians = {name: statistics.median(each) for name, each in seconds.items()}
    base = medians["one: " + ONE]
    for name, median in medians.items():
        print(f"{name:45} {median:.3f} s  {median / base:5.1f}x")
    print("within" if max(medians.values()) <= LIMIT * base else "BEYOND", f"the limit of {LIMIT:g}x")


if __name__ == "__main__":
    main()
