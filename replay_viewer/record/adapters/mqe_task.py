"""The wrapper that makes a task of an MQE environment: its actions, observations and rewards of several agents."""

from __future__ import annotations

import math
import sys
from typing import Any, Sequence

import numpy as np

from ..arrays import Rows, as_array


def task_layer(env: Any, layers: Sequence[Any]) -> Any:
    """The wrapper that computes the rewards: the innermost that sums them up, else the outermost one.

    env: returned where nothing wraps it.
    """
    sums = [layer for layer in layers if "reward_buffer" in vars(layer)]
    return sums[-1] if sums else (*layers, env)[0]


def reward_scales(env: Any, task: Any) -> dict[str, float]:
    """The task's factors, as its wrapper has them: it may overrule the settings."""
    scales = env.cfg.rewards.scales
    named = [name for name in dir(scales) if "scale" in name and not name.startswith("_")]
    return {name: float(getattr(task, name, getattr(scales, name))) for name in named}


class AgentTable:
    """The recorded rows of what the wrapper takes or returns, copied to where the simulator's states are.

    Args:
        rows: the recorded envs.
        states: the simulator's, for their library, type and device.
        num_envs: all of them.
        num_agents: the agents that the task has, perhaps fewer than robots.
        width: numbers of one agent.
    """

    def __init__(self, rows: Rows, states: Any, num_envs: int, num_agents: int, width: int) -> None:
        self._rows, self._num_envs = rows, num_envs
        self._values = rows.table(states, num_agents * width)
        self._values[:] = np.nan
        self.by_agent = self._values.reshape(len(rows), num_agents, width)

    def fits(self, values: Any) -> bool:
        """Whether these are as many numbers as the table has for all envs."""
        return math.prod(getattr(values, "shape", ())) == self._num_envs * self._values.shape[1]

    def take(self, values: Any) -> None:
        """Copy an array (num_envs, ...) or (num_envs * num_agents, ...), or a number for all agents or envs."""
        if hasattr(values, "shape"):
            values = self._rows.of(values.reshape(self._num_envs, -1))
        if isinstance(self._values, np.ndarray):
            self._values[:] = as_array(values)
        else:
            self._values[:] = sys.modules["torch"].as_tensor(values, device=self._values.device)
