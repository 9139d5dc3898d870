"""A recording whose rewards and signals are known by heart, for the charts of the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from replay_viewer.record.recorder import Recorder
from replay_viewer.rollout.entities import EntitySpec

DT = 0.02
# Of each env: two episodes, the second one of which is cut by the end of the recording.
EPISODE_STEPS, NUM_STEPS, NUM_ENVS = 200, 300, 3
TERMS = ("tracking", "torques", "alive")
JOINTS = tuple(f"leg{leg}_{part}" for leg in range(5) for part in ("hip", "knee", "ankle"))


def terms_at(step: int) -> np.ndarray:
    """Values (NUM_ENVS, 3): the first falls with the step, the second differs by env, the third is constant."""
    env = np.arange(NUM_ENVS)
    return np.stack([1 - step / NUM_STEPS + 0 * env, -0.1 * (env + 1), 0.5 + 0 * env], axis=1)


def joints_at(step: int) -> np.ndarray:
    """Angles (NUM_ENVS, 15) [rad]: joint j stands at j / 10, and swings."""
    angles = np.arange(len(JOINTS)) / 10 + 0.05 * np.sin(step / 10)
    return np.tile(angles, (NUM_ENVS, 1))


def record_charts(path: Path) -> Path:
    """Write the recording."""
    robot = EntitySpec("robot", joint_names=JOINTS)
    facts = {"env_ids": range(NUM_ENVS), "control_dt": DT, "entities": [robot], "reward_terms": TERMS}
    with Recorder(path, **facts) as recorder:
        for step in range(NUM_STEPS):
            values = {
                "robot.base_pos": np.tile([0.01 * step, 0.0, 0.5], (NUM_ENVS, 1)),
                "robot.base_wxyz": np.tile([1.0, 0.0, 0.0, 0.0], (NUM_ENVS, 1)),
                "robot.joint_pos": joints_at(step),
                "rew_terms": terms_at(step),
                "rew": terms_at(step).sum(axis=1),
            }
            if step == EPISODE_STEPS - 1:
                recorder.end_episodes(range(NUM_ENVS), "truncated", {k: v for k, v in values.items() if "." in k})
            recorder.append(values)
    return path
