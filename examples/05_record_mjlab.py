"""Record mjlab's Go1 with one line, then look at what is in the recording.

    python 05_record_mjlab.py [runs/go1.rec]

It needs mjlab (pip install mjlab), no GPU, and about a minute the first time, when mjlab compiles its kernels.
"""
# pyright: reportMissingImports=false

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from replay_viewer import attach

try:
    import mjlab.tasks  # noqa: F401 - registers the tasks.
    import torch
    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.tasks.registry import load_env_cfg
except ImportError:
    print("This example records mjlab, which is not installed here: pip install mjlab")
    sys.exit()

TASK, NUM_ENVS, NUM_STEPS = "Mjlab-Velocity-Flat-Unitree-Go1", 4, 60
path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()) / "go1.rec"

cfg = load_env_cfg(TASK)
cfg.scene.num_envs, cfg.seed = NUM_ENVS, 1
with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # It introduces itself at length.
    env = ManagerBasedRlEnv(cfg=cfg, device="cpu")
    env.reset()

with attach(env, path, env_ids=[0, 1]) as recorder:
    for _ in range(NUM_STEPS):
        # Where a policy would be: env 0 stands, the others jerk their legs until they fall.
        actions = 3 * torch.randn(NUM_ENVS, env.action_manager.total_action_dim)
        actions[0] = 0
        env.step(actions)
env.close()

# As a command: replay-viewer info go1.rec
subprocess.run([sys.executable, "-m", "replay_viewer", "info", str(recorder.path)], check=True)
print(f"\nTo see it: replay-viewer view {recorder.path}")
