"""A vector of Gymnasium whose members have two cameras, filmed until something happens to its process.

Run as `python gym_cameras.py ENDING MODE FOLDER`; MODE is one of Gymnasium's modes of resetting.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import gymnasium  # pyright: ignore[reportMissingImports]
import numpy as np
from camera_envs import HEIGHT, WIDTH, burnt
from gymnasium.spaces import Box, Dict  # pyright: ignore[reportMissingImports]

from replay_viewer import VideoRecordingCfg, wrap_env_for_video

NUM_STEPS, LENGTHS = 20, (6, 8)


class Cameras(gymnasium.Wrapper):
    """A task whose observations have pictures that tell what they are of."""

    def __init__(self, env: Any, number: int) -> None:
        super().__init__(env)
        self._number, self._episode, self._step = number, -1, 0
        cameras = {
            "head": Box(0, 255, (HEIGHT, WIDTH, 3), np.uint8),
            "arm": Dict({"wrist": Box(0.0, 1.0, (HEIGHT, WIDTH, 3), np.float32)}),
        }
        self.observation_space = Dict({"policy": env.observation_space, "camera_obs": Dict(cameras)})

    def reset(self, **options: Any) -> Any:
        obs, info = self.env.reset(**options)
        self._episode, self._step = self._episode + 1, 0
        return self._seen(obs), info

    def step(self, action: Any) -> Any:
        obs, *others, info = self.env.step(action)
        self._step += 1
        return (self._seen(obs), *others, {**info, "is_success": self._episode % 2 == 0})

    def _seen(self, obs: Any) -> Any:
        seen = burnt(self._number, self._episode, self._step)
        return {"policy": obs, "camera_obs": {"head": seen, "arm": {"wrist": seen.astype(np.float32) / 255}}}


def member(number: int) -> Any:
    """A Hopper whose time is up after 6 or 8 steps; one that stands still does not fall."""
    return Cameras(gymnasium.make("Hopper-v5", max_episode_steps=LENGTHS[number]), number)


def make(mode: str, kind: str = "SyncVectorEnv") -> Any:
    """A vector of two of them."""
    members = [functools.partial(member, 0), functools.partial(member, 1)]
    return getattr(gymnasium.vector, kind)(members, autoreset_mode=gymnasium.vector.AutoresetMode[mode])


def run(env: Any) -> list:
    """20 steps; by env, the pictures that its user was shown, as (env, episode, step)."""
    env.reset(seed=0)
    for _ in range(NUM_STEPS):
        env.step(np.zeros(env.action_space.shape, np.float32))
    return []


def main(ending: str, mode: str, folder: str) -> None:
    cfg = VideoRecordingCfg(
        record_camera_video=True,
        record_viewport_video=True,
        video_base_dir=folder,
        env_ids="all",
        num_episodes=2,
        split=True,
        size=(128, 64),
        renderer_python="no interpreter",  # They are drawn by the test.
    )
    env = wrap_env_for_video(make(mode), cfg)
    run(env)
    if ending == "exception":
        raise RuntimeError("as planned")
    if ending.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, ending))
    env.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
