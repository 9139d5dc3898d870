"""Cost of recording one step: the container, the bare write of its bytes, lists with np.savez, one raw .npy per field.

All are given the same arrays and copy them, as a simulator reuses its buffers. They take turns, so that what else runs
here slows them alike; printed are medians of the time that this thread was given. Lists hold everything in memory and
lose it when the process dies; `np.savez` at the end is shared out over the steps. A raw file per field costs one system
call each. Limit: 8 us for 16 envs with 12 joints and 16 reward terms.
Run: python tests/benchmarks/bench_container_append.py
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.layout import declare_all, plan_layout
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.rollout.entities import EntitySpec

NUM_JOINTS, NUM_TERMS, NUM_OBS = 12, 16, 48
LIMIT_US, BLOCK_STEPS = 8.0, 50
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

Append = Callable[[int], object]


def step_values(num_envs: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=(num_envs, *shape)).astype(np.float32) for name, shape in SHAPES.items()}
    return {**values, "flags": np.zeros(num_envs, np.uint32)}


def info(num_envs: int) -> RecordingInfo:
    robot = EntitySpec("robot", joint_names=[f"joint_{i}" for i in range(NUM_JOINTS)])
    terms = [f"term_{i}" for i in range(NUM_TERMS)]
    return RecordingInfo(env_ids=range(num_envs), control_dt=0.02, entities=[robot], reward_terms=terms)


@contextlib.contextmanager
def bare_write(folder: Path, values: dict[str, np.ndarray], num_envs: int) -> Iterator[Append]:
    """As many bytes, which are ready, behind those before them."""
    block = bytes(plan_layout(declare_all(values), num_envs).record_bytes)
    fd = os.open(folder / "bare", os.O_RDWR | os.O_CREAT)
    yield lambda step: os.pwrite(fd, block, step * len(block))
    os.close(fd)


@contextlib.contextmanager
def container(folder: Path, values: dict[str, np.ndarray], num_envs: int) -> Iterator[Append]:
    with ContainerWriter(folder / "run.rec", info(num_envs)) as writer:
        yield lambda step: writer.append(step, step * 0.02, values)


@contextlib.contextmanager
def packed_container(folder: Path, values: dict[str, np.ndarray], num_envs: int) -> Iterator[Append]:
    """Rows that are ready, as a hook has them."""
    fields = declare_all(values)
    words = np.zeros((num_envs, plan_layout(fields, num_envs).row.num_bytes // 4), np.float32)
    with ContainerWriter(folder / "packed.rec", info(num_envs), fields=fields) as writer:
        yield lambda step: writer.append(step, step * 0.02, words)


@contextlib.contextmanager
def lists(folder: Path, values: dict[str, np.ndarray], _: int) -> Iterator[Append]:
    columns: dict[str, list[np.ndarray]] = {name: [] for name in values}

    def append(_: int) -> None:
        for name, array in values.items():
            columns[name].append(array.copy())

    yield append
    np.savez(folder / "run.npz", **{name: np.stack(arrays) for name, arrays in columns.items()})  # type: ignore[arg-type]


@contextlib.contextmanager
def file_per_field(folder: Path, values: dict[str, np.ndarray], _: int) -> Iterator[Append]:
    with contextlib.ExitStack() as stack:
        files = {name: stack.enter_context(open(folder / f"{name}.npy", "wb", buffering=0)) for name in values}

        def append(_: int) -> None:
            for name, array in values.items():
                files[name].write(array.data)

        yield append


WAYS: dict[str, Callable[..., contextlib.AbstractContextManager[Append]]] = {
    "container": container,
    "bare write": bare_write,
    "packed rows": packed_container,
    "lists + np.savez": lists,
    "raw .npy per field": file_per_field,
}


def microseconds(num_envs: int, num_steps: int) -> dict[str, float]:
    """Of a step, by each way."""
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    at_end = dict.fromkeys(WAYS, 0.0)
    values = step_values(num_envs)
    with tempfile.TemporaryDirectory() as folder:
        entered = {name: way(Path(folder), values, num_envs) for name, way in WAYS.items()}
        appends = {name: way.__enter__() for name, way in entered.items()}
        for first in range(0, num_steps, BLOCK_STEPS):
            for name, append in appends.items():
                for step in range(first, first + BLOCK_STEPS):
                    start = time.thread_time()
                    append(step)
                    seconds[name].append(time.thread_time() - start)
        for name, way in entered.items():
            start = time.thread_time()
            way.__exit__(None, None, None)
            at_end[name] = time.thread_time() - start
    # The other ways have written by then what they are given.
    shares = {name: at_end[name] / num_steps if name == "lists + np.savez" else 0.0 for name in WAYS}
    return {name: (statistics.median(each) + shares[name]) * 1e6 for name, each in seconds.items()}


def main() -> None:
    print("microseconds per step (median), and how many times the container's")
    for num_envs, num_steps in ((1, 5000), (16, 5000), (64, 3000), (4096, 150)):
        found = microseconds(num_envs, num_steps)
        shown = [f"{name} {us:.1f} ({us / found['container']:.2f}x)" for name, us in found.items()]
        print(f"{num_envs:5d} envs: " + "; ".join(shown))
        if num_envs == 16:
            verdict = "within" if found["container"] <= LIMIT_US else "ABOVE"
            print(f"            {found['container']:.1f} us is {verdict} the limit of {LIMIT_US:.0f} us")


if __name__ == "__main__":
    main()
