"""Record two Gymnasium tasks, one environment of the Ant and a vector of four Humanoids, with their reward terms.

Both policies are made up: the Ant swings its legs, the Humanoids tremble and fall. The last lines that are printed
open the recordings in the browser.
"""
# pyright: reportMissingImports=false

import tempfile
from pathlib import Path

try:
    import gymnasium
    import mujoco  # noqa: F401 - the tasks need it.
except ImportError as missing:
    print(f'{missing}. This example needs Gymnasium and MuJoCo: pip install "gymnasium[mujoco]"')
    raise SystemExit from None

import numpy as np

from replay_viewer import attach


def record_ant(path: Path) -> Path:
    """A single environment, which its user resets."""
    env = gymnasium.make("Ant-v5", max_episode_steps=150)
    with attach(env, path) as recorder:
        env.reset(seed=0)
        for step in range(300):
            swing = np.sin(2 * np.pi * 0.05 * step + np.arange(8) * np.pi / 2)
            _, _, terminated, truncated, _ = env.step(0.5 * swing)
            if terminated or truncated:
                env.reset()
    return recorder.path


def record_humanoids(path: Path) -> Path:
    """A vector, which resets its members itself. They must run in this process, or nobody could see their physics."""
    envs = gymnasium.make_vec("Humanoid-v5", num_envs=4, vectorization_mode="sync")
    with attach(envs, path, env_ids="all") as recorder:
        envs.reset(seed=0)
        envs.action_space.seed(0)
        for _ in range(150):
            envs.step(0.3 * envs.action_space.sample())
    return recorder.path


folder = Path(tempfile.mkdtemp(prefix="recordings-"))
paths = [record_ant(folder / "ant.rec"), record_humanoids(folder / "humanoids.rec")]
for recorded in paths:
    print(f"replay-viewer {recorded}")
