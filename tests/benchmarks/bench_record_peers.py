"""Recording a simulation, and what is left of it after `kill -9`: `attach` against what people do today.

Two simulations: a legged_gym environment of 4096 envs (its physics is a formula, so its steps are far cheaper than a
simulator's) of which 16 are recorded, and Gymnasium's Ant-v5. Each is recorded by

    attach         this project: state, actions, reward terms, ends of episodes
    lists + savez  rows of the main buffers, copied into lists, written by np.savez when all is over
    h5py           the same rows, one chunked dataset each, in SWMR mode, flushed at every step
    RecordVideo    Gymnasium's wrapper: pictures of 480 x 480, an MP4 at the end of each episode (Ant only)

Printed for each: the loop's time over that of the loop alone, from steps that take turns (median and 99th
percentile), bytes on the disk per step, how many of the steps that had returned are gone when the process is killed,
and how much memory the process grew by per step. What cannot run here says why.

RecordVideo needs moviepy and an offscreen OpenGL: MUJOCO_GL=egl (taken here) or osmesa, in software where there is no
GPU. The packages are in no dependency list of the project: pip install "gymnasium[mujoco]" moviepy h5py.
Run: python tests/benchmarks/bench_record_peers.py [--quick]
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim

from replay_viewer import attach
from replay_viewer.container.repair import repair

NUM_RECORDED, WARM_UP, CHUNK = 16, 10, 256
BUFFERS = ("root_states", "dof_pos", "dof_vel", "torques", "contact_forces", "commands", "actions", "rew_buf")
# Makes one control step, and finishes the recording.
Loop = tuple[Callable[[], None], Callable[[], None]]


class Legged:
    """The environment of legged_gym; recorded: the first envs."""

    name = "legged_gym"

    def __init__(self, num_envs: int = 4096) -> None:
        self.env, self.env_ids = LeggedGymSim(num_envs, keep_truth=False), range(NUM_RECORDED)
        rng = np.random.default_rng(0)
        self._actions = [rng.uniform(-1, 1, (num_envs, len(DOF_NAMES))).astype(np.float32) for _ in range(16)]
        self._step = 0

    def step(self) -> None:
        self.env.step(self._actions[self._step % 16])
        self._step += 1

    def rows(self) -> dict[str, np.ndarray]:
        """Copies of what is recorded."""
        return {name: np.array(getattr(self.env, name)[:NUM_RECORDED]) for name in BUFFERS}


class Ant:
    """Gymnasium's Ant-v5, reset when its episode is over."""

    name = "Ant-v5"

    def __init__(self, video: Path | None = None) -> None:
        gymnasium = importlib.import_module("gymnasium")
        self.env, self.env_ids = gymnasium.make("Ant-v5", render_mode=video and "rgb_array"), [0]
        if video is not None:
            wrapper = gymnasium.wrappers.RecordVideo
            self.env = wrapper(self.env, str(video), episode_trigger=lambda episode: True, disable_logger=True)
        self.env.reset(seed=0)
        self.env.action_space.seed(0)
        self._actions = [self.env.action_space.sample() for _ in range(16)]
        self._step, self._is_over, self._reward = 0, False, 0.0

    def step(self) -> None:
        if self._is_over:
            self.env.reset()
        _, self._reward, terminated, truncated, _ = self.env.step(self._actions[self._step % 16])
        self._is_over = terminated or truncated
        self._step += 1

    def rows(self) -> dict[str, np.ndarray]:
        data = self.env.unwrapped.data
        action = self._actions[(self._step - 1) % 16]
        return {"qpos": data.qpos.copy(), "qvel": data.qvel.copy(), "action": action, "reward": np.array(self._reward)}


def alone(sim: Any, path: Path) -> Loop:
    return sim.step, lambda: None


def attached(sim: Any, path: Path) -> Loop:
    return sim.step, attach(sim.env, path, env_ids=sim.env_ids).close


def lists(sim: Any, path: Path) -> Loop:
    kept: list[dict[str, np.ndarray]] = []

    def step() -> None:
        sim.step()
        kept.append(sim.rows())

    def close() -> None:
        arrays: dict[str, Any] = {name: np.stack([rows[name] for rows in kept]) for name in kept[0]}
        np.savez(path.with_suffix(".npz"), **arrays)

    return step, close


def hdf5(sim: Any, path: Path) -> Loop:
    file = importlib.import_module("h5py").File(path.with_suffix(".h5"), "w", libver="latest")
    sets = {
        name: file.create_dataset(
            name, (0, *array.shape), array.dtype, maxshape=(None, *array.shape), chunks=(CHUNK, *array.shape)
        )
        for name, array in sim.rows().items()
    }
    file.swmr_mode = True

    def step() -> None:
        sim.step()
        for name, array in sim.rows().items():
            sets[name].resize(len(sets[name]) + 1, 0)
            sets[name][-1] = array
        file.flush()

    return step, file.close


def video(sim: Any, path: Path) -> Loop:
    return sim.step, sim.env.close


def steps_left(peer: str, path: Path) -> int:
    """How many steps can be read after the process is gone."""
    if peer == "attach":
        return repair(path).num_steps
    if peer == "h5py":
        with importlib.import_module("h5py").File(path.with_suffix(".h5"), "r", swmr=True) as file:
            return min(len(data) for data in file.values())
    return 0  # Of a killed process there is no file of the other peers; the caller checks.


