"""What `step()` of a Gymnasium environment returns, in today's form and in that of old gym."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

import numpy as np

from ..arrays import as_array


@dataclass(frozen=True)
class StepResult:
    """What a single environment returned.

    success: True, False, or None where the task does not say.
    """

    reward: float
    terminated: bool
    truncated: bool
    info: Mapping[str, Any]
    success: bool | None

    @property
    def is_end(self) -> bool:
        """Whether the episode is over."""
        return self.terminated or self.truncated


def parse_step(result: Sequence[Any]) -> StepResult:
    """Read (obs, reward, terminated, truncated, info), or (obs, reward, done, info) as gym had it before 0.26."""
    info = result[-1]
    if len(result) == 5:
        terminated, truncated = bool(result[2]), bool(result[3])
    else:
        truncated = bool(info.get("TimeLimit.truncated", False))
        terminated = bool(result[2]) and not truncated
    success = info.get("success", info.get("is_success"))
    reward = float(as_array(result[1]))
    return StepResult(reward, terminated, truncated, info, None if success is None else bool(success))


def flat_observations(obs: Any, num_envs: int) -> np.ndarray:
    """Observations (num_envs, ...), perhaps in dicts or tuples, as one array (num_envs, width)."""
    if isinstance(obs, (Mapping, tuple)):
        parts = obs.values() if isinstance(obs, Mapping) else obs
        return np.concatenate([flat_observations(part, num_envs) for part in parts], axis=1)
    return as_array(obs).reshape(num_envs, -1)


def observation_width(space: Any) -> int:
    """Numbers in an observation of this space."""
    parts = getattr(space, "spaces", None)
    if parts is None:
        return int(np.prod(space.shape))
    return sum(observation_width(part) for part in (parts.values() if isinstance(parts, Mapping) else parts))
