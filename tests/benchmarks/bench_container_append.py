"""Cost of recording one step: the container against lists with np.savez, and against one raw .npy per field.

All three are given the same arrays and copy them, as a simulator reuses its buffers. Lists hold everything in memory
and lose it when the process dies; `np.savez` at the end is shared out over the steps. Files per field cost one system
call each. Limit: 20 us for 16 envs with 12 joints and 16 reward terms.
Run: python tests/benchmarks/bench_container_append.py
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.layout import declare_all, plan_layout
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.rollout.entities import EntitySpec

NUM_JOINTS, NUM_TERMS, NUM_OBS = 12, 16, 48
LIMIT_US = 20.0
SHAPES = {
    "robot.base_pos": (3,),
    "robot.base_wxyz": (4,),
    "robot.joint_pos": (NUM_JOINTS,),
    "robot.joint_vel": (NUM_JOINTS,),
    "robot.base_lin_vel": (3,),
    "robot.base_ang_vel": (3,),
    "robot.joint_torque": (NUM_JOINTS,),
    "command": (3,),
    "obs": (NUM_OBS,),
    "act": (NUM_JOINTS,),
    "rew": (),
    "rew_terms": (NUM_TERMS,),
    "flags": (),
}

Append = Callable[[int], None]


def step_values(num_envs: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=(num_envs, *shape)).astype(np.float32) for name, shape in SHAPES.items()}
    return {**values, "flags": np.zeros(num_envs, np.uint32)}


def info(num_envs: int) -> RecordingInfo:
    robot = EntitySpec("robot", joint_names=[f"joint_{i}" for i in range(NUM_JOINTS)])
    terms = [f"term_{i}" for i in range(NUM_TERMS)]
    return RecordingInfo(env_ids=range(num_envs), control_dt=0.02, entities=[robot], reward_terms=terms)


def median_us(append: Append, num_steps: int) -> float:
    times = []
    for step in range(num_steps):
        start = time.perf_counter()
        append(step)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def container(folder: Path, values: dict[str, np.ndarray], num_envs: int, num_steps: int) -> float:
    with ContainerWriter(folder / "run.rec", info(num_envs)) as writer:
        return median_us(lambda step: writer.append(step, step * 0.02, values), num_steps)


def packed_container(folder: Path, values: dict[str, np.ndarray], num_envs: int, num_steps: int) -> float:
    """Rows that a GPU has packed already."""
    fields = declare_all(values)
    words = np.zeros((num_envs, plan_layout(fields, num_envs).row.num_bytes // 4), np.float32)
    with ContainerWriter(folder / "packed.rec", info(num_envs), fields=fields) as writer:
        return median_us(lambda step: writer.append(step, step * 0.02, words), num_steps)


def lists(folder: Path, values: dict[str, np.ndarray], _: int, num_steps: int) -> float:
    columns: dict[str, list[np.ndarray]] = {name: [] for name in values}

    def append(_: int) -> None:
        for name, array in values.items():
            columns[name].append(array.copy())

    each = median_us(append, num_steps)
    start = time.perf_counter()
    np.savez(folder / "run.npz", **{name: np.stack(arrays) for name, arrays in columns.items()})  # type: ignore[arg-type]
    return each + (time.perf_counter() - start) / num_steps * 1e6


def file_per_field(folder: Path, values: dict[str, np.ndarray], _: int, num_steps: int) -> float:
    files = {name: open(folder / f"{name}.npy", "wb", buffering=0) for name in values}  # noqa: SIM115

    def append(_: int) -> None:
        for name, array in values.items():
            files[name].write(array.data)

    each = median_us(append, num_steps)
    for file in files.values():
        file.close()
    return each


def main() -> None:
    ways = {
        "container": container,
        "container, packed rows": packed_container,
        "lists + np.savez": lists,
        "one raw .npy per field": file_per_field,
    }
    print("microseconds per step (median), and how many times the container's")
    for num_envs, num_steps in ((1, 5000), (16, 5000), (64, 3000), (4096, 150)):
        values, results = step_values(num_envs), {}
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                results[name] = way(Path(folder), values, num_envs, num_steps)
        shown = [f"{name} {us:.1f} ({us / results['container']:.1f}x)" for name, us in results.items()]
        print(f"{num_envs:5d} envs: " + "; ".join(shown))
        if num_envs == 16:
            verdict = "within" if results["container"] <= LIMIT_US else "ABOVE"
            print(f"            {results['container']:.1f} us is {verdict} the limit of {LIMIT_US:.0f} us")


if __name__ == "__main__":
    main()
