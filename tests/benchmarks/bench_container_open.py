"""Cost of opening a 10 GB recording beyond a ten-step one of the same robot: at most 0.2 s and 50 MB.

Counted from `open_container` to one random frame of all envs and the episodes of all envs, each in a process of its
own. The large recording is sparse but for its table of 17,000 ends of episodes (11 MB).
Run: python tests/benchmarks/bench_container_open.py
"""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from bench_container_append import info, step_values

from replay_viewer.container.layout import segment_name
from replay_viewer.container.reader import open_container
from replay_viewer.container.writer import ContainerWriter

NUM_ENVS, EPISODE_STEPS = 16, 1000
LARGE_BYTES = 10 * 10**9
LIMIT_S, LIMIT_MB = 0.2, 50.0


def make_small(path: Path) -> Path:
    values = step_values(NUM_ENVS)
    values["robot.base_wxyz"][:] = [1, 0, 0, 0]
    with ContainerWriter(path, info(NUM_ENVS)) as writer:
        for step in range(10):
            writer.append(step, step * 0.02, values)
    return path


def make_large(path: Path) -> Path:
    """Ten steps and then holes, as many as 10 GB hold; the last step has its number, and every episode its end."""
    frames = json.loads((make_small(path) / "meta.json").read_text())["frames"]
    header, size, full = frames["header_bytes"], frames["record_bytes"], frames["records_per_segment"]
    num_segments = LARGE_BYTES // (header + full * size)
    num_steps = num_segments * full
    first = path / segment_name(0)
    for index in range(num_segments):
        segment = path / segment_name(index)
        if index:
            segment.write_bytes(first.read_bytes()[:header])
        os.truncate(segment, header + full * size)
    with open(path / segment_name(num_segments - 1), "r+b") as file:
        file.seek(header + (full - 1) * size)
        file.write(struct.pack("<qd", num_steps - 1, (num_steps - 1) * 0.02))
    add_ends(path / "terminals.npy", num_steps)
    return path


def add_ends(table: Path, num_steps: int) -> None:
    """An end of every env's episode each thousand steps."""
    ends = np.arange(EPISODE_STEPS - 1, num_steps, EPISODE_STEPS)
    last = np.repeat(ends, NUM_ENVS)
    rows: Any = np.zeros(len(last), np.load(table).dtype)
    rows["step"] = rows["last_record"] = last
    rows["first_record"] = last - (EPISODE_STEPS - 1)
    rows["env_index"] = np.tile(np.arange(NUM_ENVS), len(ends))
    rows["outcome"], rows["reason"], rows["success"] = 1, -1, -1
    with open(table, "ab") as file:
        file.write(rows.tobytes())


def open_once(path: Path) -> None:
    """In a process of its own: print the seconds, the peak of memory [MB], steps and episodes."""
    start = time.perf_counter()
    rollout = open_container(path)
    step = int(np.random.default_rng(0).integers(rollout.num_steps))
    for name in ("robot.base_pos", "robot.base_wxyz", "robot.joint_pos"):
        rollout.read_shown(name, slice(step, step + 1), range(rollout.num_envs))
    episodes = sum(len(rollout.episodes(env)) for env in range(rollout.num_envs))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([seconds, peak / 1024, rollout.num_steps, episodes]))
    rollout.close()


def best_of(path: Path, runs: int = 5) -> list[float]:
    """The fastest run, each in a fresh process: its first element is the time."""
    command = [sys.executable, __file__, "--open", str(path)]
    return min(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout) for _ in range(runs))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = best_of(make_small(Path(folder) / "small.rec"))
        # Made in another process: a child inherits the peak of its parent's memory.
        path = Path(folder) / "large.rec"
        subprocess.run([sys.executable, __file__, "--make", str(path)], check=True)
        large = best_of(path)
    print(f"10 steps: {small[0] * 1e3:.1f} ms, peak {small[1]:.0f} MB")
    print(f"{large[2]:.0f} steps (10 GB), {large[3]:.0f} episodes: {large[0] * 1e3:.1f} ms, peak {large[1]:.0f} MB")
    for name, value, limit, unit in (
        ("time", large[0] - small[0], LIMIT_S, "s"),
        ("memory", large[1] - small[1], LIMIT_MB, "MB"),
    ):
        verdict = "within" if value <= limit else "ABOVE"
        print(f"{name} beyond ten steps: {value:.3f} {unit}, {verdict} the limit of {limit:g} {unit}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--open"]:
        open_once(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["--make"]:
        make_large(Path(sys.argv[2]))
    else:
        main()
