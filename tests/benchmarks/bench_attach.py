"""What `attach` costs a simulation: short blocks of steps with the hook and without it, in turn; see `paired_blocks`.

A legged_gym environment of 4096 envs, whose physics is a formula: of another simulator, what counts is the extra time
in microseconds beside that of its own steps. Torch tensors on the CPU, on one thread, where torch is there; else numpy
arrays. Recorded are 16 neighbours, 16 and 64 at equal distances, 16 anywhere, and all. Below each stands a bare hook,
which puts the same buffers' rows side by side and writes them, with no names, checks, reward terms or episodes: no hook
in Python costs less. Last, what one copy of the bytes of all envs takes, and their writing without a pause.

Gymnasium's Ant-v5, where that is there, may take 15 us more a step; below it stands a bare hook, too, which writes
`qpos` and `qvel`. Then the hook alone, on an environment whose
step does nothing: with one recorder, another one, and both. Two recorders share one hook, so both cost less than the
two one by one.
Run: python tests/benchmarks/bench_attach.py [--quick]
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim
from paired_blocks import compare

from replay_viewer import attach
from replay_viewer.record.patches import Patches

NUM_ENVS = 4096
# What is recorded, and how many times the loop alone it may cost.
CASES: dict[str, tuple[Any, float]] = {
    "16 neighbours": (range(16), 1.02),
    "16 scattered": (range(0, NUM_ENVS, 256), 1.02),
    "16 anywhere": (np.random.default_rng(1).choice(NUM_ENVS, 16, replace=False), 1.02),
    "64 scattered": (range(0, NUM_ENVS, 64), 1.03),
    "all": ("all", 1.10),
}
ANT_LIMIT_US = 15
_RECORD_BYTES = 4096 * 356  # Of a step of all envs.
_BUFFERS = ("root_states", "dof_pos", "dof_vel", "torques", "contact_forces", "commands", "actions", "rew_buf")


class Still(LeggedGymSim):
    """A simulation whose steps only count."""

    def step(self, actions: object) -> tuple:
        self.episode_length_buf += 1
        return ()


def stepping(env: LeggedGymSim) -> Callable[[], object]:
    """Steps by actions of its own."""
    rng = np.random.default_rng(0)
    drawn = [env.np.array(rng.uniform(-1, 1, (NUM_ENVS, len(DOF_NAMES))).astype(np.float32)) for _ in range(16)]
    actions = iter(lambda: drawn[rng.integers(16)], None)
    return lambda: env.step(next(actions))


def loops(library: str, num_pairs: int) -> None:
    for name, (env_ids, limit) in CASES.items():
        env = LeggedGymSim(NUM_ENVS, library=library, keep_truth=False)
        with tempfile.TemporaryDirectory() as folder, attach(env, Path(folder) / "run.rec", env_ids=env_ids):
            print(compare(stepping(env), num_pairs).line(name, limit), flush=True)
        env = LeggedGymSim(NUM_ENVS, library=library, keep_truth=False)
        with tempfile.TemporaryFile() as file:
            put_bare_hook(env, np.arange(NUM_ENVS)[slice(None) if name == "all" else env_ids], file.fileno())
            print(compare(stepping(env), num_pairs).line("  a bare hook"), flush=True)


def put_bare_hook(env: LeggedGymSim, ids: np.ndarray, fd: int) -> None:
    """Write some envs' rows of the buffers after each step, as little as Python can do."""
    written, is_all = 0, len(ids) == NUM_ENVS

    def write(_: object) -> None:
        nonlocal written
        buffers = (np.asarray(getattr(env, name)) for name in _BUFFERS)
        rows = [(buffer if is_all else buffer[ids]).reshape(len(ids), -1) for buffer in buffers]
        written += os.pwrite(fd, np.concatenate(rows, 1).data, written)

    patches = Patches(_raise)
    patches.method(env, "step", patches.listener(after=write))


def _raise(error: Exception) -> None:
    raise error


