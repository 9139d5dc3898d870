"""Cost of opening a plain npz: the restricted unpickler against Python's own, and the whole against numpy's load.

Python's `pickle` is written in C and may run what the file says; ours is Python and runs nothing. What opening costs
beyond `np.load` finds out the order of the quaternions, the episode ends and the reward terms. Limits: 60 times
`pickle.loads`, and 0.3 s for the evidence on the quaternions of 1000 steps x 4 envs.
Run: python tests/benchmarks/bench_plain_npz.py
"""

from __future__ import annotations

import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from legged_fake import Truth, roll_out

from replay_viewer.formats import LoadOptions, load_rollout
from replay_viewer.npz.safe_pickle import loads

MAX_RATIO = 60.0
MAX_EVIDENCE_SECONDS = 0.3


def best_seconds(action: Callable[[], Any], repeats: int = 5) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return min(times)


def infos(truth: Truth) -> np.ndarray:
    """One dict per step, as training scripts keep them."""
    steps = np.empty(len(truth.rew), dtype=object)
    for t in range(len(steps)):
        steps[t] = {"reward_terms": {name: v[t] for name, v in truth.terms.items()}, "reset": truth.reset[t]}
    return steps


def main() -> None:
    truth = roll_out(num_steps=1000, num_envs=4)
    steps = infos(truth)
    data = pickle.dumps(steps, protocol=4)
    ours, theirs = best_seconds(lambda: loads(data)), best_seconds(lambda: pickle.loads(data))
    print(
        f"unpickling 1000 infos: {ours * 1e3:.1f} ms, pickle.loads {theirs * 1e3:.1f} ms: {ours / theirs:.0f}x slower"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rollout.npz"
        np.savez_compressed(path, **{**truth.arrays(), "info": steps})  # type: ignore[arg-type]
        found = best_seconds(lambda: load_rollout(path).close())
        stated = best_seconds(lambda: load_rollout(path, LoadOptions(quat_order="xyzw")).close())
        plain = best_seconds(lambda: [value for _, value in np.load(path, allow_pickle=True).items()])
    print(f"opening: {found * 1e3:.0f} ms, np.load {plain * 1e3:.0f} ms: {found / plain:.1f}x")
    print(f"evidence on the quaternions: {(found - stated) * 1e3:.0f} ms (limit {MAX_EVIDENCE_SECONDS * 1e3:.0f} ms)")
    if ours / theirs > MAX_RATIO or found - stated > MAX_EVIDENCE_SECONDS:
        sys.exit("too slow")


if __name__ == "__main__":
    main()
