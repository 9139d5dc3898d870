"""A simulation that records the bundled demo's robot over and over, in real time, for a viewer that follows it.

Run as `python live_writer.py PATH [--steps N] [--rate HZ] [--envs N]`; without --steps until it is killed. It prints
each step and the wall-clock time when it was appended, and closes the recording at the end or on SIGTERM.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import sys
import time
from collections.abc import Iterator

import numpy as np

from replay_viewer.formats import load_rollout
from replay_viewer.paths import asset
from replay_viewer.record.recorder import Recorder
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.rollout import Rollout

# Steps of the demo that one episode repeats: the first env falls in the last of them.
EPISODE_STEPS = 150


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--envs", type=int, default=2)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    demo = load_rollout(asset("walk.rec"))
    robot = EntitySpec("robot", joint_names=demo.entities["robot"].joint_names, urdf=str(asset("trotter/trotter.urdf")))
    facts = {"env_ids": range(options.envs), "control_dt": 0.02, "entities": [robot], "reward_terms": demo.reward_terms}
    with Recorder(options.path, outcome_reasons=("fell",), **facts) as recorder:
        begin = time.perf_counter()
        for step in _steps(options.steps):
            _append(recorder, demo, step, options.envs)
            os.write(1, b"%d %.4f\n" % (step, time.time()))
            time.sleep(max(0.0, begin + (step + 1) / options.rate - time.perf_counter()))


def _steps(count: int | None) -> Iterator[int]:
    return iter(range(count)) if count is not None else itertools.count()


def _append(recorder: Recorder, demo: Rollout, step: int, num_envs: int) -> None:
    fall = next(episode for episode in demo.episodes(0) if episode.outcome == "terminated")
    row = fall.last_step + 1 - EPISODE_STEPS + step % EPISODE_STEPS
    names = [name for name in demo.fields if name != "flags"]
    values = {name: np.repeat(demo.read_shown(name, slice(row, row + 1), [0])[0], num_envs, axis=0) for name in names}
    if step % EPISODE_STEPS == EPISODE_STEPS - 1:
        last = {name: rows for name, rows in values.items() if "." in name}
        recorder.end_episodes(range(num_envs), "terminated", last, reasons=["fell"] * num_envs)
    recorder.append(values)


if __name__ == "__main__":
    main()
