"""A single environment, without an axis of envs, that leaves its reset to its user; with its adapter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from replay_viewer import Adapter, Description, Endings, EntitySpec, register_adapter


class Hopper:
    """A body that sinks by its action's negative; too low, its episode is over, which is a success."""

    HEIGHT, LOW = 1.0, 0.3
    hopper = SimpleNamespace(dt=0.02)

    def __init__(self) -> None:
        self.height, self.num_resets, self.num_steps = self.HEIGHT, 0, 0

    def reset(self, *, seed: int | None = None) -> tuple:
        self.height, self.num_steps = self.HEIGHT, 0
        self.num_resets += 1
        return self._observed(), {}

    def step(self, action: Any) -> tuple:
        self.height += 0.16 * float(action[0])
        self.num_steps += 1
        return self._observed(), self.height, self.is_low, False, {"height": np.float32(self.height)}

    @property
    def is_low(self) -> bool:
        return self.height < self.LOW

    def _observed(self) -> np.ndarray:
        return np.array([self.height, 0.0], np.float32)


class HopperAdapter(Adapter):
    reset_method = "reset"

    def describe(self) -> Description:
        return Description(
            {"control_dt": self.env.hopper.dt, "terminal_states": "recorded", "entities": [EntitySpec("robot")]}
        )

    def read(self) -> dict[str, Any]:
        pos = np.array([[0.0, 0.0, self.env.height]], np.float32)
        return {"robot.base_pos": pos, "robot.base_wxyz": np.array([[1.0, 0, 0, 0]], np.float32), "rew": pos[:, 2]}

    def endings(self) -> Endings:
        return self._endings(False)

    def ended(self) -> Endings:
        return self._endings(self.env.is_low)

    def _endings(self, is_over: bool) -> Endings:
        over = np.array([is_over])
        return Endings(over, ~over & over, np.array([self.env.num_steps]), success=[True])


register_adapter("hopper", ("hopper", "num_resets"), HopperAdapter)
