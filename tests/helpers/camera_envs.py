"""Environments with cameras, whose pictures tell which step of which episode they are of. Python 3.8 and numpy suffice.

A picture has 32 cells, each black or white, which survive an encoder: 8 bits of the env, 12 of its episode, 12 of the
step in the episode.
"""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

HEIGHT, WIDTH, CELL = 32, 64, 8
_ROWS, _COLUMNS = HEIGHT // CELL, WIDTH // CELL


def burnt(env: int, episode: int, step: int) -> np.ndarray:
    """A picture (32, 64, 3) uint8."""
    number = env << 24 | episode << 12 | step
    bits = np.array([number >> bit & 1 for bit in range(_ROWS * _COLUMNS)], np.uint8).reshape(_ROWS, _COLUMNS)
    return np.repeat(np.kron(bits * 255, np.ones((CELL, CELL), np.uint8))[:, :, None], 3, axis=2)


def read_burnt(picture: np.ndarray) -> tuple:
    """Env, episode and step of a picture, perhaps out of a film of another size."""
    cells = picture.reshape(_ROWS, picture.shape[0] // _ROWS, _COLUMNS, picture.shape[1] // _COLUMNS, 3)
    cells = cells.mean(axis=(1, 3, 4)).reshape(-1) > 127
    number = sum(1 << bit for bit, is_white in enumerate(cells.tolist()) if is_white)
    return number >> 24, number >> 12 & 0xFFF, number & 0xFFF


class CameraVector:
    """A vector as Isaac Lab has it: an env is reset in the step that ends its episode.

    Two cameras see the same: "head" in bytes, "wrist" in floats from 0 to 1.

    Args:
        num_envs: how many.
        length: steps of an episode of env 0; each further env has one more.
        final_obs: whether the last observation of an episode is among the infos.
    """

    step_dt = 0.1

    def __init__(self, num_envs: int = 2, length: int = 5, final_obs: bool = False) -> None:
        self.num_envs = num_envs
        self._lengths = length + np.arange(num_envs)
        self._gives_final = final_obs
        self.episodes, self.steps = np.full(num_envs, -1), np.zeros(num_envs, int)

    def reset(self, seed: Any = None, options: Any = None) -> tuple:
        self._reset(np.ones(self.num_envs, bool))
        return self._obs(), {}

    def step(self, actions: Any) -> tuple:
        self.steps += 1
        terminated = self.steps >= self._lengths
        info: dict = {"success": self.episodes % 2 == 0}
        if terminated.any() and self._gives_final:
            info["final_obs"] = self._obs()
        self._reset(terminated)
        return self._obs(), np.ones(self.num_envs, np.float32), terminated, np.zeros(self.num_envs, bool), info

    def render(self) -> np.ndarray:
        """Env 0 as a spectator sees it."""
        return burnt(0, int(self.episodes[0]), int(self.steps[0]))

    def close(self) -> None:
        """Nothing is left behind."""

    def _reset(self, envs: np.ndarray) -> None:
        self.episodes[envs] += 1
        self.steps[envs] = 0

    def _obs(self) -> Mapping[str, Any]:
        seen = np.stack([burnt(env, self.episodes[env], self.steps[env]) for env in range(self.num_envs)])
        cameras = {"head": seen, "arm": {"wrist": seen.astype(np.float32) / 255}}
        return {"policy": np.zeros((self.num_envs, 3)), "camera_obs": cameras}
