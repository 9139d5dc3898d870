"""Train a policy to balance a pole, and film every third evaluation: of states that are drawn beside the training.

    python 13_film_a_training.py videos     # a minute on two cores

A film is called by the training's step and the rate of success at that time, and says the same of itself. Whatever ends
the training, nothing that was filmed is lost: what is not drawn yet is drawn by the last command that is printed.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

try:
    import gymnasium
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
except ImportError as missing:
    print(f"{missing}. This example needs a simulator and a learner: pip install gymnasium[mujoco] stable-baselines3")
    raise SystemExit from None

from replay_viewer import (
    Trigger,
    VideoRecordingCfg,
    set_training_state,
    timestamped_run_dir,
    wrap_env_for_video,
)

TASK, MAX_STEPS = "InvertedPendulum-v5", 300
EVERY, EPISODES = 3, 5


class Evaluate(BaseCallback):
    """Evaluates the policy after each rollout of the training, by as many episodes.

    Args:
        env: to evaluate in; its episodes are filmed while the training says that it evaluates.
    """

    def __init__(self, env: Any) -> None:
        super().__init__()
        self._env, self._number = env, 0

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        is_filmed = self._number % EVERY == 0
        set_training_state(iteration=self._number, global_step=self.num_timesteps, evaluation=is_filmed)
        lengths = [self._episode() for _ in range(EPISODES)]
        print(f"step {self.num_timesteps}: upright for {sum(lengths) / EPISODES:.0f} steps{', filmed' * is_filmed}")
        self._number += 1
        set_training_state(evaluation=False)

    def _episode(self) -> int:
        obs, _ = self._env.reset()
        length, is_over = 0, False
        while not is_over:
            action, _ = self.model.predict(obs, deterministic=True)
            obs, _, terminated, truncated, _ = self._env.step(action)
            length, is_over = length + 1, terminated or truncated
        return length


def main() -> None:
    """Train, evaluate and film."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="?", help="the folder of all runs (default: a temporary one)")
    parser.add_argument("--steps", type=int, default=10_000, help="of the training (default: 10000)")
    options = parser.parse_args()
    base = options.videos or Path(tempfile.mkdtemp(prefix="videos-"))
    set_training_state(experiment="pendulum", task=TASK)
    env = gymnasium.make(TASK, max_episode_steps=MAX_STEPS)
    cfg = VideoRecordingCfg(
        record_viewport_video=True,
        video_base_dir=base,
        when=Trigger(every_episodes=EPISODES, evaluation_only=True),  # The first one of an evaluation.
        camera="side",
        size=(640, 360),
    )
    wrap_env_for_video(env, cfg)
    torch.set_num_threads(1)  # The policy is too small for more.
    learner = PPO("MlpPolicy", TASK, n_steps=1024, seed=0, device="cpu")
    learner.learn(options.steps, callback=Evaluate(env))
    env.close()
    run = timestamped_run_dir(base)
    print(f"""
replay-viewer {run}                    # the episodes that were filmed, in 3D
replay-viewer render {run} --resume    # what is not drawn yet""")


if __name__ == "__main__":
    main()