PEERS: dict[str, Callable[[Any, Path], Loop]] = {
    "alone": alone,
    "attach": attached,
    "lists + savez": lists,
    "h5py": hdf5,
    "RecordVideo": video,
}


def make(simulation: str, peer: str, path: Path, num_envs: int = 4096) -> Any:
    if simulation == "legged_gym":
        return Legged(num_envs)
    return Ant(path.with_suffix(".videos") if peer == "RecordVideo" else None)


def why_not(simulation: str, peer: str) -> str:
    """Why a peer cannot run here; empty where it can."""
    needs = {"Ant-v5": ["gymnasium", "mujoco"]}.get(simulation, [])
    needs += {"h5py": ["h5py"], "RecordVideo": ["moviepy"]}.get(peer, [])
    missing = [name for name in needs if importlib.util.find_spec(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if peer == "RecordVideo":
        render = 'import gymnasium; e = gymnasium.make("Ant-v5", render_mode="rgb_array"); e.reset(); e.render()'
        done = subprocess.run([sys.executable, "-c", render], stderr=subprocess.PIPE, text=True)
        if "Error" in done.stderr and done.returncode:
            return f"no offscreen OpenGL: {done.stderr.strip().splitlines()[-1]}"
    return ""


def measure(simulation: str, peers: list[str], num_steps: int, folder: Path) -> None:
    """Let the loops take turns, so that what else runs here slows them alike."""
    loops = {peer: PEERS[peer](make(simulation, peer, folder / peer), folder / peer) for peer in peers}
    seconds: dict[str, list[float]] = {peer: [] for peer in peers}
    order = list(peers)
    for _ in range(WARM_UP + num_steps):
        for peer in order:
            start = time.perf_counter()
            loops[peer][0]()
            seconds[peer].append(time.perf_counter() - start)
        order.append(order.pop(0))
    base = np.array(seconds["alone"][WARM_UP:])
    print(f"\n{simulation}, {num_steps} steps in turn; alone: median {np.median(base) * 1e3:.3f} ms")
    for peer in peers[1:]:
        taken = np.array(seconds[peer][WARM_UP:])
        start = time.perf_counter()
        loops[peer][1]()
        at_end = time.perf_counter() - start
        median, tail = (np.percentile(taken, q) / np.percentile(base, q) for q in (50, 99))
        extra = np.median(taken - base) * 1e6
        size = sum(
            file.stat().st_size for top in folder.glob(f"{peer}*") for file in [top, *top.rglob("*")] if file.is_file()
        )
        print(
            f"  {peer:14s} loop {median:7.3f}x (p99 {tail:7.3f}x), {extra:+9.1f} us per step, {at_end * 1e3:7.1f} ms at"
            f" the end, {size / (WARM_UP + num_steps):8.0f} bytes per step"
        )


def kill(simulation: str, peer: str, num_steps: int, folder: Path) -> None:
    """Let a process record, grow, and be killed."""
    path = folder / f"killed {peer}"
    command = [sys.executable, __file__, "--child", simulation, peer, str(path), str(num_steps)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != -signal.SIGKILL:
        print(f"  {peer:14s} failed: {done.stderr.strip().splitlines()[-1:]}")
        return
    files = [file.name for file in folder.glob(f"killed {peer}*/*.mp4")] + list(folder.glob(f"killed {peer}*.npz"))
    assert not files, f"{peer} has left {files} behind, which nobody counts"
    print(
        f"  {peer:14s} killed after {num_steps} steps: {num_steps - steps_left(peer, path)} lost;"
        f" memory grew by {float(done.stdout) / 1e3:.1f} kB per step"
    )


def child(simulation: str, peer: str, path: Path, num_steps: int) -> None:
    step, _ = PEERS[peer](make(simulation, peer, path, num_envs=64), path)
    before = num_steps // 5
    for index in range(num_steps):
        if index == before:
            start = resident_bytes()
        step()
    print((resident_bytes() - start) / (num_steps - before), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    logging.disable(logging.WARNING)  # The first of these environments has no URDF.
    warnings.simplefilter("ignore")
    os.environ.setdefault("MUJOCO_GL", "egl")
    if "--child" in sys.argv:
        simulation, peer, path, num_steps = sys.argv[2:]
        return child(simulation, peer, Path(path), int(num_steps))
    quick = "--quick" in sys.argv
    plan = [
        ("legged_gym", ["attach", "lists + savez", "h5py"], 100 if quick else 2000, 500 if quick else 5000),
        ("Ant-v5", ["attach", "lists + savez", "h5py"], 300 if quick else 5000, 500 if quick else 5000),
        ("Ant-v5", ["RecordVideo"], 10 if quick else 200, 15 if quick else 100),
    ]
    for simulation, peers, num_steps, num_steps_killed in plan:
        reasons = {peer: why_not(simulation, peer) for peer in peers}
        able = [peer for peer in peers if not reasons[peer]]
        with tempfile.TemporaryDirectory() as folder:
            if able:
                measure(simulation, ["alone", *able], num_steps, Path(folder))
            for peer in able:
                kill(simulation, peer, num_steps_killed, Path(folder))
        for peer, reason in reasons.items():
            if reason:
                print(f"  {peer:14s} of {simulation} cannot run here: {reason}")


if __name__ == "__main__":
    main()
