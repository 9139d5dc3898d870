"""Rollouts whose numbers the tests state exactly, held in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.fields import Field
from replay_viewer.rollout.rollout import Rollout


class MemorySource:
    """A source over arrays (T, N, *shape), and terminal states (R, *shape) by the same names."""

    def __init__(self, values: Mapping[str, np.ndarray], terminals: Mapping[str, np.ndarray] | None = None) -> None:
        self.values = {name: np.asarray(array) for name, array in values.items()}
        self.terminals = dict(terminals or {})
        self.windows: list[tuple[str, int]] = []

    @property
    def fields(self) -> Mapping[str, Field]:
        return {name: Field(name, array.shape[2:], array.dtype) for name, array in self.values.items()}

    @property
    def num_steps(self) -> int:
        return len(next(iter(self.values.values())))

    @property
    def num_envs(self) -> int:
        return next(iter(self.values.values())).shape[1]

    def read(self, name: str, steps: slice, envs: Sequence[int]) -> np.ndarray:
        window = self.values[name][steps]
        if list(envs) != list(range(self.num_envs)):
            window = window[:, list(envs)]
        self.windows.append((name, len(window)))
        return window

    def read_terminal(self, name: str, row: int) -> np.ndarray:
        return self.terminals[name][row]

    def close(self) -> None:
        self.values = {}


def windows(rollout: Rollout) -> list[tuple[str, int]]:
    """The reads that were made of a memory rollout, as (field, number of steps)."""
    assert isinstance(rollout.source, MemorySource)
    return rollout.source.windows


def still(num_steps: int, num_envs: int, name: str = "robot") -> dict[str, np.ndarray]:
    """Fields of a base that stands at the origin."""
    wxyz = np.zeros((num_steps, num_envs, 4))
    wxyz[..., 0] = 1
    return {f"{name}.base_pos": np.zeros((num_steps, num_envs, 3)), f"{name}.base_wxyz": wxyz}


def one_episode(num_steps: int, env_index: int = 0) -> Episode:
    """An episode that lasts as long as the recording."""
    return Episode(env_index, 0, 0, num_steps - 1, "unfinished")


def memory_rollout(
    values: Mapping[str, np.ndarray],
    *,
    episodes: Mapping[int, Sequence[Episode]] | None = None,
    terminals: Mapping[str, np.ndarray] | None = None,
    entities: Sequence[EntitySpec] = (EntitySpec("robot"),),
    **facts: Any,
) -> Rollout:
    """A rollout over these values; envs without stated episodes have one that lasts throughout."""
    source = MemorySource(values, terminals)
    stated = episodes or {}
    return Rollout(
        source,
        name="memory",
        control_dt=facts.pop("control_dt", 0.02),
        env_ids=facts.pop("env_ids", range(source.num_envs)),
        entities=entities,
        episodes_of=lambda env: stated.get(env, [one_episode(source.num_steps, env)]),
        **facts,
    )
