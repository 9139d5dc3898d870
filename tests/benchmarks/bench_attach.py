"""What `attach` costs a simulation: the loop's time with it and without it, and with full copies kept in lists.

Three legged_gym environments of equal seeds, 4096 envs each, step in turn: one alone, one with 16 envs recorded, one
whose loop keeps whole buffers as a user without a recorder would. Torch tensors on the CPU where torch is there,
else numpy arrays. Limit: 1.02 times the loop alone, at the median and at the 99th percentile. Here the physics is
a formula: of another simulator, what counts is the extra time in microseconds beside that of its own steps.

Then the hook alone, on an environment whose step does nothing, by this thread's own time: blocks of steps with one
recorder, another one, and both, in turn, the fastest of each. Two recorders share one hook, so both cost less than the
two one by one.
Run: python tests/benchmarks/bench_attach.py [NUM_STEPS]
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim

from replay_viewer import attach
from replay_viewer.arrays import as_array

NUM_ENVS, NUM_RECORDED, LIMIT, WARM_UP = 4096, 16, 1.02, 20
BUFFERS = ("root_states", "dof_pos", "dof_vel", "torques", "contact_forces", "commands", "actions", "rew_buf")


def keeping_lists(env: LeggedGymSim) -> Callable[[object], None]:
    """A loop that copies all buffers and takes the recorded rows later."""
    kept: list[list[np.ndarray]] = []

    def step(actions: object) -> None:
        env.step(actions)
        kept.append([as_array(getattr(env, name)).copy()[:NUM_RECORDED] for name in BUFFERS])

    return step


def seconds_of_steps(loops: dict[str, Callable[[object], object]], env: LeggedGymSim, num_steps: int) -> dict:
    """(num_steps,) of each loop; they take turns, so that what else runs here slows them alike."""
    rng = np.random.default_rng(0)
    times: dict[str, list[float]] = {name: [] for name in loops}
    order = list(loops)
    for _ in range(num_steps + WARM_UP):
        actions = env.np.array(rng.uniform(-1, 1, (NUM_ENVS, len(DOF_NAMES))).astype(np.float32))
        for name in order:
            start = time.perf_counter()
            loops[name](actions)
            times[name].append(time.perf_counter() - start)
        order.append(order.pop(0))
    return {name: np.array(seconds[WARM_UP:]) for name, seconds in times.items()}


class Still(LeggedGymSim):
    """A simulation whose steps only count."""

    def step(self, actions: object) -> tuple:
        self.episode_length_buf += 1
        return ()


def hook_alone(library: str, num_blocks: int, block: int = 100) -> None:
    """Print microseconds of a step's hook: of two recorders one by one, and of both on one environment."""
    chosen = {"neighbours": [range(NUM_RECORDED)], "scattered": [range(0, NUM_ENVS, 256)]}
    chosen["both"] = [recorded for ids in chosen.values() for recorded in ids]
    times: dict[str, list[float]] = {name: [] for name in ("none", *chosen)}
    with tempfile.TemporaryDirectory() as folder:
        envs = {name: Still(NUM_ENVS, library=library, keep_truth=False) for name in times}
        recorders = [
            attach(envs[name], Path(folder) / f"{name}-{index}.rec", env_ids=ids)
            for name, several in chosen.items()
            for index, ids in enumerate(several)
        ]
        for number in range(num_blocks + 1):
            for name, env in envs.items():
                start = time.thread_time()
                for _ in range(block):
                    env.step(None)
                if number:  # The first one settles what is recorded.
                    times[name].append((time.thread_time() - start) / block * 1e6)
        for recorder in recorders:
            recorder.close()
    cost = {name: min(times[name]) - min(times["none"]) for name in chosen}
    for name, microseconds in cost.items():
        print(f"hook alone, {name:10s} {microseconds:6.1f} us a step")
    one_by_one = cost["neighbours"] + cost["scattered"]
    print(f"two recorders on one environment: {cost['both'] / one_by_one:.2f}x of the two one by one")


def report(times: dict[str, np.ndarray]) -> None:
    alone = times["alone"]
    for name, seconds in times.items():
        median, tail = (np.percentile(seconds, q) / np.percentile(alone, q) for q in (50, 99))
        extra = np.median(seconds - alone) * 1e6
        line = (
            f"{name:12s} median {np.median(seconds) * 1e3:7.3f} ms ({median:.3f}x), p99 {tail:.3f}x, {extra:+7.1f} us"
        )
        verdict = "within" if max(median, tail) <= LIMIT else "ABOVE"
        print(line + (f", {verdict} the limit of {LIMIT}" if name == "attached" else ""))


def main() -> None:
    logging.disable(logging.WARNING)  # This environment has no URDF.
    num_steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    library = "numpy" if importlib.util.find_spec("torch") is None else "torch"
    alone, attached, listed = (LeggedGymSim(NUM_ENVS, library=library, keep_truth=False) for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        for what, env_ids in (("neighbours", range(NUM_RECORDED)), ("scattered", range(0, NUM_ENVS, 256))):
            with attach(attached, Path(folder) / "run.rec", env_ids=env_ids):
                loops = {"alone": alone.step, "attached": attached.step, "full copies": keeping_lists(listed)}
                times = seconds_of_steps(loops, alone, num_steps)
            print(f"{NUM_ENVS} envs, {NUM_RECORDED} recorded ({what}), {library}, {num_steps} steps")
            report(times)
    hook_alone(library, max(10, num_steps // 20))


if __name__ == "__main__":
    main()
