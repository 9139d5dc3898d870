"""Environments of mjlab on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from needs_simulator import simulator

GO1, G1 = "Mjlab-Velocity-Flat-Unitree-Go1", "Mjlab-Velocity-Flat-Unitree-G1"


def make(
    task: str, num_envs: int = 4, episode_length_s: float = 0.8, change: Callable[[Any], None] = lambda cfg: None
) -> Any:
    """An environment of mjlab on the CPU, whose episodes are short; `change` has a last word on its settings."""
    simulator("mjlab.tasks")
    cfg = simulator("mjlab.tasks.registry").load_env_cfg(task)
    cfg.scene.num_envs, cfg.seed, cfg.episode_length_s = num_envs, 3, episode_length_s
    change(cfg)
    return simulator("mjlab.envs").ManagerBasedRlEnv(cfg=cfg, device="cpu")
