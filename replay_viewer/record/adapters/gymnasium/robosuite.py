"""robosuite's environments, which say that an episode is over but not why."""

from __future__ import annotations

from typing import Any

from .env import Gymnasium
from .steps import StepResult

LOOKS_FOR = ("sim.model._model.body_jntadr", "sim.data._data.qpos", "step", "reset", "horizon", "timestep")


class Robosuite(Gymnasium):
    """Reads an environment of robosuite, wrapped or not."""

    def parse(self, result: Any) -> StepResult:
        seen = super().parse(result)
        # All of its tasks end when their time is up; a few before, by themselves.
        is_late = self.env.timestep >= self.env.horizon
        return seen._replace(terminated=seen.is_end and not is_late, truncated=seen.is_end and is_late)
