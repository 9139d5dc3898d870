"""Record an Isaac Lab task with one line.

    ./isaaclab.sh -p 06_record_isaac_lab.py [robot.urdf]

Isaac Lab makes its robots of USD files, so give it the URDF with the robot's meshes, or give that to the viewer later
(replay-viewer view run.rec --urdf robot.urdf).
"""
# pyright: reportMissingImports=false

import sys
import tempfile
from pathlib import Path

try:
    from isaaclab.app import AppLauncher
except ImportError:
    print("This example records Isaac Lab, which is not installed here: https://isaac-sim.github.io/IsaacLab")
    sys.exit()

# The simulator has to run before anything of it is imported.
app = AppLauncher(headless=True).app

import gymnasium as gym  # noqa: E402
import isaaclab_tasks  # noqa: E402, F401 - registers the tasks.
import torch  # noqa: E402
from isaaclab_tasks.utils import parse_env_cfg  # noqa: E402

from replay_viewer import attach  # noqa: E402

TASK, NUM_ENVS, NUM_STEPS = "Isaac-Velocity-Flat-Anymal-C-v0", 64, 300
urdf = sys.argv[1] if len(sys.argv) > 1 else None
path = Path(tempfile.mkdtemp()) / "anymal.rec"

env = gym.make(TASK, cfg=parse_env_cfg(TASK, device="cuda:0", num_envs=NUM_ENVS))
env.reset()
recorder = attach(env, path, env_ids=[0, 1, 2, 3], urdf=urdf)
for _ in range(NUM_STEPS):
    # Where a policy would be.
    env.step(torch.randn(env.action_space.shape, device="cuda:0"))
recorder.close()
print(f"{recorder.num_steps} steps of 4 envs of {TASK}. To see them: replay-viewer view {recorder.path}")
env.close()
app.close()
