"""Record an Isaac Lab task with one line.

    python 06_record_isaac_lab.py [task]

For Isaac Lab 3, which needs no Isaac Sim: `pip install isaaclab`, then this, in its environment. The robot's meshes and
the ground come out of the simulation. For Isaac Lab 2, which runs inside of Isaac Sim, start this by
`./isaaclab.sh -p 06_record_isaac_lab.py Isaac-Velocity-Rough-Anymal-C-v0`.
"""
# pyright: reportMissingImports=false

import contextlib
import sys
import tempfile
from pathlib import Path

try:
    import isaaclab.app
except ImportError:
    print("This example records Isaac Lab, which is not installed here: https://isaac-sim.github.io/IsaacLab")
    sys.exit()

IS_VERSION_3 = hasattr(isaaclab.app, "launch_simulation")
# Version 2 imports nothing of the simulator before its application runs.
app = None if IS_VERSION_3 else isaaclab.app.AppLauncher(headless=True).app

import gymnasium as gym  # noqa: E402
import isaaclab_tasks  # noqa: E402, F401 - registers the tasks.
import torch  # noqa: E402
from isaaclab_tasks.utils import parse_env_cfg  # noqa: E402

from replay_viewer import attach  # noqa: E402

TASK = sys.argv[1] if len(sys.argv) > 1 else "Isaac-Velocity-Rough-UnitreeGo2"
NUM_ENVS, NUM_STEPS = 64, 300
device = "cuda:0" if torch.cuda.is_available() else "cpu"
path = Path(tempfile.mkdtemp()) / "walk.rec"

cfg = parse_env_cfg(TASK, device=device, num_envs=NUM_ENVS)
with isaaclab.app.launch_simulation(cfg, {}) if IS_VERSION_3 else contextlib.nullcontext():
    env = gym.make(TASK, cfg=cfg)
    env.reset()
    recorder = attach(env, path, env_ids=[0, 1, 2, 3])
    for _ in range(NUM_STEPS):
        # Where a policy would be.
        env.step(torch.randn(env.action_space.shape, device=device))
    recorder.close()
    print(f"{recorder.num_steps} steps of 4 envs of {TASK}. To see them: replay-viewer view {recorder.path}")
    env.close()
if app is not None:
    app.close()
