"""What `attach` costs mjlab: Go1 on flat ground, 32 envs, 16 of them recorded, with their reward terms.

Short blocks of steps with the hook and without it, in turn; see `paired_blocks`. Limit: 1.02 times the loop alone.
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
import warnings
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from paired_blocks import compare

from replay_viewer import attach

TASK = "Mjlab-Velocity-Flat-Unitree-Go1"
NUM_ENVS, NUM_RECORDED, LIMIT = 32, 16, 1.02


def make_env() -> Any:
    importlib.import_module("mjlab.tasks")  # Registers the tasks.
    cfg = importlib.import_module("mjlab.tasks.registry").load_env_cfg(TASK)
    cfg.scene.num_envs = NUM_ENVS
    return importlib.import_module("mjlab.envs").ManagerBasedRlEnv(cfg=cfg, device="cpu")


def main() -> None:
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    torch = importlib.import_module("torch")
    # So that all of a step's time is this thread's.
    torch.set_num_threads(1)
    # Tables of the task, and each kernel that is loaded.
    with contextlib.redirect_stdout(io.StringIO()):
        env = make_env()
        env.reset(seed=0)
        actions = torch.randn(NUM_ENVS, env.action_manager.total_action_dim)
        with tempfile.TemporaryDirectory() as folder:
            with attach(env, Path(folder) / "run.rec", env_ids=range(NUM_RECORDED)):
                comparison = compare(lambda: env.step(actions), 3 if "--quick" in sys.argv else 60)
    print(comparison.line(f"{NUM_ENVS} envs, {NUM_RECORDED} recorded", LIMIT))


if __name__ == "__main__":
    main()
