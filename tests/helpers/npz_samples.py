"""Plain npz files for tests, and questions to ask of what was loaded from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from replay_viewer.formats import load_rollout
from replay_viewer.rollout.rollout import Rollout, Verdict


def object_array(values: Sequence[Any]) -> np.ndarray:
    """A one-dimensional object array, whatever the values are."""
    array = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        array[index] = value
    return array


def standing(num_steps: int = 20, num_envs: int = 3) -> dict[str, np.ndarray]:
    """The minimum of a plain npz: robots that stand still at their own place, upright, heading along x."""
    pos = np.zeros((num_steps, num_envs, 3), dtype=np.float32)
    pos[..., 0] = np.arange(num_envs)
    pos[..., 2] = 0.5
    quat = np.zeros((num_steps, num_envs, 4), dtype=np.float32)
    quat[..., 3] = 1
    return {"base_pos": pos, "base_quat": quat}


def saved(folder: Path, arrays: dict[str, Any], compressed: bool = False) -> Path:
    """The arrays as an npz in the folder."""
    path = folder / "rollout.npz"
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path


def loaded(folder: Path, arrays: dict[str, Any], **how: Any) -> Rollout:
    """The arrays, written and loaded."""
    return load_rollout(saved(folder, arrays), **how)


def verdicts_on(rollout: Rollout, topic: str) -> list[Verdict]:
    return [verdict for verdict in rollout.verdicts if verdict.topic == topic]


def verdict_on(rollout: Rollout, topic: str) -> Verdict:
    """The only verdict on a topic."""
    (verdict,) = verdicts_on(rollout, topic)
    return verdict
