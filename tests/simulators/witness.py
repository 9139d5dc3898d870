"""Somebody who looks at an mjlab simulation at the moments that count, without the package."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np


@dataclass
class Seen:
    """A step: arrays (num_envs, ...) after it, and of the envs that it reset, just before that."""

    after: dict[str, np.ndarray]
    returned: tuple
    action: np.ndarray
    before: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)


class Witness:
    """Wraps `step` and `_reset_idx` of an environment until the block ends; `attach` wraps what it has wrapped."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self.steps: list[Seen] = []
        self._before: dict[int, dict[str, np.ndarray]] = {}
        self._own = {name: vars(env)[name] for name in ("step", "_reset_idx") if name in vars(env)}

    def __enter__(self) -> Witness:
        step, reset = self.env.step, self.env._reset_idx

        def watched_step(action: Any) -> tuple:
            self._before = {}
            returned = step(action)
            copies = tuple(values.numpy().copy() for values in returned[1:4])
            self.steps.append(Seen(self._state(), (returned[0], *copies), action.numpy().copy(), self._before))
            return returned

        def watched_reset(env_ids: Any) -> None:
            state = self._state()
            for env_id in env_ids.tolist():
                self._before[env_id] = {name: values[env_id] for name, values in state.items()}
            reset(env_ids)

        self.env.step, self.env._reset_idx = watched_step, watched_reset
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del self.env.step, self.env._reset_idx
        vars(self.env).update(self._own)

    def after(self, name: str) -> np.ndarray:
        """(T, num_envs, ...)."""
        return np.stack([seen.after[name] for seen in self.steps])

    def _state(self) -> dict[str, np.ndarray]:
        env, commands = self.env, self.env.command_manager
        state = {name: getattr(env.sim.data, name)[:] for name in ("qpos", "qvel", "qfrc_actuator", "xpos", "xquat")}
        state["velocity"] = env.scene["robot"].data.root_link_vel_w
        state["command"] = commands.get_command(*commands.active_terms)
        state["length"], state["action"] = env.episode_length_buf, env.action_manager.action
        return {name: values.numpy().copy() for name, values in state.items()}
