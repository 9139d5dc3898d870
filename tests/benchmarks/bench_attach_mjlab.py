"""What `attach` costs mjlab: Go1 on flat ground, 32 envs, 16 of them recorded, with their reward terms.

One environment, whose steps take turns in blocks: one block recorded, the next with every method put back, so that
whatever else runs here, and whatever its robots are doing, slows both alike. Limit: 1.02 times the loop alone, at the
median and at the 99th percentile; the block's length keeps `attach` itself (URDF and meshes are exported) out of it.
Run: python tests/benchmarks/bench_attach_mjlab.py [--quick]
Needs: pip install torch==2.13.0 mjlab==1.6.0. On two quiet cores it starts in 15 s and makes about ten steps a second.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from replay_viewer import attach

TASK = "Mjlab-Velocity-Flat-Unitree-Go1"
NUM_ENVS, NUM_RECORDED, WARM_UP, LIMIT = 32, 16, 5, 1.02


def make_env() -> Any:
    importlib.import_module("mjlab.tasks")  # Registers the tasks.
    cfg = importlib.import_module("mjlab.tasks.registry").load_env_cfg(TASK)
    cfg.scene.num_envs = NUM_ENVS
    return importlib.import_module("mjlab.envs").ManagerBasedRlEnv(cfg=cfg, device="cpu")


def seconds_of_block(env: Any, actions: Any) -> list[float]:
    """Of each step; the first few, in which `attach` makes its plans, are left out."""
    seconds = []
    for action in actions:
        start = time.perf_counter()
        env.step(action)
        seconds.append(time.perf_counter() - start)
    return seconds[WARM_UP:]


def report(alone: list[float], attached: list[float]) -> None:
    ratios = {q: np.percentile(attached, q) / np.percentile(alone, q) for q in (50, 99)}
    verdict = "within" if max(ratios.values()) <= LIMIT else "ABOVE"
    base = f"{len(alone)} steps each: alone median {np.median(alone) * 1e3:.1f} ms"
    ratio = f"attached {ratios[50]:.3f}x, p99 {ratios[99]:.3f}x, {verdict} the limit of {LIMIT}"
    print(f"{NUM_ENVS} envs, {NUM_RECORDED} recorded, {base}; {ratio}")


def main() -> None:
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    num_blocks, block_steps = (4, 10) if "--quick" in sys.argv else (80, 25)
    torch = importlib.import_module("torch")
    times: tuple[list[float], list[float]] = ([], [])
    # Tables of the task, and each kernel that is loaded.
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        env = make_env()
        env.reset(seed=0)
        for block in range(num_blocks):
            torch.manual_seed(block // 2)
            actions = torch.randn(block_steps + WARM_UP, NUM_ENVS, env.action_manager.total_action_dim)
            # Alone, recorded, recorded, alone: neither always follows the other.
            if block % 4 in (1, 2):
                with attach(env, Path(folder) / "run.rec", env_ids=range(NUM_RECORDED)):
                    times[1].extend(seconds_of_block(env, actions))
            else:
                times[0].extend(seconds_of_block(env, actions))
    report(*times)


if __name__ == "__main__":
    main()