def ant(num_pairs: int) -> None:
    """Print what the hook costs Gymnasium's Ant-v5."""
    if importlib.util.find_spec("gymnasium") is None:
        return print("Ant-v5 cannot run here: gymnasium is not installed")
    env, step = stepped_ant()
    with tempfile.TemporaryDirectory() as folder, attach(env, Path(folder) / "run.rec"):
        comparison = compare(step, num_pairs)
    verdict = "within" if comparison.extra_us()[0] <= ANT_LIMIT_US else "ABOVE"
    print(comparison.line("Gymnasium's Ant-v5"), f"; {verdict} {ANT_LIMIT_US} us")
    env, step = stepped_ant()
    with tempfile.TemporaryFile() as file:
        put_bare_ant_hook(env, file.fileno())
        print(compare(step, num_pairs).line("  a bare hook"), flush=True)


def stepped_ant() -> tuple[Any, Callable[[], object]]:
    """An Ant, and what steps it by actions of its own, and resets it."""
    env = importlib.import_module("gymnasium").make("Ant-v5")
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(16)]
    count, is_over = 0, False

    def step() -> None:
        nonlocal count, is_over
        if is_over:
            env.reset()
        _, _, terminated, truncated, _ = env.step(actions[count % 16])
        count, is_over = count + 1, terminated or truncated

    return env, step


def put_bare_ant_hook(env: Any, fd: int) -> None:
    """Write the state of an Ant after each step."""
    written, data = 0, env.unwrapped.data

    def write(_: object) -> None:
        nonlocal written
        written += os.pwrite(fd, np.concatenate([data.qpos, data.qvel]).astype(np.float32).data, written)

    patches = Patches(_raise)
    patches.method(env, "step", patches.listener(after=write))


def bare(num_bytes: int, num_steps: int) -> None:
    """Print what it takes to copy so many bytes, and to hand them to the system."""
    block, other = np.ones(num_bytes, np.uint8), np.zeros(num_bytes, np.uint8)
    seconds = np.zeros((num_steps, 2))
    with tempfile.TemporaryFile() as file:
        for step in range(num_steps):
            start = time.thread_time()
            other[:] = block
            middle = time.thread_time()
            os.pwrite(file.fileno(), other.data, step * num_bytes)
            seconds[step] = middle - start, time.thread_time() - middle
    copy, write = np.median(seconds, 0) * 1e6
    print(f"all are {num_bytes / 1e6:.2f} MB a step: one copy takes {copy:.0f} us, the bare write {write:.0f} us")


def hook_alone(library: str, num_pairs: int) -> None:
    chosen = {"neighbours": [range(16)], "scattered": [range(0, NUM_ENVS, 256)]}
    chosen["both"] = [recorded for ids in chosen.values() for recorded in ids]
    cost = {}
    for name, several in chosen.items():
        env = Still(NUM_ENVS, library=library, keep_truth=False)
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            for index, env_ids in enumerate(several):
                stack.enter_context(attach(env, Path(folder) / f"{index}.rec", env_ids=env_ids))
            cost[name], low, high = compare(lambda env=env: env.step(None), num_pairs).extra_us()
        print(f"hook alone, {name:10s} {cost[name]:6.1f} us a step [{low:.1f}, {high:.1f}]")
    one_by_one = cost["neighbours"] + cost["scattered"]
    print(f"two recorders on one environment: {cost['both'] / one_by_one:.2f}x of the two one by one")


def main() -> None:
    logging.disable(logging.WARNING)  # This environment has no URDF.
    quick = "--quick" in sys.argv
    library = "numpy" if importlib.util.find_spec("torch") is None else "torch"
    if library == "torch":
        # So that all of a step's time is this thread's.
        importlib.import_module("torch").set_num_threads(1)
    print(f"{NUM_ENVS} envs, {library}")
    loops(library, 30 if quick else 400)
    bare(_RECORD_BYTES, 100)
    ant(200 if quick else 2000)
    hook_alone(library, 100 if quick else 1000)


if __name__ == "__main__":
    main()
