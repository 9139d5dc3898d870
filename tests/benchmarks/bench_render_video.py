"""A 20 s episode at 1280x720 and 30 fps, from the recording to the file, against real time; and the memory it takes.

    python tests/benchmarks/bench_render_video.py [ROBOT ...]

Everything counts: the process's start, imports, the robot's meshes, the encoder. Aim: faster than real time on two
cores, and less than 500 MB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from real_robots import robots_folder

from replay_viewer.robot import load_robot

ROBOTS = {
    "Go2": "go2_description/urdf/go2.urdf",
    "G1": "g1_description/urdf/g1_29dof_rev_1_0.urdf",
    "Talos": "talos_data/robots/talos_full_v2.urdf",
}
SECONDS, CONTROL_DT, AIM_MB = 20.0, 0.02, 500


def write_walk(path: Path, urdf: Path) -> Path:
    """A rollout in which every joint and the base move at every step, with four reward terms."""
    names = load_robot(urdf).joint_names
    num_steps = round(SECONDS / CONTROL_DT)
    steps = np.arange(num_steps)[:, None, None]
    phases = np.random.default_rng(0).uniform(0, 6, (1, 1, len(names)))
    terms: dict[str, Any] = {f"reward_terms/term_{k}": np.sin(steps[..., 0] * 0.01 * (k + 1)) for k in range(4)}
    np.savez(
        path,
        base_pos=(steps * [0.01, 0.0, 0.0] + [0, 0, 0.8]).astype(np.float32),
        base_quat=np.tile(np.array([0, 0, 0, 1], np.float32), (num_steps, 1, 1)),
        dof_pos=(0.3 * np.sin(steps * 0.1 + phases)).astype(np.float32),
        dof_names=np.array(names),
        dt=CONTROL_DT,
        rew=sum(terms.values()),
        **terms,
    )
    return path


def measure(walk: Path, urdf: Path, out: Path, *options: str) -> tuple[float, float]:
    """Wall seconds, and peak memory [MB] of the process and the encoder together."""
    args = ["render", str(walk), str(out), "--urdf", str(urdf), *options]
    start, peak = time.perf_counter(), 0.0
    with subprocess.Popen([sys.executable, "-m", "replay_viewer", *args], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(0.05)
    assert process.returncode == 0
    return time.perf_counter() - start, peak


def resident(pid: int) -> float:
    """Memory of a process and its children now [MB]."""
    try:
        process = psutil.Process(pid)
        return sum(p.memory_info().rss for p in (process, *process.children(recursive=True))) / 2**20
    except psutil.Error:
        return 0.0


def main() -> None:
    print(f"{SECONDS:g} s at 1280x720 and 30 fps: wall seconds, times real time, peak memory with the encoder's")
    for name in sys.argv[1:] or ROBOTS:
        urdf = robots_folder() / ROBOTS[name]
        with tempfile.TemporaryDirectory() as folder:
            walk = write_walk(Path(folder) / "walk.npz", urdf)
            # Loops that are compiled for the first time would be counted as rendering.
            measure(walk, urdf, Path(folder) / "first.mp4", "--steps", "0:5", "--overlay", "rewards")
            for overlay in ("none", "rewards"):
                out = Path(folder) / f"{overlay}.mp4"
                seconds, peak = measure(walk, urdf, out, "--overlay", overlay)
                verdicts = ["kept" if kept else "MISSED" for kept in (seconds < SECONDS, peak < AIM_MB)]
                figures = f"{name:6s} {overlay:8s} {seconds:6.1f} s {SECONDS / seconds:5.2f}x {peak:5.0f} MB"
                print(f"{figures}   aims: 1x {verdicts[0]}, {AIM_MB} MB {verdicts[1]}", flush=True)


if __name__ == "__main__":
    main()
